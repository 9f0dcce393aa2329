#include "adapters/rest/rest_judge.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

/// The text at a pointer; nothing when it is not there or is no text or number.
std::optional<std::string> text_under(const Json& document, const std::string& pointer) {
  try {
    const Json::json_pointer place(pointer);
    if (!document.contains(place)) return std::nullopt;
    const Json& value = document.at(place);
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number()) return value.dump();
  } catch (const nlohmann::json::exception&) {
    // A pointer that does not fit the document: nothing is there.
  }
  return std::nullopt;
}

const Json* list_under(const Json& document, const std::string& pointer) {
  try {
    const Json::json_pointer place(pointer);
    if (document.contains(place) && document.at(place).is_array()) return &document.at(place);
  } catch (const nlohmann::json::exception&) {
  }
  return nullptr;
}

bool is_ours(const Operation& operation, const Values& values, const Json& row) {
  for (const auto& [pointer, pattern] : operation.equals) {
    const std::string wanted = filled(pattern, values);
    if (wanted.empty() || text_under(row, pointer) != wanted) return false;
  }
  for (const auto& [pointer, pattern] : operation.contains) {
    const std::string wanted = filled(pattern, values);
    if (wanted.empty() || text_under(row, pointer).value_or("").find(wanted) == std::string::npos) return false;
  }
  return true;
}

std::string words_of(const Profile& profile, const HttpAnswer& answer) {
  std::string words = answer.status == 0 ? std::string() : cat("HTTP ", answer.status);
  const Result<Json> document = parse_json(answer.body);
  for (const std::string& pointer : profile.error_text)
    if (document)
      if (const auto text = text_under(*document, pointer); text && !text->empty())
        words += cat(words.empty() ? "" : ": ", *text);
  if (answer.status == 0) words = answer.body;
  return harmless(cut_utf8(words, 240));
}

bool is_json(const HttpAnswer& answer) {
  return answer.content_type.find("json") != std::string::npos && parse_json(answer.body).has_value();
}

struct Refusal {
  int status;
  exh_rc rc;
  std::string_view cause;
};
/// Answers that say for sure that nothing was done. A 403 that is no answer of the desk's own interface comes from a
/// firewall before it, which disliked the content.
constexpr Refusal refusals[] = {{400, EXH_REJECTED, "bad-request"},     {401, EXH_DENIED, "login-refused"},
                                {403, EXH_DENIED, "forbidden"},         {404, EXH_GONE, "ticket-gone"},
                                {405, EXH_DENIED, "no-such-interface"}, {406, EXH_DENIED, "no-such-interface"},
                                {410, EXH_GONE, "ticket-gone"},         {413, EXH_REJECTED, "too-large"},
                                {414, EXH_REJECTED, "too-large"},       {415, EXH_REJECTED, "unsupported-type"},
                                {422, EXH_REJECTED, "bad-request"}};

Verdict refused(const Profile& profile, const Values& values, const HttpAnswer& answer) {
  Verdict verdict{.rc = EXH_UNKNOWN, .retry_after_ms = answer.retry_after_ms, .text = words_of(profile, answer)};
  if (answer.status == 429 || (answer.status == 503 && answer.retry_after_ms != 0)) {
    verdict.rc = EXH_RETRY;
    verdict.cause = "rate-limited";
  }
  for (const auto& [status, rc, cause] : refusals)
    if (status == answer.status) {
      verdict.rc = rc;
      verdict.cause = cause;
    }
  const bool firewall = answer.status == 403 && !is_json(answer);
  if (firewall) {
    verdict.rc = EXH_REJECTED;
    verdict.cause = "content-refused";
  }
  const auto ticket = values.find("ticket");
  if (verdict.rc == EXH_GONE && (ticket == values.end() || ticket->second.empty())) {
    verdict.rc = EXH_DENIED;
    verdict.cause = "no-such-interface";
  }
  return verdict;
}

/// What a transport that brought no answer means for this request.
Verdict without_answer(const HttpAnswer& answer) {
  return {.rc = answer.rc,
          .cause = answer.rc == EXH_DENIED ? "egress-forbidden" : "no-answer",
          .text = harmless(cut_utf8(answer.body, 240))};
}

