#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "acme_engine.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/tenant_engine.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using test::AlertXml;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = DeliveryOutcome::Kind;

using test::sensor;

/// A tenant whose desk answers at once, and people who work there.
class RoundTripTest : public testing::Test {
 protected:
  RoundTripTest() : engine(settings()) {}

  static EngineSettings settings() {
    EngineSettings s = test::acme_engine(sensor);
    s.group_window = 48h;
    return s;
  }
  Now now() const { return {wall_from_ns(1'795'313'561'123'000'000) + clock, MonoTime{1h} + clock}; }
  /// Gives the input, answers every delivery, and says what was delivered: "note sys1", "ensure".
  std::vector<std::string> give(const Input& input) {
    std::vector<std::string> done;
    std::deque<Reaction> reactions{engine.on(input, now())};
    while (!reactions.empty()) {
      const Reaction reaction = std::move(reactions.front());
      reactions.pop_front();
      for (const Fact& fact : reaction.facts)
        if (const auto* row = std::get_if<CommentRow>(&fact)) comments.push_back(cat(row->author, ": ", row->text));
      for (const Effect& effect : reaction.effects)
        if (const auto* send = std::get_if<SendDelivery>(&effect)) {
          done.push_back(send->kind == DeliveryKind::ensure ? "ensure" : cat(token(send->kind), " ", send->ticket));
          bodies.push_back(send->body);
          const bool makes = send->kind == DeliveryKind::ensure;
          const std::string ticket = makes ? cat("sys", ++made) : send->ticket;
          reactions.push_back(
              engine.on(DeliveryEnded{send->id, {Kind::done, ticket, cat("INC", made), "", {}, {}}}, now()));
        }
    }
    return done;
  }
  std::vector<std::string> alert(const std::string& event_id = "1182522900045587005") {
    AlertXml xml;
    xml.event_id = event_id;
    xml.time_ns = cat(1'795'313'561'123'000'000 + clock.count());
    SensorSaid said{sensor, {}};
    said.batch.events.emplace_back(xml.wire());
    return give(said);
  }
  static DeskSaid closed(const std::string& ticket, const std::string& version) {
    TicketChange change;
    change.ticket = ticket;
    change.version = version;
    change.state = "Closed";
    change.closed = true;
    change.close_code = "false positive";
    return {{change}, "{\"since\":1}", false};
  }
  AdoptAsked into(const std::string& event_id = "1182522900045587005") const {
    AdoptionRow order;
    order.ticket = "their-sys";
    order.number = "INC0012345";
    order.sensor = sensor;
    order.event_id = event_id;
    return {order};
  }

  TenantEngine engine;
  Nanoseconds clock{0};
  int made = 0;
  std::vector<std::string> bodies, comments;
};

TEST_F(RoundTripTest, WhatPeopleDoToATicketIsKeptOnce) {
  alert();
  DeskSaid said = closed("sys1", "v2");
  said.changes[0].comments = {{{}, "c1", "kim", "looked at it", "2026-11-22", false, {}}};
  give(said);
  give(said);  // Cursors overlap.
  EXPECT_THAT(comments, ElementsAre("kim: looked at it"));
}

TEST_F(RoundTripTest, AJoiningAlertOpensARecentlyClosedTicketAgainBeforeItWrites) {
  alert();
  give(closed("sys1", "v2"));
  clock = 1h;
  EXPECT_THAT(alert("2"), ElementsAre("state sys1", "note sys1"));
  EXPECT_THAT(bodies[bodies.size() - 2], HasSubstr(R"("state":"open")"));
}

TEST_F(RoundTripTest, ATicketClosedLongAgoStaysClosedAndANewOneNamesIt) {
  alert();
  give(closed("sys1", "v2"));
  clock = 25h;
  EXPECT_THAT(alert("2"), ElementsAre("ensure"));
  EXPECT_THAT(bodies.back(), HasSubstr("Earlier: INC1, closed (false"));
}

