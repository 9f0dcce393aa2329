#include "base/utc.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/text.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min(),
                       largest = std::numeric_limits<std::int64_t>::max();

TEST(Utc, AnyTimeThatASensorMayClaimCanBeSaid) {
  EXPECT_EQ(iso_utc(wall_from_ns(smallest)), "1677-09-21T00:12:43.145Z");
  EXPECT_EQ(iso_utc(wall_from_ns(largest)), "2262-04-11T23:47:16.854Z");
  EXPECT_EQ(iso_utc(wall_from_ns(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(epoch_text(wall_from_ns(smallest)), "-9223372037.145224192");
  EXPECT_EQ(epoch_text(wall_from_ns(-1)), "-1.999999999");
}

TEST(Utc, ADurationBetweenAbsurdTimesIsTheLongestThereIs) {
  EXPECT_EQ(elapsed(wall_from_ns(smallest), wall_from_ns(largest)), Nanoseconds::max());
  EXPECT_EQ(elapsed(wall_from_ns(largest), wall_from_ns(smallest)), Nanoseconds::min());
  EXPECT_EQ(elapsed(wall_from_ns(5), wall_from_ns(3)), -2ns);
  EXPECT_EQ(duration_text(Nanoseconds::min()), "-106751 d 23 h");
  EXPECT_EQ(duration_text(Nanoseconds::max()), "106751 d 23 h");
}

TEST(Utc, ReadsWhatItWritesAndEveryFormOfRfc3339) {
  for (const std::int64_t ms :
       {std::int64_t{0}, std::int64_t{1'795'313'561'123}, std::int64_t{-1}, std::int64_t{-62'000'000'000}})
    EXPECT_EQ(parse_iso(iso_utc(wall_from_ns(ms * 1'000'000))), wall_from_ns(ms * 1'000'000));
  const WallTime time = wall_from_ns(1'795'313'561'000'000'000);
  for (const char* text :
       {"2026-11-22T02:12:41Z", "2026-11-22 02:12:41Z", "2026-11-22T03:12:41+01:00", "2026-11-21T20:42:41.000-05:30"})
    EXPECT_EQ(parse_iso(text), time) << text;
  EXPECT_EQ(parse_iso("2026-11-22T02:12:41.1234567891Z"), time + 123'456'789ns);
  for (const char* text :
       {"", "2026-11-22", "2026-11-22T02:12:41", "2026-13-22T02:12:41Z", "2026-02-29T02:12:41Z", "2026-11-22T24:12:41Z",
        "2026-11-22T02:60:41Z", "2026-11-22T02:12:61Z", "2026/11/22T02:12:41Z", "2026-11-22T02.12.41Z",
        "2026-11-22T02:12:41z1", "2026-11-22T02:12:41+0100", "2026-11-22T02:12:41+01:0", "1600-11-22T02:12:41Z",
        "9999-11-22T02:12:41Z", "-026-11-22T02:12:41Z"})
    EXPECT_FALSE(parse_iso(text)) << text;
}

/// A text with one piece after another replaced by something that it must not be.
template <typename Parse>
void expect_each_piece_counts(const std::vector<std::string>& pieces, std::size_t separators_from, Parse parse) {
  const auto whole = [&] { return join(pieces, ""); };
  ASSERT_TRUE(parse(whole())) << whole();
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::vector<std::string> wrong = pieces;
    wrong[i] = std::string(pieces[i].size(), i < separators_from ? 'x' : '!');
    EXPECT_FALSE(parse(join(wrong, ""))) << join(wrong, "");
  }
}

TEST(Utc, EveryPieceOfATimeMustBeWhatItSays) {
  expect_each_piece_counts({"2026", "-", "11", "-", "22", "T", "02", ":", "12", ":", "41", "Z"}, 0, parse_iso);
  expect_each_piece_counts({"2026-11-22T02:12:41.5+", "05", "30"}, 3, [](const std::string& text) {
    return parse_iso(text.substr(0, 24) + ":" + text.substr(24));
  });
  for (const char* text :
       {"2026-11-22T02:12:41.5", "2026-11-22T02:12:41.", "2026-11-22T02:12:41.5/", "2026-11-22T02:12:41.5Z "})
    EXPECT_FALSE(parse_iso(text)) << text;
}

TEST(Utc, EveryPieceOfAnHttpDateMustBeWhatItSays) {
  const WallTime time = wall_from_ns(1'795'313'561'000'000'000);
  EXPECT_EQ(parse_http_date(http_date(time)), time);
  for (const char* text :
       {"", "Sun, 22 Nov 2026 02:12:41", "Sun, 22 Nov 2026 02:12:41 CET", "Sun, xx Nov 2026 02:12:41 GMT",
        "Sun, 22 Nox 2026 02:12:41 GMT", "Sun, 22 Nov xxxx 02:12:41 GMT", "Sun, 22 Nov 2026 xx:12:41 GMT",
        "Sun, 22 Nov 2026 02:xx:41 GMT", "Sun, 22 Nov 2026 02:12:xx GMT", "Sun, 22 Nov 1969 02:12:41 GMT",
        "Sun, 22 Nov 2201 02:12:41 GMT", "Sun, 22 Nov 2026 24:12:41 GMT", "Sun, 22 Nov 2026 02:60:41 GMT",
        "Sun, 22 Nov 2026 02:12:61 GMT", "Sun, 31 Nov 2026 02:12:41 GMT"})
    EXPECT_FALSE(parse_http_date(text)) << text;
}

TEST(Utc, DurationsAreSaidInTheTwoUnitsThatMatter) {
  const std::pair<Nanoseconds, const char*> table[] = {{0ns, "0 ms"},        {41ms, "41 ms"},        {1400ms, "1.4 s"},
                                                       {125s, "2 min 05 s"}, {190min, "3 h 10 min"}, {52h, "2 d 4 h"},
                                                       {-41ms, "-41 ms"}};
  for (const auto& [duration, text] : table) EXPECT_EQ(duration_text(duration), text);
}

}  // namespace
}  // namespace exhibit
