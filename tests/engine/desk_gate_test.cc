#include "engine/desk_gate.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using Told = DeskGate::Told::Kind;

class DeskGateTest : public testing::Test {
 protected:
  /// Serves whoever may go, and says whose calls they were: "a1 b1".
  std::string served(DeskGate& gate, std::size_t at_most = 100) {
    std::string order;
    while (at_most-- > 0) {
      const auto call = gate.next(now);
      if (!call) break;
      order += cat(order.empty() ? "" : " ", names[*call]);
      gate.told({}, now);
    }
    return order;
  }
  void wait(DeskGate& gate, const std::string& tenant, int count, Severity severity = Severity::high) {
    for (int i = 1; i <= count; ++i) {
      names[++last] = cat(tenant, i);
      gate.wait(last, {tenant}, severity, now);
    }
  }

  DeskGate::Settings settings;
  MonoTime now{1000s};
  std::map<std::uint64_t, std::string> names;
  std::uint64_t last = 0;
};

TEST_F(DeskGateTest, TenantsTakeTurnsHoweverMuchOneOfThemWants) {
  DeskGate gate(settings);
  wait(gate, "a", 5);
  wait(gate, "b", 2);
  wait(gate, "c", 1);
  EXPECT_EQ(served(gate), "a1 b1 c1 a2 b2 a3 a4 a5");
}

TEST_F(DeskGateTest, ASevereAlertGoesBeforeAMildOneOfAnotherTenant) {
  DeskGate gate(settings);
  wait(gate, "a", 2, Severity::low);
  wait(gate, "b", 2, Severity::high);
  EXPECT_EQ(served(gate), "b1 b2 a1 a2");
}

TEST_F(DeskGateTest, WaitingLiftsACallSoThatAFloodStarvesNobody) {
  DeskGate gate(settings);
  wait(gate, "mild", 1, Severity::low);
  now += 61s;
  wait(gate, "flood", 3, Severity::high);
  EXPECT_EQ(served(gate, 1), "mild1");
}

TEST_F(DeskGateTest, ARefusedLoginStopsEveryTenantAndAPersonMayEndIt) {
  DeskGate gate(settings);
  wait(gate, "a", 1);
  ASSERT_TRUE(gate.next(now));
  gate.told({.kind = Told::denied, .why = "HTTP 401"}, now);
  wait(gate, "b", 1);
  EXPECT_EQ(served(gate), "");
  ASSERT_TRUE(gate.rest(now));
  EXPECT_TRUE(gate.rest(now)->denied);
  EXPECT_EQ(gate.rest(now)->why, "HTTP 401");
  gate.resume();
  EXPECT_EQ(served(gate), "b1");
}

TEST_F(DeskGateTest, AfterFailuresInARowOneCallTriesWhetherTheDeskIsBack) {
  DeskGate gate(settings);
  wait(gate, "a", 20);
  for (int i = 0; i < settings.failures_in_a_row; ++i) {
    ASSERT_TRUE(gate.next(now));
    gate.told({.kind = Told::failed}, now);
  }
  EXPECT_FALSE(gate.next(now)) << "it rests";
  now += settings.rest_first;
  EXPECT_TRUE(gate.next(now)) << "one may try";
  EXPECT_FALSE(gate.next(now)) << "and nobody else meanwhile";
  gate.told({.kind = Told::failed}, now);
  now += settings.rest_first;
  EXPECT_FALSE(gate.next(now)) << "each rest is longer than the one before";
  now += settings.rest_first;
  EXPECT_TRUE(gate.next(now));
  gate.told({.kind = Told::answered}, now);
  EXPECT_EQ(served(gate).substr(0, 5), "a8 a9");
}

TEST_F(DeskGateTest, AWishToBeLeftAloneHoldsForEverybody) {
  DeskGate gate(settings);
  wait(gate, "a", 1);
  wait(gate, "b", 1);
  ASSERT_TRUE(gate.next(now));
  gate.told({.kind = Told::answered, .hold = 40s, .why = "HTTP 429"}, now);
  now += 39s;
  EXPECT_EQ(served(gate), "");
  now += 1s;
  EXPECT_EQ(served(gate), "b1");
}

TEST_F(DeskGateTest, NoRollingHourSeesMoreCallsThanTheCeiling) {
  settings.calls_per_hour = 600;
  DeskGate gate(settings);
  std::multiset<MonoTime> calls;
  for (int minute = 0; minute < 240; ++minute, now += 30s) {
    wait(gate, "a", 20);
    while (gate.next(now)) {
      gate.told({}, now);
      calls.insert(now);
    }
    const auto first = calls.upper_bound(now - 1h);
    ASSERT_LE(std::distance(first, calls.end()), settings.calls_per_hour) << "half-minute " << minute;
  }
  EXPECT_GE(calls.size(), 1100U) << "and the ceiling is used";
}

TEST_F(DeskGateTest, AnOperationOfSeveralRequestsCostsAsMany) {
  settings.calls_per_hour = 600;
  DeskGate gate(settings);
  wait(gate, "a", 100);
  int served_calls = 0;
  while (gate.next(now)) {
    gate.told({.requests = 5}, now);
    ++served_calls;
  }
  EXPECT_EQ(served_calls, 2) << "ten calls are one minute's share";
}

}  // namespace
}  // namespace exhibit
