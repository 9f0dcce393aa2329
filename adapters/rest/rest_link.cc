#include "adapters/rest/rest_link.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

/// No ticket can carry it: real ones are 26 characters of base32.
constexpr std::string_view impossible_id = "EXH1-CANARY-THAT-NO-TICKET-CARRIES";

/// The desk kept the ticket but not our id in it: every later look-up would miss it, and every repeat make another.
bool lost_the_id(const Operation& create, const HttpAnswer& answer) {
  if (answer.rc != EXH_OK || (answer.status != 200 && answer.status != 201)) return false;
  const Result<Json> document = parse_json(answer.body);
  if (!document || !document->is_object()) return false;
  try {
    return document->contains(Json::json_pointer(create.id));
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

Json parsed_array(const Verdict& verdict) { return parse_json(verdict.document).value_or(Json::array()); }

}  // namespace

HttpAnswer RestLink::run(const Operation& operation, const Values& values, const Values& fields) {
  return ask_(request_of(operation, values, fields));
}

Verdict RestLink::search(std::string_view name, const OpText& op) {
  const Operation& operation = *profile_.find(name);
  const Values values = values_of(profile_, base_, op);
  Verdict verdict = judge_search(profile_, operation, values, run(operation, values));
  if (verdict.rc == EXH_OK) {
    verdict.already_there = true;
    if (verdict.ticket.empty()) verdict.ticket = op.ticket;
  }
  return verdict;
}

Verdict RestLink::write(std::string_view name, const OpText& op) {
  const Operation& operation = *profile_.find(name);
  const Values values = values_of(profile_, base_, op);
  const HttpAnswer answer = run(operation, values, fields_of(op.body_json));
  Verdict verdict = judge_write(profile_, operation, values, answer);
  if (name == "create" && verdict.cause == "no-proof" && lost_the_id(operation, answer)) {
    verdict.rc = EXH_DENIED;
    verdict.cause = "correlation-not-kept";
    verdict.text = "the desk made a ticket and dropped its correlation id; the field is missing or not writable";
  }
  if (verdict.rc == EXH_OK && verdict.ticket.empty()) verdict.ticket = op.ticket;
  return verdict;
}

Verdict RestLink::prove_search() {
  if (search_proven_) return {.rc = EXH_ABSENT};
  OpText canary;
  canary.correlation_id = impossible_id;
  Verdict verdict = search("find", canary);
  search_proven_ = verdict.rc == EXH_ABSENT;
  return verdict;
}

Verdict RestLink::probe() {
  search_proven_ = false;
  Verdict verdict = prove_search();
  if (verdict.rc == EXH_ABSENT) verdict.rc = EXH_OK;
  return verdict;
}

Verdict RestLink::find_ticket(const OpText& op) {
  if (Verdict proof = prove_search(); proof.rc != EXH_ABSENT) return proof;
  Verdict verdict = search("find", op);
  if (verdict.rc == EXH_OK) {
    OpText found = op;
    found.ticket = verdict.ticket;
    Values values = values_of(profile_, base_, found);
    values["number"] = verdict.number;
    verdict.url = filled(profile_.ticket_url, values);
  }
  return verdict;
}

Verdict RestLink::ensure(const OpText& op) {
  const Verdict found = find_ticket(op);
  if (found.rc != EXH_ABSENT) return found;
  Verdict made = write("create", op);
  if (made.rc == EXH_OK) {
    OpText there = op;
    there.ticket = made.ticket;
    Values values = values_of(profile_, base_, there);
    values["number"] = made.number;
    made.url = filled(profile_.ticket_url, values);
  }
  return made;
}

Verdict RestLink::find_note(const OpText& op) { return search("find_note", op); }

Verdict RestLink::note(const OpText& op, std::uint32_t attempt) {
  if (attempt > 1)
    if (Verdict found = find_note(op); found.rc != EXH_ABSENT) return found;
  return write("note", op);
}

Verdict RestLink::find_attachment(const OpText& op) {
  // Without the evidence at hand there is nothing to compare; a repeat looks for itself before it sends.
  if (op.sha256.empty()) return {.rc = EXH_ABSENT};
  return search("find_attachment", op);
}

Verdict RestLink::attach(const OpText& op, std::uint32_t attempt) {
  if (op.sha256.empty()) return {.rc = EXH_BADARG, .cause = "no-evidence", .text = "an attachment without evidence"};
  if (attempt > 1)
    if (Verdict found = find_attachment(op); found.rc != EXH_ABSENT) return found;
  return write("attach", op);
}

Verdict RestLink::state(const OpText& op) { return write("state", op); }

Verdict RestLink::read(const std::string& ticket) {
  Json document;
  OpText op;
  op.ticket = ticket;
  const Values values = values_of(profile_, base_, op);
  for (const char* name : {"read_ticket", "read_notes", "read_attachments"}) {
    const Operation* const operation = profile_.find(name);
    if (operation == nullptr) return {.rc = EXH_UNSUPPORTED};
    Verdict part = judge_read(profile_, *operation, values, run(*operation, values));
    if (part.rc != EXH_OK) return part;
    Json rows = parsed_array(part);
    if (std::string_view(name) == "read_ticket") {
      if (rows.size() != 1) return {.rc = EXH_RETRY, .cause = "look-up-failed"};
      document = rows[0];
    } else if (std::string_view(name) == "read_notes") {
      // The first work note came with the ticket; the others are notes.
      document["internal_text"] = rows.empty() ? "" : text_at(rows[0], "text");
      document["notes"] = Json::array();
      for (std::size_t i = 1; i < rows.size(); ++i) document["notes"].push_back(text_at(rows[i], "text"));
    } else {
      for (Json& row : rows) row["bytes"] = parse_number<std::uint64_t>(text_at(row, "bytes")).value_or(0);
      document["attachments"] = rows;
    }
  }
  return {.rc = EXH_OK, .ticket = ticket, .number = text_at(document, "number"), .document = document.dump()};
}

}  // namespace exhibit::rest
