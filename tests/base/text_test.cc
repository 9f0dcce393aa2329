#include "base/text.h"

#include <gmock/gmock.h>

namespace exhibit {
namespace {

TEST(Text, ANumberIsTheWholeTextOrNothing) {
  EXPECT_EQ(parse_number<int>("42"), 42);
  EXPECT_EQ(parse_number<std::uint64_t>("1182522900045587005"), 1182522900045587005U);
  EXPECT_EQ(parse_number<int>("42 "), std::nullopt);
  EXPECT_EQ(parse_number<int>(""), std::nullopt);
  EXPECT_EQ(parse_number<unsigned>("-1"), std::nullopt);
  EXPECT_EQ(parse_number<std::uint8_t>("256"), std::nullopt);
}

TEST(Text, SplittingLeavesEmptyPartsOut) {
  EXPECT_THAT(split("a,,b c", ", "), testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(split("", ","), testing::IsEmpty());
}

TEST(Text, OnlyWellFormedUtf8IsUtf8) {
  EXPECT_TRUE(is_utf8("gr\xC3\xBC\xC3\x9F"));
  for (const char* bad : {"\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE0\x80\x80", "\x80"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(Text, AnyBytesBecomeUtf8) {
  for (int first = 0; first < 256; ++first)
    for (int second = 0; second < 256; ++second) {
      const std::string bytes = {static_cast<char>(first), static_cast<char>(second), 'x'};
      ASSERT_TRUE(is_utf8(to_utf8(bytes)));
      ASSERT_TRUE(is_utf8(escape_ill_formed(bytes)));
      ASSERT_TRUE(is_utf8(harmless(bytes)));
    }
}

TEST(Text, WhatCouldMoveTheCursorOrTheReaderIsEscaped) {
  EXPECT_EQ(harmless(std::string_view("a\x1b[2J\nb\0c", 9)), "a\\x1b[2J\\x0ab\\x00c");
  EXPECT_EQ(harmless("evil\xE2\x80\xAEtxt.exe"), "evil\\u{202E}txt.exe");
  EXPECT_EQ(harmless("\xC2\x85"), "\\u{85}");
  EXPECT_EQ(harmless("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
}

TEST(Text, NothingDefangedIsALink) {
  EXPECT_EQ(defanged("http://www.example.com/a.b"), "hxxp://www[.]example[.]com/a[.]b");
  EXPECT_EQ(defanged("HTTPS://a.example"), "HxxPS://a[.]example");
  EXPECT_EQ(defanged("GET / HTTP/1.0"), "GET / HTTP/1.0");
}

TEST(Text, ACutNeverSplitsACharacter) {
  EXPECT_EQ(cut_utf8("a\xC3\xBC", 2), "a");
  EXPECT_EQ(cut_utf8("a\xC3\xBC", 3), "a\xC3\xBC");
}

TEST(Text, HexGoesThereAndBack) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0xff, 0x1a}), "00ff1a");
  EXPECT_EQ(from_hex("00ff1a"), (Bytes{0x00, 0xff, 0x1a}));
  EXPECT_EQ(from_hex("0"), std::nullopt);
  EXPECT_EQ(from_hex("0g"), std::nullopt);
}

TEST(Text, LargeNumbersAreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(98304), "98,304");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace exhibit