/// A failed look-up changes nothing: it can be done again.
Verdict look_up_failed(Verdict verdict) {
  if (verdict.rc != EXH_DENIED && verdict.rc != EXH_RETRY) {
    verdict.rc = EXH_RETRY;
    verdict.cause = "look-up-failed";
  }
  return verdict;
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

Verdict judge_write(const Profile& profile, const Operation& operation, const Values& values,
                    const HttpAnswer& answer) {
  if (answer.rc != EXH_OK) return without_answer(answer);
  if (answer.status != 200 && answer.status != 201) return refused(profile, values, answer);
  const Result<Json> document = parse_json(answer.body);
  if (!document || !is_ours(operation, values, *document))
    return {.rc = EXH_UNKNOWN, .cause = "no-proof", .text = cat("HTTP ", answer.status, " without what proves it")};
  Verdict verdict{.rc = EXH_OK};
  if (!operation.id.empty()) verdict.ticket = text_under(*document, operation.id).value_or("");
  if (!operation.number.empty()) verdict.number = text_under(*document, operation.number).value_or("");
  if (!operation.id.empty() && verdict.ticket.empty()) verdict.rc = EXH_UNKNOWN;
  return verdict;
}

Verdict judge_search(const Profile& profile, const Operation& operation, const Values& values,
                     const HttpAnswer& answer) {
  if (answer.rc != EXH_OK) return look_up_failed(without_answer(answer));
  const auto& none = operation.none_status;
  if (std::find(none.begin(), none.end(), answer.status) != none.end() && is_json(answer)) return {.rc = EXH_ABSENT};
  if (answer.status != 200) return look_up_failed(refused(profile, values, answer));
  const Result<Json> document = parse_json(answer.body);
  const Json* const rows = document ? list_under(*document, operation.rows) : nullptr;
  if (rows == nullptr)
    return {.rc = EXH_RETRY, .cause = "look-up-failed", .text = "the desk's answer to a search is no list"};
  Verdict verdict{.rc = EXH_ABSENT};
  for (const Json& row : *rows) {
    if (!is_ours(operation, values, row)) continue;
    if (++verdict.matches > 1) continue;  // The first is the oldest.
    if (!operation.id.empty()) verdict.ticket = text_under(row, operation.id).value_or("");
    if (!operation.number.empty()) verdict.number = text_under(row, operation.number).value_or("");
  }
  const bool strangers = verdict.matches != rows->size();
  if (strangers && !operation.skips_others)
    return {.rc = EXH_RETRY, .cause = "look-up-lies", .text = "the desk's search brings rows that were not asked for"};
  if (verdict.matches != 0) verdict.rc = EXH_OK;
  return verdict;
}

Verdict judge_read(const Profile& profile, const Operation& operation, const Values& values, const HttpAnswer& answer) {
  if (answer.rc != EXH_OK) return look_up_failed(without_answer(answer));
  const auto& none = operation.none_status;
  const bool nothing = std::find(none.begin(), none.end(), answer.status) != none.end();
  if (nothing) return {.rc = EXH_OK, .document = "[]"};
  if (answer.status != 200) {
    Verdict verdict = refused(profile, values, answer);
    return verdict.rc == EXH_GONE ? verdict : look_up_failed(verdict);
  }
  const Result<Json> document = parse_json(answer.body);
  Json single = Json::array();
  if (document && operation.rows.empty()) single.push_back(*document);
  const Json* const rows = operation.rows.empty() ? &single
                           : document             ? list_under(*document, operation.rows)
                                                  : nullptr;
  if (rows == nullptr ||
      rows->size() != static_cast<std::size_t>(std::count_if(rows->begin(), rows->end(), [&](const Json& row) {
        return is_ours(operation, values, row);
      })))
    return {.rc = EXH_RETRY, .cause = "look-up-lies", .text = "the desk's answer is not what was asked for"};
  JsonWriter out;
  out.array();
  for (const Json& row : *rows) {
    out.object();
    for (const auto& [name, pointer] : operation.take) out.member(name, text_under(row, pointer).value_or(""));
    out.end();
  }
  return {.rc = EXH_OK, .document = out.end().take()};
}

}  // namespace exhibit::rest
