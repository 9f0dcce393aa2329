#include <charconv>
#include <cstdio>
#include <cstring>

#include "adapters/webhook/webhook_request.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/webhook/samples.h"

/// Prints signed requests for somebody else's verifier: signed_samples EPOCH_SECONDS. One JSON object a line:
/// {"name", "secrets", "headers": {}, "body"}.
namespace exhibit {
namespace {

void print(const char* name, const std::string& map, const std::vector<std::string>& secrets, std::int64_t at) {
  std::string quoted;
  for (const std::string& secret : secrets) quoted += cat(quoted.empty() ? "\"" : ",\"", secret, '"');
  const auto settings = webhook::settings_of(test::webhook_config(map, quoted));
  const std::string body = test::ensure_body();
  const auto request = webhook::request_of(
      *settings, {.kind = EXH_OP_ENSURE, .op_id = "inc-1-1", .correlation_id = "EXH1-A", .body_json = body}, at);
  JsonWriter line;
  line.object().member("name", name).key("secrets").array();
  for (const std::string& secret : secrets) line.value(secret);
  line.end().key("headers").object();
  for (const adapter::HttpHeader& header : request->headers) line.member(to_lower(header.name), header.value);
  line.end().member("body", request->body).end();
  std::puts(line.text().c_str());
}

}  // namespace
}  // namespace exhibit

int main(int argc, char** argv) {
  using namespace exhibit;
  const auto at = argc == 2 ? parse_number<std::int64_t>(argv[1]) : std::nullopt;
  if (!at) return 2;
  print("exhibit", "{}", {test::secret_one}, *at);
  print("ocsf", R"({"style":"ocsf"})", {test::secret_one}, *at);
  print("rotating", "{}", {test::secret_one, test::secret_two}, *at);
  print("cloudevents", R"({"cloudevents":true})", {test::secret_one}, *at);
  return 0;
}
