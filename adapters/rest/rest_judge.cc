#include "adapters/rest/rest_judge.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/rest/rest_refusal.h"
#include "adapters/rest/rest_value.h"
#include "base/json.h"

namespace exhibit::rest {
namespace {

bool among(const std::vector<int>& statuses, int status) {
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

TextFormat format_of(const Values& values) {
  const auto found = values.find("text_format");
  return found == values.end() ? TextFormat::plain : text_format(found->second);
}

const Json* rows_of(const Request& request, const Json& document) { return list_there(document, request.rows); }

/// A look that does not hold means what the profile says, else that it told nothing.
Verdict not_held(const Request& request, std::string text) {
  if (request.otherwise)
    return {.rc = request.otherwise->rc, .cause = request.otherwise->cause, .text = request.otherwise->text};
  return {.rc = request.looks ? EXH_RETRY : EXH_UNKNOWN,
          .cause = request.looks ? "look-up-failed" : "no-proof",
          .text = std::move(text)};
}

Verdict proven(const Request& request, const Seen& seen) {
  Verdict verdict{.rc = EXH_OK, .captured = captured(request, seen)};
  for (const auto& [name, capture] : request.capture)
    if (!verdict.captured.contains(name)) return not_held(request, cat("the answer holds no ", name));
  if (!request.id.empty()) verdict.ticket = text_there(seen, request.id).value_or("");
  if (!request.number.empty()) verdict.number = text_there(seen, request.number).value_or("");
  if (!request.id.empty() && verdict.ticket.empty()) return not_held(request, "the answer holds no id");
  return verdict;
}

/// The first row that holds, for the requests that follow.
Verdict picked(const Request& request, const Values& values, const Json& document, const HttpAnswer& answer) {
  const Json* const rows = rows_of(request, document);
  if (rows == nullptr) return look_failed({.text = "the desk's answer is no list"});
  for (const Json& row : *rows)
    if (const Seen seen{row, answer, format_of(values)}; holds(request.proof, values, seen))
      return proven(request, seen);
  return not_held(request, "the desk's list does not hold what was looked for");
}

}  // namespace

std::string Verdict::json() const {
  JsonWriter json;
  json.object();
  const auto text_member = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) json.member(name, value);
  };
  text_member("ticket", ticket);
  text_member("number", number);
  text_member("url", url);
  text_member("cause", cause);
  text_member("text", text);
  if (already_there) json.member("already_there", true);
  if (retry_after_ms != 0) json.member("retry_after_ms", retry_after_ms);
  if (matches != 0) json.member("matches", matches);
  if (!document.empty()) json.key("document").raw(document);
  return json.end().take();
}

Verdict judge_step(const Profile& profile, const Request& request, const Values& values, const HttpAnswer& answer) {
  if (answer.rc != EXH_OK) return request.looks ? look_failed(without_answer(answer)) : without_answer(answer);
  if (!among(request.status, answer.status)) {
    Verdict verdict = refused(profile, values, answer);
    return request.looks && verdict.rc != EXH_GONE ? look_failed(verdict) : verdict;
  }
  const Result<Json> parsed = parse_json(answer.body);
  const Json document = parsed ? *parsed : Json();
  const Seen seen{document, answer, format_of(values)};
  if (!request.done_if.empty() && holds(request.done_if, values, seen)) {
    Verdict verdict = proven(request, seen);
    verdict.finished = verdict.already_there = true;
    if (verdict.rc == EXH_OK) return verdict;
  }
  if (request.has_rows) return picked(request, values, document, answer);
  if (const std::string said = refusal_in(request.proof, seen); !said.empty())
    return {.rc = EXH_REJECTED, .cause = "not-applied", .text = cut_short(harmless(said), reason_bytes)};
  if (!holds(request.proof, values, seen))
    return not_held(request, cat("HTTP ", answer.status, " without what proves it"));
  return proven(request, seen);
}

