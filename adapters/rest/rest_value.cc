#include "adapters/rest/rest_value.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/base64.h"
#include "base/json.h"
#include "base/sha256.h"

namespace exhibit::rest {
namespace {

constexpr std::size_t matched_bytes_max = 2048;  // The expression library recurses over the text.
constexpr std::size_t decoded_bytes_max = 1U << 20;

const Json* there(const Json& json, std::string_view pointer) {
  try {
    const Json::json_pointer place{std::string(pointer)};
    return json.contains(place) ? &json.at(place) : nullptr;
  } catch (const nlohmann::json::exception&) {
    return nullptr;  // A pointer that does not fit the document: nothing is there.
  }
}

std::optional<std::string> plain_text(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return value.is_structured() ? value.dump() : scalar_text(value);
}

std::optional<std::string> through(std::string text, std::string_view filter, TextFormat format) {
  if (filter == "text") return unrendered(text, format);
  if (filter == "lines") return replace_all(text, "\r\n", "\n");
  if (filter == "sha256") return hex(sha256(text));
  const Result<Bytes> bytes = filter == "base64" ? decode_base64(text, decoded_bytes_max) : Bytes();
  return bytes ? std::optional(std::string(as_text(*bytes))) : std::nullopt;
}

bool matches(const std::string& text, const std::string& expression) {
  return std::regex_search(text.substr(0, matched_bytes_max), std::regex(expression));
}

/// The texts at a place: one, or each of a list.
std::vector<std::string> texts_there(const Seen& seen, std::string_view place) {
  const Json* const value = there(seen.json, place);
  std::vector<std::string> texts;
  if (value != nullptr && value->is_array()) {
    for (const Json& item : *value) texts.push_back(scalar_text(item));
  } else if (auto text = text_there(seen, place)) {
    texts.push_back(*std::move(text));
  }
  return texts;
}

bool has_item(const Json& json, const std::string& list, const Values& wanted, const Values& values,
              const HttpAnswer& answer) {
  const Json* const items = list_there(json, list);
  return items != nullptr && std::any_of(items->begin(), items->end(), [&](const Json& item) {
           return std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) {
             const std::string text = filled(one.second, values);
             return !text.empty() && text_there({item, answer}, one.first) == text;
           });
         });
}

}  // namespace

std::optional<std::string> text_there(const Seen& seen, std::string_view place) {
  const std::size_t bar = std::min(place.find('|'), place.size());
  const std::string_view root = place.substr(0, bar);
  std::optional<std::string> text;
  if (root == "$body") {
    text = seen.answer.body;
  } else if (root.starts_with("header:")) {
    text = std::string(seen.answer.header(root.substr(7)));
  } else if (const Json* const value = there(seen.json, root)) {
    text = plain_text(*value);
  }
  for (const std::string_view filter : split(place.substr(bar), "|"))
    if (text) text = through(*std::move(text), filter, seen.format);
  return text;
}

Json object_of(std::string_view json) {
  const Result<Json> parsed = parse_json(json);
  return parsed && parsed->is_object() ? *parsed : Json::object();
}

const Json* list_there(const Json& json, const std::string& pointer) {
  const Json* const value = there(json, pointer);
  return value != nullptr && value->is_array() ? value : nullptr;
}

bool holds(const Proof& proof, const Values& values, const Seen& seen) {
  for (const auto& [place, pattern] : proof.equals) {
    const std::string wanted = filled(pattern, values);
    if (wanted.empty() || text_there(seen, place) != wanted) return false;
  }
  for (const auto& [place, pattern] : proof.contains) {
    const std::string wanted = filled(pattern, values);
    if (wanted.empty() || text_there(seen, place).value_or("").find(wanted) == std::string::npos) return false;
  }
  for (const std::string& place : proof.exists)
    if (text_there(seen, place).value_or("").empty()) return false;
  for (const auto& [list, wanted] : proof.has)
    if (!has_item(seen.json, filled(list, values), wanted, values, seen.answer)) return false;
  return all_match(proof.matches, seen);
}

bool all_match(const Values& expressions, const Seen& seen) {
  return std::all_of(expressions.begin(), expressions.end(), [&](const auto& one) {
    const std::vector<std::string> texts = texts_there(seen, one.first);
    return std::all_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return matches(text, one.second); }) &&
           !(texts.empty() && list_there(seen.json, one.first) == nullptr);
  });
}

std::string refusal_in(const Proof& proof, const Seen& seen) {
  for (const auto& [place, expression] : proof.rejects)
    for (const std::string& text : texts_there(seen, place))
      if (matches(text, expression)) return text;
  return {};
}

Values captured(const Request& request, const Seen& seen) {
  Values values;
  for (const auto& [name, capture] : request.capture) {
    std::string text = text_there(seen, capture.from).value_or("").substr(0, matched_bytes_max);
    std::smatch found;
    if (!capture.match.empty())
      text = std::regex_search(text, found, std::regex(capture.match)) && found.size() > 1 ? found[1].str() : "";
    if (!text.empty()) values[name] = text;
  }
  return values;
}

}  // namespace exhibit::rest
