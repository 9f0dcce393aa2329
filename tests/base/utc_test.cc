#include "base/utc.h"

#include <gtest/gtest.h>

#include <limits>

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

TEST(Utc, DurationsAreSaidInTheTwoUnitsThatMatter) {
  const std::pair<Nanoseconds, const char*> table[] = {{0ns, "0 ms"},        {41ms, "41 ms"},        {1400ms, "1.4 s"},
                                                       {125s, "2 min 05 s"}, {190min, "3 h 10 min"}, {52h, "2 d 4 h"},
                                                       {-41ms, "-41 ms"}};
  for (const auto& [duration, text] : table) EXPECT_EQ(duration_text(duration), text);
}

}  // namespace
}  // namespace exhibit
