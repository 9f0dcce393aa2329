#include "config/settings_reader.h"

namespace exhibit {

std::optional<YamlDocument> checked(std::string_view yaml, std::string_view schema, std::vector<Mistake>& mistakes) {
  Result<YamlDocument> document = read_yaml(yaml, mistakes);
  if (!document) {
    if (mistakes.empty()) mistakes.push_back({1, 1, "", document.error().text, ""});
    return std::nullopt;
  }
  check_schema(*document, schema, mistakes);
  return mistakes.empty() ? std::optional(std::move(*document)) : std::nullopt;
}

}  // namespace exhibit