Verdict judge_search(const Profile& profile, const Request& request, const Values& values, const HttpAnswer& answer) {
  if (answer.rc != EXH_OK) return look_failed(without_answer(answer));
  if (among(request.none_status, answer.status) && is_json(answer)) return {.rc = EXH_ABSENT};
  if (!among(request.status, answer.status)) return look_failed(refused(profile, values, answer));
  const Result<Json> document = parse_json(answer.body);
  const Json* const rows = document ? rows_of(request, *document) : nullptr;
  if (rows == nullptr)
    return {.rc = EXH_RETRY, .cause = "look-up-failed", .text = "the desk's answer to a search is no list"};
  Verdict verdict{.rc = EXH_ABSENT};
  for (const Json& row : *rows) {
    const Seen seen{row, answer, format_of(values)};
    if (!holds(request.proof, values, seen)) continue;
    if (++verdict.matches > 1) continue;  // The first is the oldest.
    if (!request.id.empty()) verdict.ticket = text_there(seen, request.id).value_or("");
    if (!request.number.empty()) verdict.number = text_there(seen, request.number).value_or("");
  }
  const bool strangers = verdict.matches != rows->size();
  if (strangers && !request.skips_others)
    return {.rc = EXH_RETRY, .cause = "look-up-lies", .text = "the desk's search brings rows that were not asked for"};
  if (verdict.matches != 0) verdict.rc = EXH_OK;
  return verdict;
}

Verdict judge_read(const Profile& profile, const Request& request, const Values& values, const HttpAnswer& answer) {
  if (answer.rc != EXH_OK) return look_failed(without_answer(answer));
  if (among(request.none_status, answer.status)) return {.rc = EXH_OK, .document = "[]"};
  if (!among(request.status, answer.status)) {
    Verdict verdict = refused(profile, values, answer);
    return verdict.rc == EXH_GONE ? verdict : look_failed(verdict);
  }
  const Result<Json> parsed = parse_json(answer.body);
  Json single = Json::array();
  if (!request.has_rows) single.push_back(parsed ? *parsed : Json());
  const Json* const rows = !request.has_rows ? &single : parsed ? rows_of(request, *parsed) : nullptr;
  if (rows == nullptr) return look_failed({.text = "the desk's answer is no list"});
  JsonWriter out;
  out.array();
  for (const Json& row : *rows) {
    const Seen seen{row, answer, format_of(values)};
    if (!all_match(request.where, seen)) continue;
    if (!holds(request.proof, values, seen)) {
      if (request.skips_others) continue;
      return {.rc = EXH_RETRY, .cause = "look-up-lies", .text = "the desk's answer is not what was asked for"};
    }
    out.object();
    for (const auto& [name, place] : request.take) out.member(name, text_there(seen, place).value_or(""));
    out.end();
  }
  return {.rc = EXH_OK, .document = out.end().take()};
}

std::size_t rows_in(const Request& request, const HttpAnswer& answer) {
  const Result<Json> document = parse_json(answer.body);
  const Json* const rows = document ? rows_of(request, *document) : nullptr;
  return rows == nullptr ? 0 : rows->size();
}

std::string next_page(const Request& request, const HttpAnswer& answer, const std::string& at, std::size_t rows) {
  const Paging& page = request.page;
  const Result<Json> document = parse_json(answer.body);
  if (page.kind == Paging::Kind::none || !document) return {};
  if (page.kind == Paging::Kind::token) return text_there({*document, answer}, page.next).value_or("");
  if (rows == 0 || rows < page.size) return {};
  const std::size_t now = parse_number<std::size_t>(at).value_or(page.first);
  return std::to_string(now + (page.kind == Paging::Kind::offset ? rows : 1));
}

Json rows_of(const Verdict& read) { return parse_json(read.document, limits::json_bytes * 4).value_or(Json::array()); }

}  // namespace exhibit::rest
