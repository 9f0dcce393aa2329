#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/rest/rest_link.h"
#include "adapters/rest/rest_time.h"
#include "adapters/rest/rest_value.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"

/// What people did to our tickets.
///
/// No clock decides what is new: the cursor holds the stamp that each ticket had when it was last seen. A stamp has a
/// second's grain, so a ticket is told of twice, and whoever reads drops what has the version he knows.
namespace exhibit::rest {
namespace {

constexpr std::size_t seen_max = 2000;

bool is_one_of(const OneOf& rule, const Json& row, const Values& values) {
  const std::string words = filled(rule.values, values), word = rule.of.empty() ? "" : text_at(row, rule.of);
  const auto all = split(words, ",");
  return !word.empty() && std::find(all.begin(), all.end(), word) != all.end();
}

/// "stamp#1" when it was told of once, "stamp#2" when it was told of twice.
std::string next_seen(const std::string& before, const std::string& stamp) {
  return cat(stamp, before == cat(stamp, "#1") ? "#2" : "#1");
}

std::string version_of(const std::string& stamp, const Json& ticket) {
  return cat(stamp, "/", hex(sha256(ticket.dump())).substr(0, 12));
}

bool is_older(const std::string& at, const std::string& since, std::int64_t overlap_s) {
  const auto time = parse_time(at), begin = parse_time(since);
  return time && begin && *time < *begin - overlap_s;
}

/// By its marker, by its author, or, since the text that a ticket is made with has no marker, by who made the ticket
/// and the correlation id in it.
bool is_ours(const Json& comment, const Json& ticket, const std::string& correlation, const std::string& login) {
  const std::string author = text_at(comment, "author"), text = comment.dump();
  if (text.find(mark_begin) != std::string::npos || (!login.empty() && author == login)) return true;
  return ticket.contains("creator") && author == text_at(ticket, "creator") && !correlation.empty() &&
         text.find(correlation) != std::string::npos;
}

Json told(const Json& row, Json comments, bool closed) {
  Json ticket = {{"ticket", text_at(row, "ticket")},         {"number", text_at(row, "number")},
                 {"state", text_at(row, "state")},           {"assignee", text_at(row, "assignee")},
                 {"close_code", text_at(row, "close_code")}, {"closed", closed},
                 {"comments", std::move(comments)}};
  ticket["version"] = version_of(text_at(row, "updated"), ticket);
  return ticket;
}

void forget_some(Json& seen, const Json& asked) {
  if (seen.size() <= seen_max) return;
  Json kept = Json::object();
  for (const Json& one : asked)
    if (const std::string id = text_at(one, "ticket"); seen.contains(id)) kept[id] = seen[id];
  seen = std::move(kept);
}

}  // namespace

Verdict RestLink::comments_of(const Json& row, const std::string& correlation, const std::string& since,
                              Json& comments) {
  comments = Json::array();
  const Operation* const operation = profile_.find("poll_comments");
  if (operation == nullptr) return {.rc = EXH_OK};
  OpText op;
  op.ticket = text_at(row, "ticket");
  const Prepared ready = prepare(profile_, text_, op);
  Verdict read = look("poll_comments", ready, judge_read);
  if (read.rc != EXH_OK) return read;
  Json rows = Json::array();
  const auto user = session_.login().values.find("user");
  const std::string login = user == session_.login().values.end() ? std::string() : user->second;
  for (Json& one : rows_of(read))
    if (!is_ours(one, row, correlation, login) && !is_older(text_at(one, "at"), since, profile_.poll.overlap_s))
      rows.push_back(std::move(one));
  if (Verdict more = with_each(operation->requests.back(), ready, rows, false); more.rc != EXH_OK) return more;
  for (const Json& one : rows) {
    const std::string text = text_at(one, "text");
    if (text.empty() || text.find(mark_begin) != std::string::npos) continue;
    comments.push_back({{"id", text_at(one, "id")},
                        {"author", text_at(one, "author")},
                        {"text", text},
                        {"at", text_at(one, "at")},
                        {"public", is_one_of(profile_.poll.is_public, one, ready.values)}});
  }
  return {.rc = EXH_OK};
}

Verdict RestLink::poll_batch(const Json& tickets, const Json& seen, Json& found) {
  Prepared ready = prepare(profile_, text_, {});
  std::string& list = ready.values["tickets"];
  for (const Json& one : tickets) {
    const std::string item = filled(profile_.poll.item, {{"ticket", text_at(one, "ticket")}});
    list += cat(list.empty() ? "" : profile_.poll.join, item);
  }
  Verdict read = look("poll", ready, judge_read);
  if (read.rc != EXH_OK) return read;
  for (const Json& row : rows_of(read)) {
    const std::string id = text_at(row, "ticket"), stamp = text_at(row, "updated");
    const auto asked =
        std::find_if(tickets.begin(), tickets.end(), [&](const Json& one) { return text_at(one, "ticket") == id; });
    const std::string before = text_at(seen, id);
    if (asked == tickets.end() || before == cat(stamp, "#2")) continue;
    Json comments;
    const std::string since = before.substr(0, before.rfind('#'));
    if (Verdict more = comments_of(row, text_at(*asked, "correlation_id"), since, comments); more.rc != EXH_OK)
      return more;
    found["tickets"].push_back(told(row, std::move(comments), is_one_of(profile_.poll.closed, row, ready.values)));
    found["cursor"]["seen"][id] = next_seen(before, stamp);
  }
  return {.rc = EXH_OK};
}

Verdict RestLink::poll(std::string_view request) {
  if (profile_.find("poll") == nullptr) return {.rc = EXH_UNSUPPORTED};
  const Result<Json> asked = parse_json(request);
  if (!asked || !asked->is_object()) return {.rc = EXH_BADARG};
  const Json tickets = asked->value("tickets", Json::array()), cursor = asked->value("cursor", Json::object());
  const Json seen = cursor.is_object() ? cursor.value("seen", Json::object()) : Json::object();
  Json found = {{"cursor", {{"seen", seen}}}, {"tickets", Json::array()}, {"more", false}};
  for (std::size_t at = 0; at < tickets.size(); at += profile_.poll.batch) {
    Json batch = Json::array();
    for (std::size_t i = at; i < std::min(tickets.size(), at + profile_.poll.batch); ++i) batch.push_back(tickets[i]);
    if (Verdict part = poll_batch(batch, seen, found); part.rc != EXH_OK) return part;
  }
  forget_some(found["cursor"]["seen"], tickets);
  return {.rc = EXH_OK, .document = found.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace exhibit::rest
