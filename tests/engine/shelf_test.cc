#include "engine/shelf.h"

#include <gmock/gmock.h>

#include "acme_engine.h"
#include "base/text.h"
#include "engine/tenant_engine.h"
#include "engine_rows.h"
#include "phf_alert.h"

/// What waits long for its desk leaves the memory, and nobody can tell by what is sent.
namespace exhibit {
namespace {

using namespace std::chrono_literals;
using Kind = DeliveryOutcome::Kind;
using test::AlertXml;
using test::sensor;
using testing::ElementsAre;
using testing::IsEmpty;

/// An engine that keeps `waiting_in_memory` incidents, its rows, and a desk that answers when it is told to.
class ShelfTest : public testing::Test {
 protected:
  explicit ShelfTest(std::size_t waiting_in_memory = 2) : settings(test::acme_engine(sensor)), engine(settings) {
    settings.waiting_in_memory = waiting_in_memory;
    settings.outbox.in_flight_max = 1;
    engine = TenantEngine(settings);
  }

  void give(const Input& input) {
    for (const IncidentId& id : engine.absent(input, now)) {
      engine.bring_back(rows.of(id), now);
      ++brought_back;
    }
    Reaction reaction = engine.on(input, now);
    for (const Fact& fact : reaction.facts) std::visit([this](const auto& row) { rows.take(row); }, fact);
    for (Effect& effect : reaction.effects) {
      if (const auto* send = std::get_if<SendDelivery>(&effect)) under_way.push_back(*send);
      if (const auto* order = std::get_if<ExamineCapture>(&effect)) examining.push_back(*order);
    }
    put_aside += engine.put_aside();
  }

  AlertXml xml(int number, const std::string& severity = "high") const {
    AlertXml alert;
    alert.event_id = cat(number), alert.severity = severity, alert.log.clear();
    alert.target = cat("198.51.100.", number), alert.time_ns = cat(ns_of(now.wall));
    return alert;
  }
  void raise(const AlertXml& alert) {
    SensorSaid said{sensor, {}};
    said.batch.events.emplace_back(alert.wire());
    give(said);
  }
  void raise(int number, const std::string& severity = "high") { raise(xml(number, severity)); }

  void pass(Nanoseconds time) {
    now.wall += time, now.mono += time;
    give(Tick{});
  }
  /// The desk takes the first thing that is under way, and what follows, until nothing does.
  void desk_takes_all() {
    for (int calls = 0; calls < 1000; ++calls) {
      if (under_way.empty()) {
        const auto wake = engine.next_wake();
        if (!wake || *wake > now.mono) return;
        give(Tick{});
        continue;
      }
      const SendDelivery send = std::exchange(under_way, {}).front();
      taken.push_back(cat(token(send.kind), " ", target_of(send)));
      bodies.push_back(send.body);
      give(DeliveryEnded{send.id, {Kind::done, cat("t-", send.correlation.text), "INC1", "", {}, {}}});
    }
  }
  std::string target_of(const SendDelivery& send) const {
    const IncidentRow& row = rows.incidents.at({send.id.text.substr(0, 36)});
    return row.group.substr(row.group.rfind('.') + 1);
  }
  const IncidentRow& incident_of(int number) const {
    for (const auto& [id, row] : rows.incidents)
      if (row.group.ends_with(cat(".", number))) return row;
    throw std::out_of_range(cat(number));
  }

