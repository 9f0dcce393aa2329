// A sensor that answers anything, in any order: no request of ours carries what it smuggled in, nothing is sent between
// a batch and its commit, and what was not surely stored is not acknowledged.

#include <optional>

#include "base/text.h"
#include "sensorproto/iplog/iplog.h"
#include "sensorproto/sdee/subscription.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

void sendable(const SensorRequest& request) {
  demand(request.method == "GET" || request.method == "POST", "a method that we know");
  demand(std::all_of(request.target.begin(), request.target.end(), [](char c) { return c > 0x20 && c < 0x7F; }),
         "the target is one printable word");
  demand(request.cookie.find('\r') == std::string::npos && request.cookie.find('\n') == std::string::npos,
         "the cookie is one line");
  demand(request.patience > std::chrono::seconds::zero(), "the wait is bounded");
}

SensorAnswer answer_from(fuzz::Input& input) {
  constexpr int statuses[] = {200, 200, 200, 401, 403, 404, 500, 503, 302, 100};
  SensorAnswer answer;
  answer.status = statuses[input.byte() % std::size(statuses)];
  answer.set_cookie = input.text();
  // The HTTP library lets no line end into a header.
  std::erase_if(answer.set_cookie, [](char c) { return c == '\r' || c == '\n'; });
  // The smallest good answers, so that dice find their way to what lies behind them.
  const std::uint8_t kind = input.byte();
  const std::string inside = input.text();
  if (kind % 4 == 0) answer.body = cat("<env:Envelope><subscriptionId>", inside, "</subscriptionId></env:Envelope>");
  if (kind % 4 == 1) answer.body = cat("<env:Envelope><sd:events>", inside, "</sd:events></env:Envelope>");
  if (kind % 4 == 2)
    answer.body =
        cat("<Envelope><Fault><Code><Subcode><Value>", inside, "</Value></Subcode></Code></Fault></Envelope>");
  if (kind % 4 == 3) answer.body = inside;
  return answer;
}

void conversation(fuzz::Input& input) {
  SdeeSubscription subscription({}, {});
  bool certain = true, storing = false;
  while (!input.empty()) {
    const SdeeSubscription::Step step = subscription.next();
    if (const auto* request = std::get_if<SensorRequest>(&step)) {
      demand(!storing, "nothing is sent between a batch and its commit");
      sendable(*request);
      if (request->target.find("action=get") != std::string::npos)
        demand(certain || request->target.find("confirm=no") != std::string::npos,
               "only what is stored is acknowledged");
      if (input.byte() % 8 == 0) {
        subscription.failed("cut");
        certain = false;
        continue;
      }
      const SensorAnswer answer = answer_from(input);
      const bool opens = request->target.find("action=open") != std::string::npos;
      const std::optional<SdeeBatch> batch = subscription.answered(answer);
      if (batch) storing = true;
      // A refused login brings no batch, and the last one stays stored.
      if (!batch && !opens && answer.status != 401) certain = false;
    } else if (std::holds_alternative<SdeeSubscription::AwaitCommit>(step)) {
      demand(storing, "it waits for a commit only behind a batch");
      storing = false;
      certain = input.byte() % 4 != 0;
      certain ? subscription.committed() : subscription.commit_failed();
    } else if (const auto* pause = std::get_if<SdeeSubscription::Pause>(&step)) {
      demand(pause->length > Nanoseconds::zero() && pause->length <= std::chrono::minutes{2}, "a pause is bounded");
      demand(fuzz::is_clean(pause->why) && is_utf8(pause->why), "why it pauses is one harmless line");
    } else {
      demand(!storing, "a batch is never left behind");
      const auto& halted = std::get<SdeeSubscription::Halted>(step);
      demand(fuzz::is_clean(halted.why) && is_utf8(halted.why), "why it halted is one harmless line");
      (void)input.byte();
      subscription.resume();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  if (input.byte() % 4 != 0) {
    conversation(input);
    return 0;
  }
  const std::uint8_t how = input.byte();
  constexpr int statuses[] = {200, 206, 401, 403, 404, 405, 410, 500};
  const int status = statuses[how % 8];
  const std::string_view body = input.rest();
  const IpLogVerdict verdict = judge_ip_log({status, as_bytes(body), (how & 64) != 0, (how & 128) != 0});
  demand(verdict != IpLogVerdict::whole || (status / 100 == 2 && (how & 64) != 0 && body.size() > 24),
         "whole is a good answer that was received to its end");
  demand(!token(verdict).empty(), "each verdict has its word");
  sendable(ip_log_request(how, body.substr(0, 0), (how & 1) != 0));
  return 0;
}
