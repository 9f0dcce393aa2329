#include <algorithm>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/text.h"
#include "config/yaml.h"

namespace exhibit {
namespace {

/// Follows a JSON pointer through a schema as far as properties, items and references lead.
const Json* schema_at(const Json& root, const std::vector<std::string>& path) {
  const Json* at = &root;
  const auto follow = [&] {
    while (at && at->is_object() && at->contains("$ref")) {
      const std::string target = at->at("$ref").get<std::string>().substr(1);
      at = root.contains(Json::json_pointer(target)) ? &root.at(Json::json_pointer(target)) : nullptr;
    }
  };
  for (const std::string& part : path) {
    follow();
    if (!at) return nullptr;
    if (at->contains("properties") && at->at("properties").contains(part))
      at = &at->at("properties").at(part);
    else if (at->contains("items"))
      at = &at->at("items");
    else if (at->contains("additionalProperties") && at->at("additionalProperties").is_object())
      at = &at->at("additionalProperties");
    else
      return nullptr;
  }
  follow();
  return at;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest_key(const Json* schema, std::string_view wrong) {
  if (!schema || !schema->contains("properties")) return {};
  std::string best, all;
  std::size_t distance = 3;
  for (const auto& [key, value] : schema->at("properties").items()) {
    all += cat(all.empty() ? "" : ", ", key);
    if (const std::size_t far = edit_distance(key, wrong); far < distance) best = key, distance = far;
  }
  return best.empty() ? cat("known here: ", all) : cat("did you mean \"", best, "\"?");
}

std::string describe(const Json* schema) {
  if (!schema) return {};
  if (schema->contains("enum")) {
    std::string words;
    for (const Json& word : schema->at("enum"))
      words += cat(words.empty() ? "one of " : ", ", word.is_string() ? word.get<std::string>() : word.dump());
    return words;
  }
  return text_at(*schema, "description");
}

/// What valijson calls "[\"sensors\"][0]" and the like, as parts.
std::vector<std::string> path_of(const std::vector<std::string>& context) {
  std::vector<std::string> path;
  for (const std::string& part : context) {
    if (part == "<root>") continue;
    std::string_view inner(part);
    if (inner.starts_with('[')) inner = inner.substr(1, inner.size() - 2);
    if (inner.starts_with('"')) inner = inner.substr(1, inner.size() - 2);
    path.emplace_back(inner);
  }
  return path;
}

std::string pointer_of(const std::vector<std::string>& path) {
  std::string pointer;
  for (const std::string& part : path) pointer += cat("/", replace_all(replace_all(part, "~", "~0"), "/", "~1"));
  return pointer;
}

/// The last quoted name in one of the validator's sentences.
std::string quoted_name(const std::string& sentence) {
  const std::size_t end = sentence.rfind('\'');
  const std::size_t begin = end == std::string::npos || end == 0 ? end : sentence.rfind('\'', end - 1);
  return begin == std::string::npos ? "" : sentence.substr(begin + 1, end - begin - 1);
}

Mistake mistake_of(const valijson::ValidationResults::Error& error, const YamlDocument& document, const Json& schema) {
  std::vector<std::string> path = path_of(error.context);
  const Json* here = schema_at(schema, path);
  Mistake mistake;
  const std::string name = quoted_name(error.description);
  if (error.description.find("additionalProperties") != std::string::npos) {
    mistake.hint = nearest_key(here, name);
    mistake.what = cat("unknown key \"", harmless(cut_utf8(name, 60)), "\"");
    path.push_back(name);
  } else if (error.description.find("Missing required property") != std::string::npos) {
    mistake.what = cat("\"", name, "\" is missing");
    path.push_back(name);
    mistake.hint = describe(schema_at(schema, path));
    path.pop_back();
  } else {
    mistake.hint = describe(here);
    mistake.what = mistake.hint.empty() ? harmless(error.description) : "this value is not allowed";
  }
  mistake.where = pointer_of(path);
  auto place = document.places.find(mistake.where + "#key");
  if (place == document.places.end()) place = document.places.find(mistake.where);
  if (place != document.places.end()) mistake.line = place->second.line, mistake.column = place->second.column;
  mistake.where = harmless(mistake.where);  // Only to be read from here on.
  return mistake;
}

}  // namespace

void check_schema(const YamlDocument& document, std::string_view schema_text, std::vector<Mistake>& mistakes) {
  const Json schema_json = Json::parse(schema_text);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json), schema);
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document.json()), &results)) return;
  const std::size_t before = mistakes.size();
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    // What only says that something below it is wrong is left out.
    if (error.description.starts_with("Failed to validate against schema associated") ||
        error.description.starts_with("Failed to validate item"))
      continue;
    Mistake mistake = mistake_of(error, document, schema_json);
    if (std::find(mistakes.begin(), mistakes.end(), mistake) == mistakes.end()) mistakes.push_back(std::move(mistake));
  }
  if (mistakes.size() == before) mistakes.push_back({1, 1, "", "the text does not fit its schema", ""});
  std::stable_sort(
      mistakes.begin() + static_cast<std::ptrdiff_t>(before), mistakes.end(),
      [](const Mistake& a, const Mistake& b) { return std::pair(a.line, a.column) < std::pair(b.line, b.column); });
}

}  // namespace exhibit