  EngineSettings settings;
  TenantEngine engine;
  test::EngineRows rows;
  std::vector<SendDelivery> under_way;
  std::vector<ExamineCapture> examining;
  std::vector<std::string> taken, bodies;
  std::size_t brought_back = 0, put_aside = 0;
  Now now{wall_from_ns(1'795'313'561'000'000'000), MonoTime{100h}};
};

TEST_F(ShelfTest, BeyondTheBoundTheLastInTurnLeaveTheMemoryAndAllGetTheirTicketsInOrder) {
  for (int number = 1; number <= 9; ++number) raise(number);
  EXPECT_EQ(put_aside, 6U);  // One is under way, two wait in memory.
  EXPECT_EQ(engine.waiting(), 8U);
  EXPECT_EQ(engine.open_deliveries(), 9U);
  EXPECT_EQ(engine.incident(incident_of(9).id), nullptr);
  EXPECT_FALSE(engine.settled());
  EXPECT_FALSE(engine.may_go(incident_of(9).id, now)) << "its ticket is owed";
  desk_takes_all();
  EXPECT_THAT(taken, ElementsAre("ensure 1", "ensure 2", "ensure 3", "ensure 4", "ensure 5", "ensure 6", "ensure 7",
                                 "ensure 8", "ensure 9"));
  EXPECT_EQ(brought_back, 6U);
  EXPECT_TRUE(engine.settled());
}

TEST_F(ShelfTest, HigherSeverityGoesFirstFromTheShelfToo) {
  settings.policy.ticket_from = Severity::medium;
  settings.policy.ticket_from_risk = 101;
  engine = TenantEngine(settings);
  for (int number = 1; number <= 5; ++number) raise(number, "medium");
  raise(6);
  raise(7);
  EXPECT_NE(engine.incident(incident_of(7).id), nullptr) << "one of lower severity left in its place";
  desk_takes_all();
  EXPECT_THAT(taken, ElementsAre("ensure 1", "ensure 6", "ensure 7", "ensure 2", "ensure 3", "ensure 4", "ensure 5"));
}

TEST_F(ShelfTest, TheTicketIsTheSameAsIfItHadStayed) {
  for (int number = 1; number <= 6; ++number) raise(number);
  ASSERT_GT(put_aside, 0U);
  desk_takes_all();
  const std::vector<std::string> from_shelf = std::exchange(bodies, {});
  settings.waiting_in_memory = 100;
  engine = TenantEngine(settings);
  put_aside = 0, rows = {}, now = {wall_from_ns(1'795'313'561'000'000'000), MonoTime{100h}};
  for (int number = 1; number <= 6; ++number) raise(number);
  ASSERT_EQ(put_aside, 0U);
  desk_takes_all();
  EXPECT_EQ(from_shelf, bodies);
}

TEST_F(ShelfTest, AnAlertOfTheSameGroupJoinsAnIncidentOnTheShelf) {
  for (int number = 1; number <= 6; ++number) raise(number);
  AlertXml again = xml(5);
  again.event_id = "77";
  raise(again);
  EXPECT_EQ(rows.incidents.size(), 6U);
  EXPECT_EQ(incident_of(5).alerts, 2U);
  desk_takes_all();
  EXPECT_EQ(taken.size(), 6U) << "its ticket tells of both";
}

TEST_F(ShelfTest, ASummaryJoinsTheIncidentOfItsInitialAlertOnTheShelf) {
  for (int number = 1; number <= 6; ++number) raise(number);
  AlertXml summary = xml(200);
  summary.extra = "<cid:summary cid:final='true' cid:initialAlert='6'>12</cid:summary>";
  raise(summary);
  EXPECT_EQ(rows.incidents.size(), 6U);
  EXPECT_EQ(incident_of(6).alerts, 2U);
}

TEST_F(ShelfTest, WhoAdoptsAnAlertFindsItsIncidentOnTheShelf) {
  for (int number = 1; number <= 6; ++number) raise(number);
  AdoptionRow by_event;
  by_event.ticket = "theirs1", by_event.number = "INC71", by_event.sensor = sensor, by_event.event_id = "5";
  give(AdoptAsked{by_event});
  EXPECT_EQ(incident_of(5).ticket, "theirs1");
  AdoptionRow by_addresses;
  by_addresses.ticket = "theirs2", by_addresses.number = "INC72", by_addresses.sensor = sensor;
  by_addresses.time = now.wall + 1s, by_addresses.attacker = "192.0.2.10", by_addresses.target = "198.51.100.6";
  give(AdoptAsked{by_addresses});
  EXPECT_EQ(incident_of(6).ticket, "theirs2");
}

TEST_F(ShelfTest, WhatIsUnderWayOrInDoubtOrWaitsForACaptureStays) {
  raise(1);
  AlertXml logged = xml(2);
  logged.log = "4711";
  raise(logged);
  for (int number = 3; number <= 6; ++number) raise(number);
  give(DeliveryEnded{under_way.front().id, {Kind::unknown, "", "", "", {}, "timeout"}});
  EXPECT_NE(engine.incident(incident_of(1).id), nullptr) << "whether its ticket stands is in doubt";
  EXPECT_NE(engine.incident(incident_of(2).id), nullptr) << "its capture is expected";
  EXPECT_EQ(engine.incident(incident_of(6).id), nullptr);
}

TEST_F(ShelfTest, WhatACaptureToldIsInTheTicketThatComesFromTheShelf) {
  settings.waiting_in_memory = 0;
  engine = TenantEngine(settings);
  raise(1);
  AlertXml logged = xml(2);
  logged.log = "4711";
  raise(logged);
  pass(40s);
  const CaptureKey key{sensor, "4711", 0};
  give(FetchEnded{key, FetchEnded::Kind::whole, EvidenceId{"aa"}, 100, ""});
  pass(20s);
  give(FetchEnded{key, FetchEnded::Kind::whole, EvidenceId{"aa"}, 100, ""});
  ASSERT_EQ(examining.size(), 1U);
  CaptureReport report;
  report.packets = 212, report.addresses_match = true;
  give(CaptureExamined{key, incident_of(2).id, report});
  EXPECT_EQ(engine.incident(incident_of(2).id), nullptr);
  desk_takes_all();
  EXPECT_THAT(bodies.back(), testing::HasSubstr("\"packets\":212"));
  EXPECT_EQ(examining.size(), 1U) << "once is enough";
}

TEST_F(ShelfTest, ADeskThatIsDownIsTriedAsOftenAsIfAllWereInMemory) {
  for (int number = 1; number <= 6; ++number) raise(number);
  for (int minute = 0; minute < 60; ++minute) {
    while (!under_way.empty())
      give(DeliveryEnded{std::exchange(under_way, {}).front().id, {Kind::retry, "", "", "", {}, "HTTP 503"}});
    pass(1min);
  }
  std::vector<int> attempts;
  for (int number = 1; number <= 6; ++number)
    attempts.push_back(rows.deliveries.at({incident_of(number).id.text + "-0"}).attempt);
  EXPECT_THAT(attempts, testing::Each(testing::AllOf(testing::Ge(6), testing::Le(12)))) << "each waits longer each time";
}

TEST_F(ShelfTest, NoneGoesBeforeOneOnTheShelfWhoseTurnHasCome) {
  settings.waiting_in_memory = 0;
  settings.policy.ticket_from = Severity::medium;
  settings.policy.ticket_from_risk = 101;
  engine = TenantEngine(settings);
  raise(1);
  AlertXml logged = xml(2, "medium");
  logged.log = "4711";
  raise(logged);  // Its capture keeps it in memory.
  raise(3);
  const DeliveryId first = std::exchange(under_way, {}).front().id;
  const Reaction ended = engine.on(DeliveryEnded{first, {Kind::done, "t-1", "INC1", "", {}, {}}}, now);
  for (const Effect& effect : ended.effects)
    EXPECT_FALSE(std::holds_alternative<SendDelivery>(effect)) << "nobody brought back what is absent";
  ASSERT_TRUE(engine.next_wake());
  EXPECT_LE(*engine.next_wake(), now.mono);
  desk_takes_all();
  EXPECT_EQ(taken.at(0), "ensure 3");
  EXPECT_EQ(taken.at(1), "ensure 2");
}

TEST_F(ShelfTest, ThoseThatCannotLeaveKeepNoOthersInMemory) {
  for (int number = 1; number <= 3; ++number) raise(number);
  settings.policy.ticket_from = Severity::medium;
  settings.policy.ticket_from_risk = 101;
  engine = TenantEngine(settings);
  rows = {}, under_way.clear(), put_aside = 0;
  for (int number = 1; number <= 150; ++number) {
    AlertXml logged = xml(number, "medium");
    logged.log = cat(number);
    raise(logged);
  }
  EXPECT_EQ(put_aside, 0U);
  for (int number = 151; number <= 200; ++number) raise(number);
  for (int commits = 0; commits < 100; ++commits) give(DiskSaid{});
  EXPECT_EQ(put_aside, 50U) << "the last in turn wait for their captures";
}

TEST_F(ShelfTest, AStoreThatIsReadAgainIsPutAsideAgain) {
  for (int number = 1; number <= 9; ++number) raise(number);
  under_way.clear();
  TenantEngine again(settings);
  (void)again.restore(rows.snapshot(), now);
  EXPECT_EQ(again.put_aside(), 6U);
  EXPECT_EQ(again.put_aside(), 0U);
  EXPECT_EQ(again.open_deliveries(), 9U);
}

class MailedShelfTest : public ShelfTest {
 protected:
  MailedShelfTest() : ShelfTest(0) {
    settings.people = {true, Channel::people, 15min, "soc@msp.example", {}};
    engine = TenantEngine(settings);
  }
};

TEST_F(MailedShelfTest, PeopleHearByMailOfWhatWaitsOnTheShelf) {
  for (int number = 1; number <= 200; ++number) raise(number);
  under_way.clear();  // The desk never answers.
  std::size_t mails = 0;
  pass(16min);
  for (int i = 0; i < 1000 && mails < 200; ++i) {
    while (!under_way.empty()) {
      const SendDelivery send = under_way.back();
      under_way.pop_back();
      if (send.channel != Channel::people) continue;
      ++mails;
      give(DeliveryEnded{send.id, {Kind::done, "", "", "", {}, {}}});
    }
    give(Tick{});
  }
  EXPECT_EQ(mails, 200U);
  EXPECT_TRUE(incident_of(200).mailed_at);
  EXPECT_EQ(engine.incident(incident_of(200).id), nullptr) << "mailed, it waits for its desk alone";
}

TEST_F(MailedShelfTest, MailsThatFailedKeepNoOthersFromBeingTriedAndHigherSeverityGoesFirst) {
  settings.policy.ticket_from = Severity::medium;
  settings.policy.ticket_from_risk = 101;
  engine = TenantEngine(settings);
  for (int number = 1; number <= 99; ++number) raise(number, "medium");
  raise(100);
  under_way.clear();
  std::vector<std::string> tried;
  pass(16min);
  for (int i = 0; i < 300; ++i) {
    while (!under_way.empty()) {
      const SendDelivery send = under_way.front();
      under_way.erase(under_way.begin());
      if (send.channel != Channel::people) continue;
      tried.push_back(std::string(token(send.severity)));
      give(DeliveryEnded{send.id, {Kind::retry, "", "", "", {}, "mail is down"}});
    }
    give(Tick{});
  }
  EXPECT_EQ(tried.size(), 100U) << "each once, while no time passes";
  EXPECT_EQ(tried.at(0), "high");
}

TEST(IncidentKey, IsOfEachIdAndNobodysOfAnyOtherText) {
  const IncidentId id{"00112233-4455-8677-8899-aabbccddeeff"};
  EXPECT_EQ(IncidentKey::of(id).id(), id);
  EXPECT_FALSE(IncidentKey::of(id).nobodys());
  for (std::size_t at = 0; at < id.text.size(); ++at)
    for (const char foreign : {'g', 'A', '-', '0', '\0'}) {
      IncidentId other = id;
      other.text[at] = foreign;
      const IncidentKey key = IncidentKey::of(other);
      EXPECT_TRUE(key.nobodys() || key.id() == other) << other.text;
    }
  for (const char* const text : {"", "00112233445586778899aabbccddeeff", "00112233-4455-8677-8899-aabbccddeeff0"})
    EXPECT_TRUE(IncidentKey::of({text}).nobodys()) << text;
}

TEST(ShelfTable, FindsByGroupAndTimeAndGivesBackWhatWasPut) {
  Shelf shelf;
  const IncidentId one{"00112233-4455-8677-8899-aabbccddeeff"}, other{"ffeeddcc-bbaa-8988-b766-554433221100"};
  const Now now{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};
  shelf.put(IncidentKey::of(one), {Shelf::group_hash("a"), now.wall, {{Severity::low, now.mono, 1}, 3, 2}});
  shelf.put(IncidentKey::of(other), {Shelf::group_hash("a"), now.wall + 1h, {{Severity::high, now.mono + 1h, 2}, 0, 1}});
  EXPECT_THAT(shelf.of_group("a", now.wall, 2h), testing::UnorderedElementsAre(one, other));
  EXPECT_THAT(shelf.of_group("a", now.wall, 1min), ElementsAre(one)) << "the other's time is another";
  EXPECT_THAT(shelf.of_group("b", now.wall, 2h), IsEmpty());
  EXPECT_THAT(shelf.near(now.wall - 1s, 2s), ElementsAre(one));
  EXPECT_THAT(shelf.due(now, 5, {}), ElementsAre(one)) << "the other's turn has not come";
  EXPECT_THAT(shelf.due({now.wall, now.mono + 2h}, 5, {}), ElementsAre(other, one)) << "severity first";
  EXPECT_THAT(shelf.due({now.wall, now.mono + 2h}, 5, Turn{Severity::medium, now.mono, 9}), ElementsAre(other));
  EXPECT_EQ(shelf.next_turn(), now.mono);
  EXPECT_EQ(shelf.deliveries(), 3U);
  const auto taken = shelf.take(one);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->waiting.failures, 3);
  EXPECT_FALSE(shelf.contains(one));
  EXPECT_FALSE(shelf.take(one));
  EXPECT_EQ(shelf.deliveries(), 1U);
  EXPECT_EQ(shelf.next_turn(), now.mono + 1h);
}

}  // namespace
}  // namespace exhibit
