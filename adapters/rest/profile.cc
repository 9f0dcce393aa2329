#include "adapters/rest/profile.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

Values values_at(const Json& object, const char* key) {
  Values values;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_object()) return values;
  for (const auto& [name, value] : found->items())
    if (value.is_string()) values[name] = value.get<std::string>();
  return values;
}

std::vector<std::string> texts_at(const Json& object, const char* key) {
  std::vector<std::string> texts;
  if (const auto found = object.find(key); found != object.end() && found->is_array())
    for (const Json& text : *found)
      if (text.is_string()) texts.push_back(text.get<std::string>());
  return texts;
}

bool flag_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

Operation operation_of(const Json& object) {
  Operation operation{.method = text_at(object, "method"),
                      .path = text_at(object, "path"),
                      .query = values_at(object, "query"),
                      .body = values_at(object, "body"),
                      .takes_fields = flag_at(object, "takes_fields"),
                      .evidence = flag_at(object, "evidence"),
                      .rows = text_at(object, "rows"),
                      .id = text_at(object, "id"),
                      .number = text_at(object, "number"),
                      .equals = values_at(object, "equals"),
                      .contains = values_at(object, "contains"),
                      .skips_others = flag_at(object, "skips_others"),
                      .take = values_at(object, "take"),
                      .none_status = {}};
  if (const auto found = object.find("none_status"); found != object.end() && found->is_array())
    for (const Json& status : *found)
      if (status.is_number_integer()) operation.none_status.push_back(status.get<int>());
  return operation;
}

Result<void> read_operations(const Json& document, Profile& profile) {
  const auto operations = document.find("operations");
  if (operations == document.end() || !operations->is_object())
    return Error{Errc::bad_input, "the profile has no operations"};
  for (const auto& [name, object] : operations->items()) {
    const Operation operation = operation_of(object.is_object() ? object : Json::object());
    if (operation.method.empty() || operation.path.empty())
      return Error{Errc::bad_input, cat("operation ", harmless(name), " of the profile needs a method and a path")};
    profile.operations[name] = operation;
  }
  for (const char* needed : {"find", "create", "note", "find_note", "state", "attach", "find_attachment"})
    if (profile.find(needed) == nullptr) return Error{Errc::bad_input, cat("the profile has no operation ", needed)};
  for (const char* proven : {"find", "create", "note", "state", "attach"})
    if (profile.find(proven)->equals.empty())
      return Error{Errc::bad_input, cat("operation ", proven, " of the profile says nothing that proves it")};
  return {};
}

}  // namespace

const Operation* Profile::find(std::string_view operation) const {
  const auto found = operations.find(operation);
  return found == operations.end() ? nullptr : &found->second;
}

Result<Profile> parse_profile(std::string_view json) {
  const Result<Json> document = parse_json(json);
  if (!document) return document.error();
  if (!document->is_object()) return Error{Errc::bad_input, "the profile is no object"};
  Profile profile{.name = text_at(*document, "profile"),
                  .ticket_url = text_at(*document, "ticket_url"),
                  .note_marker = text_at(*document, "note_marker"),
                  .values = values_at(*document, "values"),
                  .maps = {},
                  .error_text = {},
                  .neutralise = {},
                  .operations = {}};
  if (const auto maps = document->find("maps"); maps != document->end() && maps->is_object())
    for (const auto& [name, map] : maps->items())
      profile.maps[name] = {
          .of = text_at(map, "of"), .other = text_at(map, "other"), .values = values_at(map, "values")};
  profile.error_text = texts_at(*document, "error_text");
  profile.neutralise = texts_at(*document, "neutralise");
  for (const std::string& tag : profile.neutralise)
    if (tag.empty() || tag.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos)
      return Error{Errc::bad_input, cat("neutralise takes lower-case letters, not ", harmless(tag))};
  if (const auto limits = document->find("limits"); limits != document->end()) profile.limits_json = limits->dump();
  if (const auto read = read_operations(*document, profile); !read) return read.error();
  return profile;
}

std::string filled(std::string_view pattern, const Values& values) {
  std::string out;
  for (std::size_t open; (open = pattern.find('{')) != std::string_view::npos;) {
    const std::size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) break;
    out += pattern.substr(0, open);
    if (const auto found = values.find(pattern.substr(open + 1, close - open - 1)); found != values.end())
      out += found->second;
    pattern.remove_prefix(close + 1);
  }
  out += pattern;
  return out;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

}  // namespace exhibit::rest
