#include "base/json.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace exhibit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(RawMembers, GiveEachMemberAsItStands) {
  EXPECT_THAT(raw_members(R"( { "a" : [1, {"x":"]}"}] ,"b":"q\"\\", "c":-1.5e3 , "d":{}, "a":null} )"),
              ElementsAre(Pair("a", R"([1, {"x":"]}"}])"), Pair("b", R"("q\"\\")"), Pair("c", "-1.5e3"),
                          Pair("d", "{}"), Pair("a", "null")));
  EXPECT_THAT(raw_members("{}"), IsEmpty());
  EXPECT_EQ(raw_member(R"({"a":1,"b":{"c":2}})", "b"), R"({"c":2})");
  EXPECT_EQ(raw_member(R"({"a":1})", "x"), "");
}

TEST(RawMembers, EndWhereTheTextIsNoObject) {
  for (const char* text : {"", " ", "[1]", "1", "\"a\"", "{", "{\"", "{\"a", "{\"a\"", "{\"a\" 1}",
                           "{\"a\":", "{\"a\":}", "{\"a\":,", "{\"a\":\"", "{\"a\":[1", "{1:2}"})
    EXPECT_THAT(raw_members(text), IsEmpty()) << text;
}

TEST(ParseJson, RefusesWhatWouldBecomeALargeTree) {
  const auto list_of = [](std::size_t count, std::string_view value) {
    std::string text("[");
    for (std::size_t i = 0; i < count; ++i) text += cat(i == 0 ? "" : ",", value);
    return text + "]";
  };
  EXPECT_TRUE(parse_json(list_of(limits::json_values - 1, "1")));
  EXPECT_EQ(parse_json(list_of(limits::json_values + 1, "1")).error().code, Errc::too_large);
  EXPECT_EQ(parse_json(list_of(limits::json_values / 2 + 1, "[]")).error().code, Errc::too_large);
  EXPECT_TRUE(parse_json(cat("[\"", std::string(limits::json_values + 1, ','), "\"]"))) << "commas inside a text";
}

TEST(JsonQuoted, AnyBytesBecomeOneTextThatReadsBack) {
  for (const std::string& text : {std::string(), std::string("a\"b\\c/d"), std::string("\0\x1F\n\r\t\b\f\x7F", 8),
                                  std::string("\u00FC\u2028\U0001F600"), std::string("\xFF\xC3(")}) {
    const Result<Json> read = parse_json(cat("[", json_quoted(text), "]"));
    ASSERT_TRUE(read) << json_quoted(text);
    EXPECT_EQ((*read)[0], to_utf8(text));
  }
}

TEST(JsonQuoted, AByteThatNeedsAnEscapeIsSeenInAnyPlaceOfATextOfAnyLength) {
  for (std::size_t length = 1; length <= 20; ++length)
    for (std::size_t place = 0; place < length; ++place)
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, 'a');
        text[place] = static_cast<char>(byte);
        const bool needs = byte < 0x20 || byte >= 0x7F || byte == '"' || byte == '\\';
        ASSERT_EQ(json_quoted(text) != cat('"', text, '"'), needs) << byte << " at " << place << " of " << length;
      }
}

TEST(JsonWriter, WritesNumbersThatReadBackAndNullForWhatIsNone) {
  JsonWriter json;
  json.array()
      .value(0.1)
      .value(-1e300)
      .value(std::numeric_limits<double>::infinity())
      .value(std::numeric_limits<double>::quiet_NaN());
  json.value(std::numeric_limits<std::int64_t>::min()).value(true).null().end();
  EXPECT_EQ(json.text(), "[0.1,-1e+300,null,null,-9223372036854775808,true,null]");
}

TEST(TextAt, IsTheTextOfAMemberAndEmptyForAllElse) {
  const Json object = *parse_json(R"({"a":"x","b":1,"c":null})");
  EXPECT_EQ(text_at(object, "a"), "x");
  for (const char* key : {"b", "c", "d"}) EXPECT_EQ(text_at(object, key), "") << key;
  EXPECT_EQ(text_at(*parse_json("[1]"), "a"), "");
}

}  // namespace
}  // namespace exhibit
