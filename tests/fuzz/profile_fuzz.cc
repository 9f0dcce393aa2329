// Any text as a REST profile: a mistake at its place, or a profile from which every operation makes requests that are
// one request each, and whose answers are judged without an accident.

#include <nlohmann/json.hpp>

#include "adapters/rest/rest_judge.h"
#include "adapters/rest/rest_request.h"
#include "base/text.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

rest::OpText operation() {
  return {.op_id = "d-1",
          .correlation_id = "EXH1-A",
          .ticket = "77 aa/../?#",
          .body_json =
              R"({"title":"t\r\nX: y","public_text":"p","internal_text":"i","priority":1,"fields":{"company":"c"}})",
          .name = "a b.pcap",
          .mime = "application/vnd.tcpdump.pcap",
          .sha256 = "99",
          .bytes = 4};
}

void one_request(const rest::Profile& profile, const rest::Request& request, const rest::Prepared& ready) {
  const rest::HttpRequest made = request_of(profile, request, ready.values, ready.fields_json);
  // The profile itself is the operator's; what a value brings may not leave its place.
  demand(made.target.find("\r\nX:") == std::string::npos, "no value breaks out of the address");
  for (const auto& [name, value] : made.headers)
    demand(value.find("\nX:") == std::string::npos, "no value breaks out of a header");
  for (const char* body : {R"({"result":[{"sys_id":"1"}],"id":"1"})", "<html>", ""}) {
    const rest::HttpAnswer answer{
        .rc = EXH_OK, .status = request.status.front(), .content_type = "application/json", .body = body};
    for (const auto judge : {rest::judge_step, rest::judge_search, rest::judge_read})
      demand(parse_json(judge(profile, request, ready.values, answer).json()).has_value(), "a verdict is JSON");
  }
  for (const rest::Request& each : request.each) one_request(profile, each, ready);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<rest::Profile> profile = rest::parse_profile(fuzz::text_of(data, size));
  if (!profile) {
    demand(!profile.error().text.empty(), "a mistake is named");
    return 0;
  }
  const rest::Prepared ready = prepare(*profile, {.base = "https://desk.example"}, operation());
  for (const auto& [name, one] : profile->operations)
    for (const rest::Request& request : one.requests) one_request(*profile, request, ready);
  (void)dialect_of(*profile, Json{{"queue", "x"}, {"priority", {{"1", "2"}}}});
  return 0;
}