TEST_F(RoundTripTest, NothingIsWrittenIntoAClosedTicket) {
  alert();
  give(closed("sys1", "v2"));
  clock = 2h;  // The log is long overwritten by then, which would be worth a note.
  EXPECT_THAT(give(FetchEnded{{sensor, AlertXml{}.log, 0}, FetchEnded::Kind::gone, {}, 0, "HTTP 404"}), IsEmpty());
}

TEST_F(RoundTripTest, APollNamesOpenTicketsWithTheCursorOfTheLastOne) {
  EXPECT_FALSE(engine.poll_request()) << "nothing to ask about";
  alert();
  give(DeskSaid{{}, "{\"since\":7}", false});
  const auto request = parse_json(*engine.poll_request());
  EXPECT_EQ((*request)["cursor"]["since"], 7);
  ASSERT_EQ((*request)["tickets"].size(), 1U);
  EXPECT_EQ(text_at((*request)["tickets"][0], "ticket"), "sys1");
  give(closed("sys1", "v2"));
  EXPECT_FALSE(engine.poll_request()) << "a closed one is left in peace";
}

TEST_F(RoundTripTest, APollAsksForAHundredAndForTheOthersNextTime) {
  for (int i = 0; i < 150; ++i) {
    AlertXml xml;
    xml.event_id = cat(i + 1);
    xml.signature = cat(i + 1);
    SensorSaid said{sensor, {}};
    said.batch.events.emplace_back(xml.wire());
    EXPECT_THAT(give(said), ElementsAre("ensure"));
  }
  std::map<std::string, int> asked;
  for (int poll = 0; poll < 3; ++poll) {
    const auto request = parse_json(*engine.poll_request());
    ASSERT_EQ((*request)["tickets"].size(), 100U);
    for (const Json& ticket : (*request)["tickets"]) ++asked[std::string(text_at(ticket, "ticket"))];
  }
  EXPECT_THAT(asked, SizeIs(150));
  for (const auto& [ticket, times] : asked) EXPECT_EQ(times, 2) << ticket;
}

TEST_F(RoundTripTest, AChangeFindsOursByTicketOrReferenceAndNothingElse) {
  alert();
  const auto request = parse_json(*engine.poll_request());
  const CorrelationId ours{std::string(text_at((*request)["tickets"][0], "correlation_id"))};
  TicketChange change;
  change.state = "On hold";
  for (const auto& [ticket, correlation] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"another", ""}, {"", "EXH1-NOBODYS"}, {"another", "EXH1-NOBODYS"}}) {
    change.ticket = ticket;
    change.correlation = correlation;
    EXPECT_THAT(engine.on(DeskSaid{{change}, "", false}, now()).facts, IsEmpty()) << ticket << correlation;
  }
  change.ticket = "another";
  change.correlation = ours.text;
  change.assignee = "kim";
  EXPECT_THAT(engine.on(DeskSaid{{change}, "", false}, now()).facts, SizeIs(1));
  const IncidentRow* row = engine.incident(ours);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->remote_state, "On hold");
  EXPECT_EQ(row->assignee, "kim");
  EXPECT_EQ(row->ticket, "sys1") << "which is known already";
}

TEST_F(RoundTripTest, ATicketClosedTwiceWasClosedTheFirstTime) {
  alert();
  give(closed("sys1", "v2"));
  const WallTime first = now().wall;
  clock = 1h;
  const Reaction again = engine.on(closed("sys1", "v3"), now());
  ASSERT_THAT(again.facts, SizeIs(1));
  EXPECT_EQ(std::get<IncidentRow>(again.facts[0]).closed_at, first);
  DeskSaid opened = closed("sys1", "v4");
  opened.changes[0].closed = false;
  EXPECT_FALSE(std::get<IncidentRow>(engine.on(opened, now()).facts.at(0)).closed_at);
}

