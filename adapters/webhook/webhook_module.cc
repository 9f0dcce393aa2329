#include <chrono>

#include "adapters/webhook/webhook_judge.h"
#include "adapters/webhook/webhook_request.h"
#include "base/json.h"
#include "base/text.h"

/// The module: it reads the clock and hands the pure parts to the runner's HTTP.

namespace exhibit::webhook {
namespace {

using adapter::Verdict;

std::int64_t epoch_seconds() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

class Endpoint {
 public:
  Endpoint(Settings settings, adapter::Services services) : settings_(std::move(settings)), services_(services) {}

  static adapter::Description describe() {
    return {.adapter = "webhook",
            .version = "1",
            .operations = {"ensure", "note", "link", "state"},
            .stable_id = true,
            .limits = {"{}"}};
  }

  static adapter::Opened<Endpoint> open(const adapter::Services& services, std::string_view config) {
    Result<Settings> settings = settings_of(config);
    if (!settings) return {.refusal = settings.error().text};
    if (!services.has_http()) return {.refusal = "the runner offers no HTTP"};
    return {.link = std::make_unique<Endpoint>(*std::move(settings), services)};
  }

  /// A receiver can only be written to, so there is nothing that may be asked.
  static Verdict probe() { return {.rc = EXH_OK}; }

  /// As it would be signed now; the receiver's secret is not in it.
  Verdict preview(const adapter::Operation& operation) {
    const Result<adapter::HttpRequest> request = made(operation);
    if (!request) return {.rc = EXH_BADARG, .cause = "bad-operation", .text = request.error().text};
    std::string headers;
    for (const adapter::HttpHeader& header : request->headers) headers += cat(header.name, ": ", header.value, "\n");
    JsonWriter out;
    out.array().object().member("method", request->method).member("target", request->target);
    out.member("headers", headers).member("body", request->body).end().end();
    return {.rc = EXH_OK, .document = out.take()};
  }

  Verdict apply(const adapter::Operation& operation) {
    if (operation.kind() == EXH_OP_ATTACH || operation.kind() < EXH_OP_ENSURE || operation.kind() > EXH_OP_STATE)
      return {
          .rc = EXH_UNSUPPORTED, .cause = "no-attachments", .text = "a webhook carries no files; it carries the link"};
    const Result<adapter::HttpRequest> request = made(operation);
    if (!request) return {.rc = EXH_BADARG, .cause = "bad-operation", .text = request.error().text};
    return judge(services_.ask(*request));
  }

 private:
  [[nodiscard]] Result<adapter::HttpRequest> made(const adapter::Operation& operation) const {
    return request_of(settings_,
                      {.kind = operation.kind(),
                       .op_id = operation.op_id(),
                       .correlation_id = operation.correlation_id(),
                       .body_json = operation.body()},
                      epoch_seconds());
  }

  Settings settings_;
  adapter::Services services_;
};

}  // namespace
}  // namespace exhibit::webhook

EXHIBIT_ADAPTER(exhibit::webhook::Endpoint);
