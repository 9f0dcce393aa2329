#include "adapters/webhook/webhook_judge.h"

#include <string_view>

#include "base/text.h"

namespace exhibit::webhook {
namespace {

struct Answer {
  int status;
  exh_rc rc;
  std::string_view cause;
};

/// Answers that say for sure what became of the message. A 403 may be a firewall's word on the content, so the text
/// steps down first; a wrong address or login stops the desk.
constexpr Answer answers[] = {{400, EXH_REJECTED, "bad-request"},      {401, EXH_DENIED, "login-refused"},
                              {403, EXH_REJECTED, "content-refused"},  {404, EXH_DENIED, "endpoint-missing"},
                              {405, EXH_DENIED, "endpoint-missing"},   {407, EXH_DENIED, "proxy-refused"},
                              {408, EXH_RETRY, "receiver-busy"},       {409, EXH_RETRY, "receiver-busy"},
                              {410, EXH_DENIED, "endpoint-gone"},      {413, EXH_REJECTED, "too-large"},
                              {415, EXH_REJECTED, "unsupported-type"}, {422, EXH_REJECTED, "bad-request"},
                              {425, EXH_RETRY, "receiver-busy"},       {429, EXH_RETRY, "rate-limited"},
                              {503, EXH_RETRY, "receiver-busy"}};

}  // namespace

adapter::Verdict judge(const adapter::HttpAnswer& answer) {
  adapter::Verdict verdict{.rc = EXH_UNKNOWN, .retry_after_ms = answer.retry_after_ms};
  if (answer.rc != EXH_OK) {
    verdict.rc = answer.rc;
    verdict.cause = answer.rc == EXH_DENIED ? "egress-forbidden" : "no-answer";
    verdict.text = harmless(cut_utf8(answer.body, 240));
    return verdict;
  }
  if (answer.status / 100 == 2) return {.rc = EXH_OK};
  verdict.text = cat("HTTP ", answer.status);
  verdict.cause = answer.status / 100 == 3 ? "redirected" : "no-proof";
  if (answer.status / 100 == 4) {
    verdict.rc = EXH_REJECTED;
    verdict.cause = "refused";
  }
  for (const auto& [status, rc, cause] : answers)
    if (status == answer.status) {
      verdict.rc = rc;
      verdict.cause = cause;
    }
  return verdict;
}

}  // namespace exhibit::webhook
