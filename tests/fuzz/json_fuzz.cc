// Any bytes as JSON: one that skims and one that builds a tree find the same members, and what our writer writes is
// read back as it was.

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

void skimmed(std::string_view text, const Json& tree) {
  const auto members = raw_members(text);
  if (!tree.is_object()) return demand(members.empty(), "only an object has members");
  std::map<std::string, std::string_view> last;
  for (const auto& [key, value] : members) {
    const Result<Json> name = parse_json(cat("[\"", key, "\"]"));
    demand(name && (*name)[0].is_string(), "a skimmed key is a text");
    last[(*name)[0].get<std::string>()] = value;
  }
  demand(last.size() == tree.size(), "both find as many members");
  for (const auto& [key, value] : last) {
    const Result<Json> inside = parse_json(value);
    demand(inside && tree.contains(key) && tree.at(key) == *inside, "both find the same values");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Result<Json> tree = parse_json(text);
  if (tree) {
    demand(is_utf8(text), "JSON is UTF-8");
    skimmed(text, *tree);
    // Not the tree but its text: a number may lose digits once, and then no more.
    const std::string written = tree->dump();
    const Result<Json> again = parse_json(written);
    demand(again && again->dump() == written, "what was written is read again");
  }
  const Result<Json> quoted = parse_json(cat("[", json_quoted(text), "]"), 8 * limits::json_bytes);
  demand(quoted && (*quoted)[0] == to_utf8(text), "any bytes become one JSON text");
  return 0;
}
