#include "engine/pull_slots.h"

#include <gmock/gmock.h>

namespace exhibit {
namespace {

FetchCapture log(const char* number) { return {{{"acme-ips1"}, number, 0}, 1}; }
CaptureKey key(const char* number) { return log(number).key; }

TEST(PullSlots, NoMoreThanItsBoundBeginAndTheRestInTurn) {
  PullSlots slots(2);
  EXPECT_TRUE(slots.asked(log("1")));
  EXPECT_TRUE(slots.asked(log("2")));
  EXPECT_FALSE(slots.asked(log("3")));
  EXPECT_FALSE(slots.asked(log("4")));
  const auto next = slots.ended(key("2"));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->key, key("3"));
  EXPECT_EQ(slots.under_way(), 2U);
  EXPECT_EQ(slots.ended(key("1"))->key, key("4"));
  EXPECT_FALSE(slots.ended(key("3")));
  EXPECT_FALSE(slots.ended(key("4")));
  EXPECT_EQ(slots.under_way(), 0U);
}

TEST(PullSlots, ALogThatIsBeingPulledOrWaitsIsNotPulledASecondTime) {
  PullSlots slots(1);
  EXPECT_TRUE(slots.asked(log("1")));
  EXPECT_FALSE(slots.asked(log("1"))) << "a new engine asks for what the former one asked for";
  EXPECT_FALSE(slots.asked(log("2")));
  EXPECT_FALSE(slots.asked(log("2")));
  EXPECT_TRUE(slots.ended(key("1")));
  EXPECT_FALSE(slots.ended(key("2")));
  EXPECT_TRUE(slots.asked(log("1"))) << "afterwards it may be";
}

}  // namespace
}  // namespace exhibit
