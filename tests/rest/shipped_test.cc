#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "adapters/rest/profile.h"
#include "base/json.h"
#include "base/text.h"

/// The profiles that are shipped, against the published grammar and our own reader.
namespace exhibit::rest {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class Shipped : public ::testing::TestWithParam<std::string> {};

/// The first complaint of the grammar; empty: it fits.
std::string complaint(const Json& document) {
  static const Json grammar = *parse_json(text_of(EXHIBIT_SOURCE_DIR "/schemas/profile.schema.json"));
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(grammar), schema);
  valijson::ValidationResults results;
  if (valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results)) return {};
  valijson::ValidationResults::Error error;
  std::string all;
  while (results.popError(error)) all += cat(join(error.context, ""), ": ", error.description, "\n");
  return cat("it does not fit\n", all);
}

TEST_P(Shipped, FitsTheGrammarAndIsRead) {
  const std::string text = text_of(cat(EXHIBIT_SOURCE_DIR, "/adapters/rest/profiles/", GetParam(), ".json"));
  const Result<Json> document = parse_json(text);
  ASSERT_TRUE(document) << document.error().text;
  EXPECT_EQ(complaint(*document), "");
  const Result<Profile> profile = parse_profile(text);
  ASSERT_TRUE(profile) << profile.error().text;
  EXPECT_EQ(profile->name, GetParam());
}

/// Each member of every request, spelled wrong, is a mistake to both.
TEST_P(Shipped, AWrongSpellingAnywhereIsSeenByTheGrammarAndByTheReader) {
  const Json document = *parse_json(text_of(cat(EXHIBIT_SOURCE_DIR, "/adapters/rest/profiles/", GetParam(), ".json")));
  int planted = 0;
  for (const auto& [name, value] : document["operations"].items()) {
    const Json request = value.is_array() ? value[0] : value;
    for (const auto& [member, unused] : request.items()) {
      Json broken = document;
      Json& place = value.is_array() ? broken["operations"][name][0] : broken["operations"][name];
      place[cat(member, "x")] = place[member];
      place.erase(member);
      EXPECT_NE(complaint(broken), "") << name << " " << member;
      const Result<Profile> read = parse_profile(broken.dump());
      ASSERT_FALSE(read) << name << " " << member;
      EXPECT_THAT(read.error().text, ::testing::HasSubstr(name));
      ++planted;
    }
  }
  EXPECT_GT(planted, 8);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(EXHIBIT_SOURCE_DIR "/adapters/rest/profiles"))
    all.push_back(entry.path().stem().string());
  std::sort(all.begin(), all.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(Profiles, Shipped, ::testing::ValuesIn(names()),
                         [](const auto& test) { return replace_all(test.param, "-", "_"); });

}  // namespace
}  // namespace exhibit::rest
