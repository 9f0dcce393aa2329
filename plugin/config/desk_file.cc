#include "config/desk_file.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "embedded/schemas.h"

namespace exhibit {
namespace {

/// A desk of exhibit.yaml, and beside it a name and what tenants say: made from the two schemas, so that it cannot
/// differ from them.
std::string desk_file_schema() {
  const Json host = Json::parse(schemas::host), tenant = Json::parse(schemas::tenant);
  Json schema = host.at("/properties/desks/additionalProperties"_json_pointer);
  schema["definitions"] = host.at("definitions");
  schema["properties"]["name"] = {{"$ref", "#/definitions/name"}};
  for (const char* key : {"attach", "disclosure"})
    schema["properties"][key] = tenant.at("/properties/desk/properties"_json_pointer).at(key);
  schema["required"].push_back("name");
  return schema.dump();
}

}  // namespace

std::optional<DeskFile> read_desk_file(std::string_view yaml, std::vector<Mistake>& mistakes) {
  Result<YamlDocument> document = read_yaml(yaml, mistakes);
  if (!document) {
    if (mistakes.empty()) mistakes.push_back({1, 1, "", document.error().text, ""});
    return std::nullopt;
  }
  check_schema(*document, desk_file_schema(), mistakes);
  if (!mistakes.empty()) return std::nullopt;
  Json desk = document->json();
  DeskFile file{.name = text_at(desk, "name"), .desk_json = {}, .use_json = {}};
  Json use = {{"use", file.name}};
  for (const char* key : {"attach", "disclosure"})
    if (desk.contains(key)) use[key] = desk[key];
  for (const char* key : {"name", "attach", "disclosure"}) desk.erase(key);
  file.desk_json = desk.dump();
  file.use_json = use.dump();
  return file;
}

}  // namespace exhibit
