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

}  // namespace
}  // namespace exhibit
