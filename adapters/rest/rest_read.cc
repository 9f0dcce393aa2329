#include <nlohmann/json.hpp>

#include "adapters/rest/rest_link.h"
#include "adapters/rest/rest_value.h"
#include "base/json.h"
#include "base/text.h"

/// What a desk holds of a ticket.
namespace exhibit::rest {
namespace {

/// Where the ticket itself has no place for it, the first internal note came with the ticket; the others are notes.
void add_notes(Json& document, const Json& rows) {
  const std::size_t first = document.contains("internal_text") ? 0 : 1;
  if (first == 1) document["internal_text"] = rows.empty() ? "" : text_at(rows[0], "text");
  document["notes"] = Json::array();
  for (std::size_t i = first; i < rows.size(); ++i) document["notes"].push_back(text_at(rows[i], "text"));
}

}  // namespace

Verdict RestLink::with_each(const Request& request, const Prepared& ready, Json& rows, bool lenient) {
  if (request.each.empty()) return {.rc = EXH_OK};
  Json kept = Json::array();
  for (Json& row : rows) {
    Prepared asked = ready;
    bool wanted = true;
    for (const Request& more : request.each) {
      for (const auto& [name, value] : row.items()) asked.values[cat("row.", name)] = scalar_text(value);
      const Verdict part = judge_read(profile_, more, asked.values, exchange(more, asked));
      if (part.rc != EXH_OK && lenient) continue;
      if (part.rc != EXH_OK) return part;
      const Json found = rows_of(part);
      wanted = !found.empty();
      if (!wanted) break;
      row.update(found[0]);
    }
    if (wanted) kept.push_back(std::move(row));
  }
  rows = std::move(kept);
  return {.rc = EXH_OK};
}

Verdict RestLink::read(const std::string& ticket) {
  OpText op;
  op.ticket = ticket;
  const Prepared ready = prepare(profile_, text_, op);
  Json document;
  for (const char* name : {"read_ticket", "read_notes", "read_attachments"}) {
    if (profile_.find(name) == nullptr) return {.rc = EXH_UNSUPPORTED};
    const bool files = std::string_view(name) == "read_attachments";
    Verdict part = look(name, ready, judge_read);
    if (part.rc != EXH_OK) return part;
    Json rows = rows_of(part);
    Prepared asked = ready;
    for (const auto& [place, value] : part.captured) asked.values[place] = value;
    if (Verdict more = with_each(profile_.find(name)->requests.back(), asked, rows, files); more.rc != EXH_OK)
      return more;
    if (files) {
      for (Json& row : rows) row["bytes"] = parse_number<std::uint64_t>(text_at(row, "bytes")).value_or(0);
      document["attachments"] = rows;
    } else if (std::string_view(name) == "read_notes") {
      add_notes(document, rows);
    } else if (rows.size() == 1) {
      document = rows[0];
    } else {
      return {.rc = EXH_RETRY, .cause = "look-up-failed"};
    }
  }
  return {.rc = EXH_OK, .ticket = ticket, .number = text_at(document, "number"), .document = document.dump()};
}

}  // namespace exhibit::rest
