#include <gmock/gmock.h>

#include "acme_engine.h"
#include "engine/tenant_engine.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using test::AlertXml;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using test::sensor;

/// What the engine says to the operator, and keeps, when something is wrong.
class TroublesTest : public testing::Test {
 protected:
  TroublesTest() : engine(settings()) {}
  static EngineSettings settings() {
    EngineSettings made = test::acme_engine(sensor);
    made.attach = AttachPolicy::capture;
    made.outbox.settle = 10s;
    return made;
  }
  Reaction on(const Input& input) { return engine.on(input, now); }
  Reaction alert(const std::string& log = "1734556221") {
    SensorSaid said{sensor, {}};
    AlertXml xml;
    xml.log = log;
    said.batch.events.emplace_back(xml.wire());
    return on(said);
  }
  /// "key: text" of what is told; "key ended" of what is over.
  static std::vector<std::string> told(const Reaction& reaction) {
    std::vector<std::string> all;
    for (const Effect& effect : reaction.effects)
      if (const auto* tell = std::get_if<TellOperator>(&effect))
        all.push_back(tell->open ? tell->key + ": " + tell->text : tell->key + " ended");
    return all;
  }
  template <typename Row>
  static std::vector<Row> rows(const Reaction& reaction) {
    std::vector<Row> all;
    for (const Fact& fact : reaction.facts)
      if (const auto* row = std::get_if<Row>(&fact)) all.push_back(*row);
    return all;
  }
  static std::vector<SendDelivery> sent(const Reaction& reaction) {
    std::vector<SendDelivery> all;
    for (const Effect& effect : reaction.effects)
      if (const auto* send = std::get_if<SendDelivery>(&effect)) all.push_back(*send);
    return all;
  }

  Now now{wall_from_ns(1'795'313'562'000'000'000), MonoTime{1h}};
  TenantEngine engine;
};

TEST_F(TroublesTest, AnEventThatCannotBeReadIsKeptAndTold) {
  SensorSaid said{sensor, {}};
  said.batch.unreadable.push_back({"<bad", "XML: a broken start tag"});
  said.batch.gap = SensorGap{"missed-events", 1, 2, "the sensor said that it dropped events"};
  const Reaction reaction = on(said);
  ASSERT_EQ(rows<QuarantineRow>(reaction).size(), 1U);
  EXPECT_EQ(rows<QuarantineRow>(reaction)[0].raw, "<bad");
  ASSERT_EQ(rows<GapRow>(reaction).size(), 1U);
  EXPECT_EQ(rows<GapRow>(reaction)[0].cause, "missed-events");
  EXPECT_THAT(told(reaction),
              Contains(HasSubstr("unreadable/acme-ips1: sensor acme-ips1 sent an event that cannot be read")));
  EXPECT_THAT(told(reaction),
              Contains(HasSubstr("gap/acme-ips1: sensor acme-ips1: the sensor said that it dropped events")));
  EXPECT_EQ(engine.counts().gaps, 1U);
}

TEST_F(TroublesTest, ASensorsTroubleIsToldAndEnds) {
  EXPECT_THAT(told(on(SensorTrouble{sensor, CaptureCause::sensor_unreachable, "timeout while connecting"})),
              Contains("sensor/acme-ips1: sensor acme-ips1: timeout while connecting"));
  EXPECT_THAT(told(on(SensorTrouble{sensor, CaptureCause::none, ""})), Contains("sensor/acme-ips1 ended"));
}

TEST_F(TroublesTest, SeveralTicketsForOneIncidentAreSaidAloudAndTheOldestIsUsed) {
  const SendDelivery ticket = sent(alert()).at(0);
  (void)on(DeliveryEnded{ticket.id, {DeliveryOutcome::Kind::unknown, {}, {}, {}, {}, "timeout"}});
  now.mono += 11s;
  const Reaction looks = on(Tick{});
  EXPECT_TRUE(std::any_of(looks.effects.begin(), looks.effects.end(),
                          [](const Effect& effect) { return std::holds_alternative<LookUpDelivery>(effect); }));
  const Reaction found = on(DeliveryLookedUp{ticket.id, DeliveryLookedUp::Found::several, "t-old", "INC1", "", ""});
  EXPECT_THAT(told(found),
              Contains(HasSubstr("the desk holds several tickets for one incident; the oldest, INC1, is used")));
  EXPECT_EQ(rows<IncidentRow>(found).back().ticket, "t-old");
}

TEST_F(TroublesTest, ATicketThatIsGoneIsADeadLetterThatAPersonDecides) {
  const SendDelivery ticket = sent(alert()).at(0);
  const Reaction dead = on(DeliveryEnded{ticket.id, {DeliveryOutcome::Kind::gone, {}, {}, {}, {}, "404"}});
  EXPECT_THAT(told(dead), Contains(HasSubstr("not delivered (ensure), a person decides: 404")));
  const Reaction never = on(LetterDecided{{"nobody's"}, LetterDecided::What::again, {}, {}, "kim"});
  EXPECT_THAT(never.facts, IsEmpty());
  const Reaction again = on(LetterDecided{ticket.id, LetterDecided::What::again, {}, {}, "kim"});
  EXPECT_THAT(told(again), Contains("dead/" + ticket.id.text + " ended"));
  EXPECT_EQ(sent(again).size(), 1U);
}

TEST_F(TroublesTest, ACaptureThatTheStoreRefusesIsToldAndASealedOneIsAttached) {
  const Reaction opened = alert();
  const IncidentId incident = rows<IncidentRow>(opened).at(0).id;
  (void)on(DeliveryEnded{sent(opened).at(0).id, {DeliveryOutcome::Kind::done, "t", "INC1", "", {}, ""}});
  EXPECT_FALSE(engine.settled());
  ASSERT_TRUE(engine.next_wake());
  const CaptureKey key{sensor, "1734556221", 0};
  now.mono += 60s, now.wall += 60s;
  (void)on(Tick{});
  EXPECT_THAT(told(on(FetchEnded{key, FetchEnded::Kind::store_refused, {}, 0, "no space"})),
              Contains("evidence/store: the evidence store refused a capture: no space"));
  now.mono += 30s, now.wall += 30s;
  (void)on(FetchAsked{key, "kim"});
  (void)on(Tick{});
  const FetchEnded whole{key, FetchEnded::Kind::whole, EvidenceId{std::string(64, 'a')}, 98'304, ""};
  (void)on(whole);
  now.mono += 2min, now.wall += 2min;
  (void)on(Tick{});
  const Reaction sealed = on(whole);  // The same bytes twice: the sensor has ended it.
  EXPECT_TRUE(std::any_of(sealed.effects.begin(), sealed.effects.end(),
                          [](const Effect& effect) { return std::holds_alternative<ExamineCapture>(effect); }));
  Reaction last = on(CaptureExamined{key, incident, CaptureReport{}});
  std::vector<std::string> names;
  for (int rounds = 0; rounds < 10; ++rounds) {
    std::vector<SendDelivery> all = sent(last);
    if (all.empty()) break;
    if (!all[0].attachment_name.empty()) names.push_back(all[0].attachment_name);
    last = on(DeliveryEnded{all[0].id, {DeliveryOutcome::Kind::done, "t", "INC1", "", {}, ""}});
  }
  EXPECT_THAT(names, testing::ElementsAre("acme-acme-ips1-1734556221-aaaaaaaaaaaa.pcap"));
  EXPECT_TRUE(engine.settled());
}

}  // namespace
}  // namespace exhibit
