#include "adapters/rest/template.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace exhibit::rest {
namespace {

std::string escaped(std::string_view text, std::string_view marks) {
  std::string out;
  for (const char c : text) {
    if (marks.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string one_line(std::string_view text) {
  std::string out(trim(text));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return out;
}

std::string value_at(std::string_view place, const Values& values) {
  const std::size_t bar = place.find('|');
  const auto found = values.find(place.substr(0, bar));
  if (found == values.end()) return {};
  const std::string_view filter = bar == std::string_view::npos ? std::string_view{} : place.substr(bar + 1);
  if (filter == "sql") return escaped(found->second, "'\\");
  if (filter == "quoted") return escaped(found->second, "\"\\");
  if (filter == "line") return one_line(found->second);
  return found->second;
}

std::optional<Json> special(std::string_view kind, const Json& pattern, const Values& values) {
  if (kind == "$evidence") return Json::binary({});
  const std::string text = pattern.is_string() ? filled(pattern.get_ref<const std::string&>(), values) : std::string();
  if (kind == "$text") return Json(text);
  if (kind == "$bool") return Json(text == "true" || text == "1");
  const Result<Json> parsed = parse_json(text);
  if (!parsed || (kind == "$number" && !parsed->is_number())) return std::nullopt;
  return *parsed;
}

bool is_special(const Json& pattern) {
  return pattern.is_object() && pattern.size() == 1 && pattern.begin().key().starts_with('$');
}

}  // namespace

std::string filled(std::string_view pattern, const Values& values) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t brace = pattern.find_first_of("{}", at);
    out += pattern.substr(at, brace - at);
    if (brace == std::string_view::npos) break;
    if (pattern.substr(brace + 1, 1) == pattern.substr(brace, 1)) {
      out += pattern[brace];
      at = brace + 2;
      continue;
    }
    const std::size_t close = pattern.find('}', brace);
    if (pattern[brace] == '}' || close == std::string_view::npos) {
      out += pattern[brace];
      at = brace + 1;
      continue;
    }
    out += value_at(pattern.substr(brace + 1, close - brace - 1), values);
    at = close + 1;
  }
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

std::optional<Json> instantiated(const Json& pattern, const Values& values) {
  if (pattern.is_string()) {
    const std::string text = filled(pattern.get_ref<const std::string&>(), values);
    return text.empty() ? std::nullopt : std::optional<Json>(text);
  }
  if (is_special(pattern)) return special(pattern.begin().key(), pattern.begin().value(), values);
  if (!pattern.is_structured()) return pattern;
  Json made = pattern.is_object() ? Json::object() : Json::array();
  if (pattern.is_object()) {
    for (const auto& [key, value] : pattern.items())
      if (std::optional<Json> one = instantiated(value, values)) made[filled(key, values)] = *std::move(one);
  } else {
    for (const Json& value : pattern)
      if (std::optional<Json> one = instantiated(value, values)) made.push_back(*std::move(one));
  }
  if (made.empty() && !pattern.empty()) return std::nullopt;
  return made;
}

std::string scalar_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() || value.is_boolean() ? value.dump() : std::string();
}

void add_scalars(Values& values, const std::string& prefix, const Json& object, int depth) {
  if (!object.is_object() || depth == 0) return;
  for (const auto& [name, value] : object.items()) {
    const std::string place = prefix.empty() ? name : cat(prefix, ".", name);
    if (value.is_object())
      add_scalars(values, place, value, depth - 1);
    else if (std::string text = scalar_text(value); !text.empty())
      values[place] = std::move(text);
  }
}

}  // namespace exhibit::rest
