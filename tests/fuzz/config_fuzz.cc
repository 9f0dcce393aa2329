// Any text as a configuration: either settings or a mistake at a place inside the text, and the same again when the
// read document is handed in as JSON, which is YAML too. The first byte picks host, tenant or desk file.

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "config/desk_file.h"
#include "config/settings.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

const HostSettings& provider() {
  static const HostSettings settings = [] {
    std::vector<Mistake> mistakes;
    auto read = read_host_settings(
        "public_url: https://ev.msp.example\nstate: /var/lib/exhibit\ndesks:\n  snow: {adapter: rest, profile: "
        "servicenow, url: 'https://desk.example', login: {user: exhibit, password: {file: snow}}}\n  mail: {adapter: "
        "email, url: 'smtp://mail.example', map: {from: a@ev.example, to: b@msp.example}}\n",
        mistakes);
    demand(read.has_value(), "the target's own settings are good");
    return *read;
  }();
  return settings;
}

bool read(std::uint8_t kind, std::string_view text, std::vector<Mistake>& mistakes) {
  if (kind % 3 == 0) return read_host_settings(text, mistakes).has_value();
  if (kind % 3 == 1) return read_tenant_settings(text, provider(), mistakes).has_value();
  return read_desk_file(text, mistakes).has_value();
}

void reported(std::string_view text, const std::vector<Mistake>& mistakes) {
  const auto lines =
      static_cast<int>(std::count(text.begin(), text.end(), '\n') + std::count(text.begin(), text.end(), '\r')) + 2;
  for (const Mistake& mistake : mistakes) {
    demand(mistake.line >= 0 && mistake.line <= lines, "a mistake stands on a line of the text");
    demand(!mistake.what.empty(), "a mistake says what is wrong");
  }
  demand(parse_json(mistakes_json(mistakes), 64 * limits::json_bytes).has_value(), "mistakes cross the border as JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t kind = input.byte();
  const std::string_view text = input.rest();
  std::vector<Mistake> mistakes, again;
  const bool good = read(kind, text, mistakes);
  demand(good == !any_mistake(mistakes), "settings or mistakes, never both, never neither");
  reported(text, mistakes);
  if (!good) return 0;
  std::vector<Mistake> ignored;
  const Result<YamlDocument> document = read_yaml(text, ignored);
  demand(document.has_value(), "what was read is YAML");
  const std::string json = document->json().dump(-1, ' ', true, Json::error_handler_t::replace);
  demand(read(kind, json, again), "its JSON is as good");
  return 0;
}