TEST_F(RoundTripTest, ANumberThatTheDeskTellsLaterIsKept) {
  AlertXml xml;
  SensorSaid said{sensor, {}};
  said.batch.events.emplace_back(xml.wire());
  const Reaction opened = engine.on(said, now());
  const auto ours = std::find_if(opened.effects.begin(), opened.effects.end(),
                                 [](const Effect& effect) { return std::holds_alternative<SendDelivery>(effect); });
  const SendDelivery ensure = std::get<SendDelivery>(*ours);
  (void)engine.on(DeliveryEnded{ensure.id, {Kind::done, "", "", "", {}, {}}}, now());
  clock = 1min;
  xml.event_id = "2";
  xml.severity = "high";
  xml.log = "1734556299";
  said.batch.events = {xml.wire()};
  for (const Effect& effect : engine.on(said, now()).effects)
    if (const auto* note = std::get_if<SendDelivery>(&effect))
      (void)engine.on(DeliveryEnded{note->id, {Kind::done, "inc.x [rt #7]", "rt #7", "", {}, {}}}, now());
  const IncidentRow* const row = engine.incident(ensure.correlation);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->number, "rt #7");
  EXPECT_EQ(row->ticket, "inc.x [rt #7]");
}

TEST_F(RoundTripTest, AnAlertAskedForBeforeItComesGoesIntoTheirTicketAndNoneIsOpened) {
  EXPECT_THAT(give(into()), IsEmpty());
  EXPECT_THAT(alert(), ElementsAre("note their-sys"));
  EXPECT_THAT(bodies.back(), AllOf(HasSubstr("GET /cgi-bin/phf"), HasSubstr("https://ev.example/e/")));
  EXPECT_EQ(made, 0);
}

TEST_F(RoundTripTest, AnAlertIsKnownBySensorTimeAndAddressesToo) {
  AdoptAsked asked = into("");
  asked.order.time = now().wall + 1s;
  asked.order.attacker = "192.0.2.10";
  asked.order.target = "198.51.100.20";
  give(asked);
  EXPECT_THAT(alert(), ElementsAre("note their-sys"));
}

TEST_F(RoundTripTest, AnAlertThatIsNotQuiteTheOneThatWasAskedForIsOurs) {
  const auto almost = [&](auto change) {
    AdoptAsked asked = into("");
    asked.order.time = now().wall;
    asked.order.attacker = "192.0.2.10";
    asked.order.target = "198.51.100.20";
    change(asked.order);
    EXPECT_THAT(give(asked), IsEmpty());
  };
  almost([](AdoptionRow& order) { order.sensor = {"another"}; });
  almost([](AdoptionRow& order) { order.attacker = "192.0.2.11"; });
  almost([](AdoptionRow& order) { order.target = "198.51.100.21"; });
  almost([](AdoptionRow& order) { order.time += 1h; });
  almost([](AdoptionRow& order) { order.time -= 1h; });
  almost([](AdoptionRow& order) { order.event_id = "another"; });
  EXPECT_THAT(alert(), ElementsAre("ensure"));
}

TEST_F(RoundTripTest, AskedForAfterOursIsMadeOursSaysWhereItGoesOnAndIsClosed) {
  EXPECT_THAT(alert(), ElementsAre("ensure"));
  EXPECT_THAT(give(into()), ElementsAre("note sys1", "state sys1", "note their-sys"));
  EXPECT_THAT(bodies[1], HasSubstr("goes on in INC0012345"));
  EXPECT_THAT(give(into()), IsEmpty()) << "the same order again";
}

TEST_F(RoundTripTest, AskedForWhileOursIsOnItsWayTheirsHoldsAndOursIsClosed) {
  AlertXml xml;
  SensorSaid said{sensor, {}};
  said.batch.events.emplace_back(xml.wire());
  const Reaction opened = engine.on(said, now());
  SendDelivery ours;
  for (const Effect& effect : opened.effects)
    if (const auto* send = std::get_if<SendDelivery>(&effect)) ours = *send;
  give(into());
  const auto after = give(DeliveryEnded{ours.id, {Kind::done, "sys1", "INC1", "", {}, {}}});
  EXPECT_THAT(after, ElementsAre("note their-sys", "note sys1", "state sys1"));
}

}  // namespace
}  // namespace exhibit
