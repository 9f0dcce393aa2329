#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace exhibit {

/// One mistake in a configuration text. Lines and columns count from 1; 0 where none can be named.
struct Mistake {
  int line = 0, column = 0;
  std::string where;  ///< JSON pointer, e.g. /sensors/0/pin
  std::string what;
  std::string hint;      ///< May be empty.
  bool warning = false;  ///< Worth a look, but nothing that cannot be used.
  bool operator==(const Mistake&) const = default;
};

struct Place {
  int line = 0, column = 0;
};

/// A YAML text as JSON, and where each of its values stood.
struct YamlDocument {
  Json& json() { return *json_; }
  [[nodiscard]] const Json& json() const { return *json_; }
  std::map<std::string, Place> places;  ///< By JSON pointer.
  std::shared_ptr<Json> json_;
};

/// Reads one YAML document. Plain scalars become null, true/false or numbers as YAML 1.2's core schema has it, quoted
/// ones texts. Bounded in size, depth and nodes, so that aliases cannot blow it up. A key given twice is a mistake.
Result<YamlDocument> read_yaml(std::string_view text, std::vector<Mistake>& mistakes);

/// Checks against a JSON Schema of ours; every mistake, in the order of the text, with a hint where one is known.
void check_schema(const YamlDocument& document, std::string_view schema, std::vector<Mistake>& mistakes);

/// "exhibit.yaml:12:5: /desks/snow/url: … (hint)".
std::string mistake_text(std::string_view file, const Mistake& mistake);
/// More than warnings.
bool any_mistake(const std::vector<Mistake>& mistakes);
/// [{"line","column","where","what","hint","warning"}]: how a mistake crosses the C interface.
std::string mistakes_json(const std::vector<Mistake>& mistakes);

}  // namespace exhibit
