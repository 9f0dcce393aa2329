#include <gmock/gmock.h>

#include "acme_engine.h"
#include "base/text.h"
#include "engine/retention.h"
#include "engine/tenant_engine.h"
#include "phf_alert.h"

/// What leaves the memory, and what may leave the store.
namespace exhibit {
namespace {

using namespace std::chrono_literals;
using test::AlertXml;

using test::sensor;
const Now noon{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};
Now after(Nanoseconds wait) { return {noon.wall + wait, noon.mono + wait}; }

IncidentId incident_of(const Reaction& reaction) {
  for (const Fact& fact : reaction.facts)
    if (const auto* row = std::get_if<IncidentRow>(&fact)) return row->id;
  return {};
}

class ForgettingTest : public testing::Test {
 protected:
  Reaction alert(const std::string& event, const std::string& attacker, Now now, const std::string& log = "") {
    AlertXml xml;
    xml.event_id = event;
    xml.attacker = attacker;
    xml.log = log;
    SensorSaid said{sensor, {}};
    said.batch.events.emplace_back(xml.wire());
    return engine.on(said, now);
  }
  /// The desk takes all that is sent.
  IncidentId delivered(Reaction reaction, Now now, bool by_number = true) {
    IncidentId id;
    while (true) {
      Reaction more;
      for (const Effect& effect : reaction.effects)
        if (const auto* send = std::get_if<SendDelivery>(&effect)) {
          id = {send->id.text.substr(0, send->id.text.rfind('-'))};
          more = engine.on(
              DeliveryEnded{send->id, {DeliveryOutcome::Kind::done, by_number ? cat("t", ++made) : "", "", "", {}, {}}},
              now);
        }
      if (more.effects.empty()) return id;
      reaction = std::move(more);
    }
  }
  TenantEngine engine{test::acme_engine(sensor)};
  int made = 0;
};

TEST_F(ForgettingTest, OnlyWhatWaitsForNothingMayGo) {
  Reaction owed = alert("1", "192.0.2.1", noon);
  const IncidentId id = incident_of(owed);
  EXPECT_FALSE(engine.may_go(id, noon)) << "its ticket is owed";
  delivered(std::move(owed), noon);
  EXPECT_TRUE(engine.may_go(id, noon));
  const IncidentId waits = delivered(alert("2", "192.0.2.2", noon, "77"), noon);
  EXPECT_FALSE(engine.may_go(waits, noon)) << "its capture is expected";
}

TEST_F(ForgettingTest, WhatWentIsNoLongerThereButDoesNotComeTwice) {
  const IncidentId id = delivered(alert("1", "192.0.2.1", noon), noon);
  engine.gone({{id}, {}, {}});
  EXPECT_EQ(engine.incident(id), nullptr);
  EXPECT_TRUE(alert("1", "192.0.2.1", noon).effects.empty());
  EXPECT_EQ(engine.counts().duplicates_dropped, 1U);
  EXPECT_NE(delivered(alert("2", "192.0.2.1", noon), noon), id) << "the next of its group opens its own";
}

TEST_F(ForgettingTest, AnOpenTicketThatIsFollowedMayNotGoForAWeek) {
  EngineSettings settings = test::acme_engine(sensor);
  settings.round_trip = true;
  engine = TenantEngine(std::move(settings));
  const IncidentId id = delivered(alert("1", "192.0.2.1", noon), noon);
  EXPECT_FALSE(engine.may_go(id, after(24h * 6)));
  EXPECT_TRUE(engine.may_go(id, after(24h * 8)));
  const IncidentId hook = delivered(alert("2", "192.0.2.2", noon), noon, false);
  EXPECT_TRUE(engine.may_go(hook, noon)) << "a webhook's ticket has no number to ask for";
}

TEST_F(ForgettingTest, MemoryIsBoundedByNumberAndTheOldestGoFirst) {
  const std::size_t many = 2 * limits::incidents_in_memory;
  std::vector<IncidentId> ids;
  const IncidentId waits = incident_of(alert("0", "203.0.113.9", noon, "77"));
  for (std::size_t i = 1; i <= many; ++i)
    ids.push_back(
        delivered(alert(cat(i), cat("10.", i >> 16, ".", i >> 8 & 255, ".", i & 255), after(1ms * i)), after(1ms * i)));
  const auto held =
      std::count_if(ids.begin(), ids.end(), [&](const IncidentId& id) { return engine.incident(id) != nullptr; });
  EXPECT_LE(held, limits::incidents_in_memory + limits::incidents_in_memory / 4);
  EXPECT_EQ(engine.incident(ids.front()), nullptr);
  EXPECT_NE(engine.incident(ids.back()), nullptr);
  EXPECT_NE(engine.incident(waits), nullptr) << "it waits for its capture";
}

TEST(Bounds, AreOneConditionThatClosesItself) {
  TenantEngine engine(test::acme_engine(sensor));
  const auto told = [](const Reaction& reaction) {
    const auto* one = std::get_if<TellOperator>(&reaction.effects.at(0));
    return one ? cat(one->open ? "+" : "-", one->key) : "";
  };
  EXPECT_EQ(told(engine.on(BoundsSaid{true, "all is on hold"}, noon)), "+store/bounds");
  EXPECT_EQ(told(engine.on(BoundsSaid{false, ""}, noon)), "-store/bounds");
}

TEST(Retention, DeletesNothingByAClockThatJumped) {
  const Retention retention(24h * 400, noon, noon.wall - 1h);
  EXPECT_EQ(retention.before(after(2h)), noon.wall + 2h - 24h * 400);
  const Now ahead{noon.wall + 24h * 3650, noon.mono + 2h}, back{noon.wall - 24h * 3650, noon.mono + 2h};
  EXPECT_EQ(retention.before(ahead), WallTime{});
  EXPECT_EQ(retention.before(back), WallTime{});
}

TEST(Retention, WaitsForADayWhenItStartsLongAfterTheNewestRow) {
  const Retention retention(24h * 400, noon, noon.wall - 24h * 30);
  EXPECT_EQ(retention.before(after(23h)), WallTime{});
  EXPECT_EQ(retention.before(after(25h)), noon.wall + 25h - 24h * 400);
}

}  // namespace
}  // namespace exhibit
