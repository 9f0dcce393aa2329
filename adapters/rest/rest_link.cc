#include "adapters/rest/rest_link.h"

#include <nlohmann/json.hpp>

#include "adapters/rest/rest_value.h"
#include "base/json.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

/// No ticket can carry it: real ones are 26 characters of base32.
constexpr std::string_view impossible_id = "EXH1-CANARY-THAT-NO-TICKET-CARRIES";

Verdict unsupported(std::string_view name) {
  return {.rc = EXH_UNSUPPORTED, .cause = "not-on-this-desk", .text = cat("this desk knows no ", name)};
}

}  // namespace

Verdict RestLink::search(std::string_view name, const OpText& op) {
  if (profile_.find(name) == nullptr) return unsupported(name);
  Verdict verdict = look(name, prepare(profile_, text_, op), judge_search);
  if (verdict.rc == EXH_OK) {
    verdict.already_there = true;
    if (verdict.ticket.empty()) verdict.ticket = op.ticket;
  }
  return verdict;
}

Verdict RestLink::write(std::string_view name, const OpText& op) {
  if (profile_.find(name) == nullptr) return unsupported(name);
  Verdict verdict = perform(name, prepare(profile_, text_, op));
  if (verdict.rc == EXH_OK && verdict.ticket.empty()) verdict.ticket = op.ticket;
  return verdict;
}

/// Once for each dialect: another queue or another field is another search.
Verdict RestLink::prove_search(const OpText& op) {
  OpText canary;
  canary.correlation_id = impossible_id;
  canary.body_json = cat("{\"fields\":", object_of(op.body_json).value("fields", Json::object()).dump(), "}");
  const Prepared ready = prepare(profile_, text_, canary);
  const std::string key = once_key("canary", ready.values);
  if (held_.contains(key)) return {.rc = EXH_ABSENT};
  if (profile_.find("probe") != nullptr)
    if (Verdict probed = perform("probe", ready); probed.rc != EXH_OK) return probed;
  if (profile_.find("find") == nullptr) return {.rc = EXH_ABSENT};
  Verdict verdict = search("find", canary);
  if (verdict.rc == EXH_ABSENT) held_.insert(key);
  if (verdict.rc == EXH_OK)
    return {.rc = EXH_RETRY, .cause = "look-up-lies", .text = "the desk's search finds what cannot exist"};
  return verdict;
}

Verdict RestLink::probe() {
  held_.clear();
  Verdict verdict = prove_search({});
  if (verdict.rc == EXH_ABSENT) verdict.rc = EXH_OK;
  return verdict;
}

std::string RestLink::ticket_url(const OpText& op, const Verdict& verdict) const {
  OpText there = op;
  there.ticket = verdict.ticket;
  Values values = prepare(profile_, text_, there).values;
  values["number"] = verdict.number;
  return filled(profile_.ticket_url, values);
}

Verdict RestLink::find_ticket(const OpText& op) {
  if (profile_.find("find") == nullptr) return {.rc = EXH_ABSENT};  // The desk itself knows a repeat by its key.
  if (Verdict proof = prove_search(op); proof.rc != EXH_ABSENT) return proof;
  Verdict verdict = search("find", op);
  if (verdict.rc == EXH_OK) verdict.url = ticket_url(op, verdict);
  return verdict;
}

/// The internal text as a note with the operation's own mark.
OpText RestLink::internal_note_of(const OpText& op, const Verdict& ticket) const {
  const Json body = object_of(op.body_json);
  OpText note = op;
  note.ticket = ticket.ticket;
  Json said = {{"text", text_at(body, "internal_text")}, {"link", text_at(body, "link")}};
  said["fields"] = body.value("fields", Json::object());
  note.body_json = said.dump(-1, ' ', false, Json::error_handler_t::replace);
  return note;
}

/// The ticket that people know by this number. Where the desk's id is its number there is nothing to look for.
Verdict RestLink::find_number(const OpText& op, const std::string& number) {
  if (profile_.find("find_number") == nullptr) {
    const Operation* const find = profile_.find("find");
    const bool same = find != nullptr && find->requests.back().id == find->requests.back().number;
    return same ? Verdict{.rc = EXH_OK, .ticket = number, .number = number} : unsupported("search by number");
  }
  Prepared ready = prepare(profile_, text_, op);
  ready.values["number"] = number;
  return look("find_number", ready, judge_search);
}

