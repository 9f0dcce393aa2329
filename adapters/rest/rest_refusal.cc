#include "adapters/rest/rest_refusal.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/rest/rest_time.h"
#include "adapters/rest/rest_value.h"
#include "base/json.h"
#include "base/plants.h"
#include "base/utc.h"

namespace exhibit::rest {
namespace {

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

std::optional<std::int64_t> seconds_left(const RateHeader& rate, const HttpAnswer& answer) {
  const std::string_view text = trim(answer.header(rate.header));
  const auto number = parse_number<std::int64_t>(text.substr(0, text.find('.')));
  switch (rate.kind) {
    case RateHeader::Kind::seconds_left: return number;
    case RateHeader::Kind::epoch_s: return number ? std::optional(*number - answer.at_s) : std::nullopt;
    case RateHeader::Kind::iso8601: {
      const auto time = parse_time(text);
      return time ? std::optional(*time - answer.at_s) : std::nullopt;
    }
    case RateHeader::Kind::http_date: {
      const auto time = parse_http_date(std::string(text));
      return time ? std::optional(std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count() -
                                  answer.at_s)
                  : std::nullopt;
    }
  }
  return std::nullopt;
}

/// Within a second and an hour, since absurd values were seen; 0: nothing was said.
std::uint32_t wait_of(const Profile& profile, const HttpAnswer& answer) {
  if (answer.retry_after_ms != 0) return answer.retry_after_ms;
  for (const RateHeader& rate : profile.rate)
    if (const auto left = seconds_left(rate, answer))
      return static_cast<std::uint32_t>(std::clamp<std::int64_t>(*left, 1, 3600) * 1000);
  return 0;
}

exh_rc code_of(std::string_view as) {
  if (as == "retry") return EXH_RETRY;
  if (as == "denied") return EXH_DENIED;
  if (as == "gone") return EXH_GONE;
  if (as == "rejected") return EXH_REJECTED;
  if (as == "done") return EXH_OK;
  return EXH_UNKNOWN;
}

bool apply_rules(const Profile& profile, const HttpAnswer& answer, Verdict& verdict) {
  const Result<Json> parsed = parse_json(answer.body);
  const Json document = parsed ? *parsed : Json();
  for (const ErrorRule& rule : profile.errors) {
    const auto& status = rule.status;
    if (!status.empty() && std::find(status.begin(), status.end(), answer.status) == status.end()) continue;
    if (!all_match(rule.matches, {document, answer})) continue;
    verdict.rc = code_of(rule.as);
    verdict.cause = rule.cause.empty() ? rule.as : rule.cause;
    if (rule.as == "exists") verdict.cause = "exists";
    return true;
  }
  return false;
}

}  // namespace

bool is_json(const HttpAnswer& answer) {
  return answer.content_type.find("json") != std::string::npos && parse_json(answer.body).has_value();
}

std::string words_of(const Profile& profile, const HttpAnswer& answer) {
  std::string words = answer.status == 0 ? std::string() : cat("HTTP ", answer.status);
  const Result<Json> document = parse_json(answer.body);
  for (const std::string& place : profile.error_text)
    if (document)
      if (const auto text = text_there({*document, answer}, place); text && !text->empty())
        words += cat(words.empty() ? "" : ": ", *text);
  if (answer.status == 0) words = answer.body;
  return cut_short(planted(Plant::log_raw) ? words : harmless(words), reason_bytes);
}

Verdict refused(const Profile& profile, const Values& values, const HttpAnswer& answer) {
  Verdict verdict{.rc = EXH_UNKNOWN, .retry_after_ms = wait_of(profile, answer), .text = words_of(profile, answer)};
  if (apply_rules(profile, answer, verdict)) return verdict;
  if (answer.status == 429 || (answer.status == 503 && verdict.retry_after_ms != 0)) {
    verdict.rc = EXH_RETRY;
    verdict.cause = "rate-limited";
  }
  for (const auto& [status, rc, cause] : refusals)
    if (status == answer.status) {
      verdict.rc = rc;
      verdict.cause = cause;
    }
  if (answer.status == 403 && !is_json(answer)) {
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

Verdict without_answer(const HttpAnswer& answer) {
  return {.rc = answer.rc,
          .cause = answer.rc == EXH_DENIED ? "egress-forbidden" : "no-answer",
          .text = cut_short(harmless(answer.body), reason_bytes)};
}

Verdict look_failed(Verdict verdict) {
  if (verdict.rc != EXH_DENIED && verdict.rc != EXH_RETRY) {
    verdict.rc = EXH_RETRY;
    verdict.cause = "look-up-failed";
  }
  return verdict;
}

}  // namespace exhibit::rest
