// Any answer of a desk, under every request of every shipped profile, and to a webhook and a login: only an answer that
// proves it is a success, and what the desk says stays one harmless line.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "adapters/rest/rest_auth.h"
#include "adapters/rest/rest_judge.h"
#include "adapters/rest/rest_request.h"
#include "adapters/webhook/webhook_judge.h"
#include "base/text.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

/// One request of a profile, with the values that it was made of.
struct Asked {
  const rest::Profile* profile;
  const rest::Request* request;
  std::string operation;
  rest::Values values;
};

const std::vector<Asked>& all_asked() {
  static const std::vector<rest::Profile> profiles = [] {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(cat(EXHIBIT_SOURCE_DIR, "/adapters/rest/profiles")))
      files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<rest::Profile> read;
    for (const auto& path : files) {
      std::ifstream file(path);
      Result<rest::Profile> profile = rest::parse_profile(std::string(std::istreambuf_iterator<char>(file), {}));
      demand(profile.has_value(), "a shipped profile is good");
      read.push_back(std::move(*profile));
    }
    return read;
  }();
  static const std::vector<Asked> asked = [] {
    std::vector<Asked> list;
    const rest::OpText op{.op_id = "d-1",
                          .correlation_id = "EXH1-AAAA",
                          .ticket = "77",
                          .body_json = R"({"title":"t","public_text":"p","internal_text":"i","text":"n","priority":1})",
                          .name = "a.pcap",
                          .mime = "application/vnd.tcpdump.pcap",
                          .sha256 = "99",
                          .bytes = 4};
    for (const rest::Profile& profile : profiles) {
      const rest::Values values = prepare(profile, {.base = "https://desk.example"}, op).values;
      for (const auto& [name, operation] : profile.operations)
        for (const rest::Request& request : operation.requests) list.push_back({&profile, &request, name, values});
    }
    return list;
  }();
  return asked;
}

void harmless_words(const std::string& text) {
  demand(is_utf8(text) && fuzz::is_clean(text), "what a desk says is one harmless line");
  demand(text.size() <= 2000, "what a desk says is short");
}

void judged(const Asked& asked, const rest::HttpAnswer& answer) {
  using Judge =
      rest::Verdict (*)(const rest::Profile&, const rest::Request&, const rest::Values&, const rest::HttpAnswer&);
  const bool ok_status = std::find(asked.request->status.begin(), asked.request->status.end(), answer.status) !=
                         asked.request->status.end();
  for (const Judge judge : {&rest::judge_step, &rest::judge_search, &rest::judge_read}) {
    const rest::Verdict verdict = judge(*asked.profile, *asked.request, asked.values, answer);
    harmless_words(verdict.text);
    demand(parse_json(verdict.json(), 16 * limits::json_bytes).has_value(), "a verdict is JSON");
    if (judge == &rest::judge_search && verdict.rc == EXH_OK)
      demand(ok_status && verdict.matches > 0, "a find has found something");
    if (judge == &rest::judge_search && verdict.rc == EXH_ABSENT)
      demand(verdict.matches == 0, "absent is nothing found");
    const bool proves_by_id = asked.request->proof.equals.size() + asked.request->proof.has.size() > 0;
    if (judge == &rest::judge_step && verdict.rc == EXH_OK && ok_status && proves_by_id && !verdict.finished)
      demand(!answer.body.empty(), "an empty answer proves nothing");
  }
  (void)next_page(*asked.request, answer, "1", rows_in(*asked.request, answer));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int statuses[] = {200, 201, 202, 204, 301, 302, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503, 100};
  constexpr const char* types[] = {"application/json", "text/html; charset=utf-8", "application/json;charset=UTF-8",
                                   ""};
  fuzz::Input input(data, size);
  const std::size_t which = input.byte();
  const std::uint8_t how = input.byte();
  rest::HttpAnswer answer;
  answer.rc = how >= 240 ? EXH_UNKNOWN : EXH_OK;
  answer.status = statuses[how % std::size(statuses)];
  answer.content_type = types[input.byte() % std::size(types)];
  const std::string place = input.text();
  answer.headers = {{"Location", place}, {"Retry-After", place}, {"X-RateLimit-Reset", place}, {"Date", place}};
  answer.at_s = 1'795'313'561;
  answer.body = input.rest();
  const std::vector<Asked>& asked = all_asked();
  judged(asked[which % asked.size()], answer);
  if (const Result<rest::Token> token = rest::read_token(answer); token)
    demand(answer.status == 200 && !token->access.empty(), "a token comes with 200 and is none of nothing");
  const adapter::Verdict hook = webhook::judge(
      {.rc = answer.rc, .status = answer.status, .retry_after_ms = how, .content_type = {}, .body = answer.body});
  demand(hook.rc != EXH_OK || answer.status / 100 == 2, "a webhook is delivered by 2xx only");
  harmless_words(hook.text);
  return 0;
}