Verdict RestLink::find_ensured(const OpText& op) {
  if (const std::string number = text_at(object_of(op.body_json), "number"); !number.empty())
    return find_number(op, number);
  Verdict found = find_ticket(op);
  if (found.rc != EXH_OK || !profile_.internal_as_note) return found;
  Verdict noted = find_note(internal_note_of(op, found));
  if (noted.rc == EXH_OK) return found;
  noted.ticket = found.ticket;
  if (noted.rc == EXH_ABSENT) noted.text = "the ticket is there, its internal text is not";
  return noted;
}

Verdict RestLink::internal_note(const OpText& op, Verdict ticket, bool made) {
  if (!profile_.internal_as_note || text_at(object_of(op.body_json), "internal_text").empty()) return ticket;
  const OpText text = internal_note_of(op, ticket);
  Verdict noted = made ? Verdict{.rc = EXH_ABSENT} : find_note(text);
  if (noted.rc == EXH_ABSENT) noted = write("note", text);
  if (noted.rc == EXH_OK) return ticket;
  noted.ticket = ticket.ticket;
  noted.number = ticket.number;
  return noted;
}

Verdict RestLink::ensure(const OpText& op) {
  const Verdict found = find_ticket(op);
  if (found.rc == EXH_OK) return internal_note(op, found, false);
  if (found.rc != EXH_ABSENT) return found;
  Verdict made = write("create", op);
  if (made.cause == "exists") {
    const Verdict again = find_ticket(op);
    if (again.rc == EXH_OK) return internal_note(op, again, false);
    made.rc = EXH_UNKNOWN;
  }
  if (made.rc != EXH_OK) return made;
  made.url = ticket_url(op, made);
  return internal_note(op, made, true);
}

Verdict RestLink::find_note(const OpText& op) {
  return profile_.find("find_note") == nullptr && profile_.repeatable ? Verdict{.rc = EXH_ABSENT}
                                                                      : search("find_note", op);
}

Verdict RestLink::note(const OpText& op, std::uint32_t attempt) {
  if (attempt > 1)
    if (Verdict found = find_note(op); found.rc != EXH_ABSENT) return found;
  return write("note", op);
}

Verdict RestLink::link(const OpText& op, std::uint32_t attempt) {
  const bool has_link = profile_.find("link") != nullptr && !text_at(object_of(op.body_json), "link").empty();
  if (has_link) {
    // Setting a link again changes nothing, and the note holds the address too: a refusal of it is no loss.
    Verdict linked = write("link", op);
    if (linked.rc == EXH_UNKNOWN) linked.rc = EXH_RETRY;
    if (linked.rc != EXH_OK && linked.rc != EXH_REJECTED) return linked;
  }
  return note(op, attempt);
}

Verdict RestLink::find_attachment(const OpText& op) {
  // Without the evidence at hand there is nothing to compare; a repeat looks for itself before it sends.
  if (op.sha256.empty() || profile_.find("attach") == nullptr) return {.rc = EXH_ABSENT};
  return search("find_attachment", op);
}

Verdict RestLink::attach(const OpText& op, std::uint32_t attempt) {
  if (op.sha256.empty()) return {.rc = EXH_BADARG, .cause = "no-evidence", .text = "an attachment without evidence"};
  const std::uint64_t most = profile_.limits.attachment_bytes;
  if (most != 0 && op.bytes > most)
    return {.rc = EXH_REJECTED, .cause = "too-large", .text = cat("this desk takes files of at most ", most, " bytes")};
  if (attempt > 1)
    if (Verdict found = find_attachment(op); found.rc != EXH_ABSENT) return found;
  return write("attach", op);
}

Verdict RestLink::state(const OpText& op) {
  const Prepared ready = prepare(profile_, text_, op);
  const bool nothing = !ready.values.contains("state") && ready.fields_json == "{}";
  return nothing ? Verdict{.rc = EXH_OK, .ticket = op.ticket, .already_there = true} : write("state", op);
}

}  // namespace exhibit::rest
