#include "engine/tenant_engine.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "acme_engine.h"
#include "base/json.h"
#include "base/text.h"
#include "incident/identity.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using test::AlertXml;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using test::sensor;

class TenantEngineTest : public testing::Test {
 protected:
  TenantEngineTest() : engine(settings()) {}

  static EngineSettings settings() {
    EngineSettings s = test::acme_engine(sensor);
    s.outbox.settle = 10s;
    return s;
  }
  Now at(Nanoseconds since) const { return {wall_from_ns(1'795'313'561'123'000'000) + since, MonoTime{1h} + since}; }
  Reaction say(const std::vector<AlertXml>& alerts, Nanoseconds when) {
    SensorSaid said{sensor, {}};
    for (const AlertXml& xml : alerts) said.batch.events.emplace_back(xml.wire());
    return engine.on(said, at(when));
  }
  static std::vector<SendDelivery> sent(const Reaction& reaction) {
    std::vector<SendDelivery> all;
    for (const Effect& effect : reaction.effects)
      if (const auto* send = std::get_if<SendDelivery>(&effect)) all.push_back(*send);
    return all;
  }
  Reaction answer(const SendDelivery& delivery, DeliveryOutcome::Kind kind, Nanoseconds when, std::string why = "why") {
    return engine.on(DeliveryEnded{delivery.id, {kind, "sys1", "INC1", "", {}, std::move(why)}}, at(when));
  }
  static std::string text(const SendDelivery& delivery, const char* member) {
    return text_at(*parse_json(delivery.body), member);
  }

  TenantEngine engine;
};

AlertXml second(AlertXml xml, const std::string& event_id, Nanoseconds later = 60s) {
  xml.event_id = event_id;
  xml.time_ns = cat(1'795'313'561'123'000'000 + later.count());
  return xml;
}

TEST_F(TenantEngineTest, AnAlertBecomesATicketInTheSameBreath) {
  const Reaction reaction = say({AlertXml{}}, 0s);
  const auto deliveries = sent(reaction);
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].kind, DeliveryKind::ensure);
  EXPECT_THAT(text(deliveries[0], "title"), HasSubstr("WWW phf"));
  EXPECT_THAT(text(deliveries[0], "internal_text"), HasSubstr("GET /cgi-bin/phf"));
  EXPECT_EQ(engine.counts().incidents, 1U);
}

TEST_F(TenantEngineTest, TheEndOfADeliveryMakesWayForWhatStandsBehindItAndForOthers) {
  EngineSettings with = settings();
  with.attach = AttachPolicy::trigger_packet;
  with.outbox.in_flight_max = 1;
  engine = TenantEngine(with);
  const auto ticket = sent(say({AlertXml{}}, 0s));
  ASSERT_EQ(ticket.size(), 1U);
  EXPECT_TRUE(engine.makes_way(ticket[0].id)) << "for its trigger packet";
  const auto packet = sent(answer(ticket[0], DeliveryOutcome::Kind::done, 1s));
  ASSERT_EQ(packet.size(), 1U);
  EXPECT_FALSE(engine.makes_way(packet[0].id));
  AlertXml other = second(AlertXml{}, "2");
  other.signature = "9999";
  EXPECT_THAT(sent(say({other}, 2s)), IsEmpty());
  EXPECT_TRUE(engine.makes_way(packet[0].id)) << "for another incident's ticket";
}

TEST_F(TenantEngineTest, ATemplateThatFailsCostsNoTicketAndIsTold) {
  EngineSettings with = settings();
  with.templates.title = "{{#high}}never closed";
  with.templates.internal_text = "{{sentence}}\nRunbook 7\n{{link}}";
  engine = TenantEngine(with);
  const Reaction reaction = say({AlertXml{}}, 0s);
  const auto deliveries = sent(reaction);
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_THAT(text(deliveries[0], "title"), HasSubstr("WWW phf"));
  EXPECT_THAT(text(deliveries[0], "internal_text"), HasSubstr("Runbook 7"));
  EXPECT_THAT(text(deliveries[0], "internal_text"), HasSubstr("template \"title\" was not used"));
  std::vector<std::string> told;
  for (const Effect& effect : reaction.effects)
    if (const auto* condition = std::get_if<TellOperator>(&effect)) told.push_back(condition->key);
  EXPECT_THAT(told, ElementsAre("template/title"));
}

TEST_F(TenantEngineTest, ARulesFieldsGoWithEveryDeliveryAndLookUpOfItsIncident) {
  EngineSettings with = settings();
  with.policy.rules.resize(1);
  with.policy.rules[0].signatures = {"3200"};
  with.policy.rules[0].number = 1;
  with.policy.rules[0].fields_json = R"({"queue":"Web"})";
  engine = TenantEngine(with);
  const auto deliveries = sent(say({AlertXml{}}, 0s));
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].fields_json, R"({"queue":"Web"})");
  EXPECT_THAT(text(deliveries[0], "internal_text"), HasSubstr("Priority  1: high and risk 85 (rule 1)."));
  (void)answer(deliveries[0], DeliveryOutcome::Kind::unknown, 1s);
  const Reaction later = engine.on(Tick{}, at(12s));
  const auto look = std::find_if(later.effects.begin(), later.effects.end(),
                                 [](const Effect& effect) { return std::holds_alternative<LookUpDelivery>(effect); });
  ASSERT_NE(look, later.effects.end());
  EXPECT_EQ(std::get<LookUpDelivery>(*look).fields_json, R"({"queue":"Web"})");
}

TEST_F(TenantEngineTest, TheSameBatchAgainHasNoEffect) {
  (void)say({AlertXml{}}, 0s);
  const Reaction again = say({AlertXml{}}, 1h);
  EXPECT_THAT(sent(again), IsEmpty());
  EXPECT_EQ(engine.counts().alerts, 1U);
  EXPECT_EQ(engine.counts().duplicates_dropped, 1U);
}

TEST_F(TenantEngineTest, TheSameKindWithinAnHourJoinsAndLaterDoesNot) {
  (void)say({AlertXml{}, second({}, "2", 59min)}, 0s);
  EXPECT_EQ(engine.counts().incidents, 1U);
  (void)say({second({}, "3", 61min)}, 61min);
  EXPECT_EQ(engine.counts().incidents, 2U);
}

TEST_F(TenantEngineTest, AnotherTargetOrSignatureIsAnotherIncident) {
  AlertXml target, signature;
  target.event_id = "2", target.target = "198.51.100.99";
  signature.event_id = "3", signature.signature = "9999";
  (void)say({AlertXml{}, target, signature}, 0s);
  EXPECT_EQ(engine.counts().incidents, 3U);
}

TEST_F(TenantEngineTest, BelowTheFloorIsCountedAndKeptButNoTicket) {
  AlertXml low;
  low.severity = "medium", low.risk = 69;
  const Reaction reaction = say({low}, 0s);
  EXPECT_THAT(sent(reaction), IsEmpty());
  EXPECT_EQ(engine.counts().alerts, 1U);
  EXPECT_EQ(engine.counts().incidents, 0U);
  low.event_id = "2", low.risk = 70, low.target = "198.51.100.77";
  EXPECT_EQ(sent(say({low}, 1s)).size(), 1U);
}

TEST_F(TenantEngineTest, ASummaryFindsTheIncidentOfItsFirstAlert) {
  (void)say({AlertXml{}}, 0s);
  AlertXml sum = second({}, "2", 2h);
  sum.log.clear(), sum.packet.clear();
  sum.extra = "<cid:summary cid:initialAlert='1182522900045587005'>212</cid:summary>";
  (void)say({sum}, 2h);
  EXPECT_EQ(engine.counts().incidents, 1U);
}

TEST_F(TenantEngineTest, ALostAnswerIsLookedForAndNeverRepeated) {
  const auto first = sent(say({AlertXml{}}, 0s));
  EXPECT_THAT(answer(first[0], DeliveryOutcome::Kind::unknown, 1s).effects, IsEmpty());
  EXPECT_THAT(engine.on(Tick{}, at(10s)).effects, IsEmpty());  // The desk's settle time is not over.
  const Reaction looked = engine.on(Tick{}, at(12s));
  ASSERT_EQ(looked.effects.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<LookUpDelivery>(looked.effects[0]));
  EXPECT_THAT(engine.on(Tick{}, at(13s)).effects, IsEmpty());
  EXPECT_THAT(
      sent(engine.on(DeliveryLookedUp{first[0].id, DeliveryLookedUp::Found::one, "sys1", "INC1", "", ""}, at(14s))),
      IsEmpty());
  EXPECT_EQ(engine.outbox().open(), 0U);
}

TEST_F(TenantEngineTest, AFailedLookUpIsNotNotFound) {
  const auto first = sent(say({AlertXml{}}, 0s));
  (void)answer(first[0], DeliveryOutcome::Kind::unknown, 1s);
  (void)engine.on(Tick{}, at(12s));
  const Reaction failed =
      engine.on(DeliveryLookedUp{first[0].id, DeliveryLookedUp::Found::failed, "", "", "", ""}, at(13s));
  EXPECT_THAT(failed.effects, IsEmpty());
  const Reaction again = engine.on(Tick{}, at(60s));
  EXPECT_TRUE(std::any_of(again.effects.begin(), again.effects.end(),
                          [](const Effect& effect) { return std::holds_alternative<LookUpDelivery>(effect); }));
  EXPECT_THAT(sent(again), IsEmpty());
  const auto resent =
      sent(engine.on(DeliveryLookedUp{first[0].id, DeliveryLookedUp::Found::none, "", "", "", ""}, at(61s)));
  ASSERT_EQ(resent.size(), 1U);
  EXPECT_EQ(resent[0].id, first[0].id);
}

TEST_F(TenantEngineTest, RefusedContentStepsDownToTheBareLinkAndOnlyThatDies) {
  auto delivery = sent(say({AlertXml{}}, 0s))[0];
  std::vector<std::size_t> sizes;
  for (int rung = 0; rung < 2; ++rung) {
    sizes.push_back(text(delivery, "internal_text").size());
    delivery = sent(answer(delivery, DeliveryOutcome::Kind::rejected, 1s, "HTTP 403"))[0];
    EXPECT_THAT(text(delivery, "internal_text"), HasSubstr("This ticket is short because"));
    EXPECT_LT(text(delivery, "internal_text").size(), sizes.back());
  }
  EXPECT_THAT(text(delivery, "internal_text"), testing::Not(HasSubstr("Trigger packet")));
  const Reaction dead = answer(delivery, DeliveryOutcome::Kind::rejected, 2s, "HTTP 403");
  EXPECT_THAT(sent(dead), IsEmpty());
  EXPECT_TRUE(std::any_of(dead.effects.begin(), dead.effects.end(),
                          [](const Effect& effect) { return std::holds_alternative<TellOperator>(effect); }));
}

TEST_F(TenantEngineTest, ARefusedAttachmentCostsOneLineAndIsNoDeadLetter) {
  EngineSettings attaching = settings();
  attaching.attach = AttachPolicy::trigger_packet;
  engine = TenantEngine(attaching);
  const auto file = sent(answer(sent(say({AlertXml{}}, 0s))[0], DeliveryOutcome::Kind::done, 1s));
  ASSERT_EQ(file.size(), 1U);
  ASSERT_EQ(file[0].kind, DeliveryKind::attach);
  const auto line = sent(answer(file[0], DeliveryOutcome::Kind::rejected, 2s, "HTTP 403"));
  ASSERT_EQ(line.size(), 1U);
  EXPECT_THAT(text(line[0], "text"), HasSubstr("The desk refused the attachment (HTTP 403)"));
  EXPECT_THAT(engine.outbox().dead(), IsEmpty());
}

TEST_F(TenantEngineTest, ACaptureThatWasLostBeforeItsIncidentCameIsToldByTheTicketItself) {
  (void)say({AlertXml{}}, 0s);
  const auto order = engine.on(Tick{}, at(40s));
  ASSERT_THAT(order.effects, testing::Contains(testing::VariantWith<FetchCapture>(testing::_)));
  (void)engine.on(FetchEnded{{sensor, "1734556221", 0}, FetchEnded::Kind::too_large, {}, 0, "why"}, at(41s));
  AlertXml other;
  other.event_id = "2", other.signature = "9999";
  const auto all = sent(say({other}, 42s));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].kind, DeliveryKind::ensure);
  EXPECT_EQ(all[0].order, 0U);
  EXPECT_THAT(text(all[0], "internal_text"), HasSubstr("LOST"));
}

TEST_F(TenantEngineTest, LostAnswersAreLookedForBeforeNewTicketsAreSent) {
  std::vector<AlertXml> many(10);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].event_id = cat(i), many[i].signature = cat(4000 + i);
  const auto first = sent(say(many, 0s));
  ASSERT_EQ(first.size(), 4U);
  std::vector<SendDelivery> second;
  for (const SendDelivery& one : first)
    for (SendDelivery& next : sent(answer(one, DeliveryOutcome::Kind::unknown, 1s))) second.push_back(std::move(next));
  ASSERT_EQ(second.size(), 4U);
  const Reaction free = answer(second[0], DeliveryOutcome::Kind::retry, 12s);
  EXPECT_THAT(sent(free), IsEmpty());
  EXPECT_THAT(free.effects, testing::Contains(testing::VariantWith<LookUpDelivery>(testing::_)));
}

TEST_F(TenantEngineTest, ARefusedLoginPausesTheDeskAndNotTheItem) {
  const auto first = sent(say({AlertXml{}}, 0s));
  (void)answer(first[0], DeliveryOutcome::Kind::denied, 1s);
  AlertXml other;
  other.event_id = "2", other.signature = "9999";
  EXPECT_THAT(sent(say({other}, 2s)), IsEmpty());
  EXPECT_EQ(sent(engine.on(Tick{}, at(62s))).size(), 2U);
}

TEST_F(TenantEngineTest, ACaptureSealedBeforeTheTicketWasSentIsFoldedIntoIt) {
  const auto first = sent(say({AlertXml{}}, 0s));
  (void)answer(first[0], DeliveryOutcome::Kind::retry, 1s);
  SensorSaid said{sensor, {}};
  StatusEvent done;
  done.ip_log = 1734556221;
  done.ip_log_phase = StatusEvent::IpLogPhase::completed;
  said.batch.events.emplace_back(done);
  (void)engine.on(said, at(1200ms));
  (void)engine.on(Tick{}, at(1300ms));
  const CaptureKey key{sensor, "1734556221", 0};
  (void)engine.on(FetchEnded{key, FetchEnded::Kind::whole, EvidenceId{"aa"}, 100, ""}, at(1400ms));
  CaptureReport report;
  report.packets = 7;
  report.answer = Answer{Answer::Kind::http, 404, 209, 41, {}, {}, {}};
  (void)engine.on(CaptureExamined{key, incident_id({"acme"}, AlertXml{}.alert({}).identity), report}, at(1500ms));
  const auto later = sent(engine.on(Tick{}, at(10s)));
  ASSERT_EQ(later.size(), 1U);
  EXPECT_THAT(text(later[0], "internal_text"), HasSubstr("Target's answer: HTTP 404"));
  (void)answer(later[0], DeliveryOutcome::Kind::done, 11s);
  EXPECT_EQ(engine.outbox().open(), 0U);
  EXPECT_TRUE(engine.settled());
}

TEST_F(TenantEngineTest, AnEngineRestoredFromItsRowsIsTheSameEngine) {
  Snapshot rows;
  const auto keep = [&](const Facts& facts) {
    for (const Fact& fact : facts) {
      if (const auto* row = std::get_if<AlertRow>(&fact)) rows.alerts.push_back(*row);
      if (const auto* row = std::get_if<IncidentRow>(&fact))
        std::erase_if(rows.incidents, [&](const auto& r) { return r.id == row->id; }), rows.incidents.push_back(*row);
      if (const auto* row = std::get_if<DeliveryRow>(&fact))
        std::erase_if(rows.deliveries, [&](const auto& r) { return r.id == row->id; }), rows.deliveries.push_back(*row);
      if (const auto* row = std::get_if<CaptureRow>(&fact))
        std::erase_if(rows.captures, [&](const auto& r) { return r.key == row->key; }), rows.captures.push_back(*row);
    }
  };
  const Reaction reaction = say({AlertXml{}}, 0s);
  keep(reaction.facts);
  TenantEngine restored(settings());
  const Reaction first = restored.restore(rows, at(5s));
  EXPECT_THAT(sent(first), IsEmpty());  // What was in flight is unknown now, and is looked for after the settle time.
  const Reaction looked = restored.on(Tick{}, at(20s));
  ASSERT_EQ(looked.effects.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<LookUpDelivery>(looked.effects[0]));
  SensorSaid again{sensor, {}};
  again.batch.events.emplace_back(AlertXml{}.wire());
  EXPECT_EQ(restored.on(again, at(21s)).facts.size(), 1U);  // The cursor, and nothing else.
}

TEST_F(TenantEngineTest, AbsurdSensorTimesEndInATicketLikeAnyOther) {
  for (const char* ns : {"-9223372036854775808", "9223372036854775807", "-1"}) {
    AlertXml xml = second({}, cat("t", ns));
    xml.time_ns = ns;
    const auto all = sent(say({xml}, 1s));
    ASSERT_EQ(all.size(), 1U) << ns;
    EXPECT_THAT(text(all[0], "internal_text"), HasSubstr("When")) << ns;
    (void)answer(all[0], DeliveryOutcome::Kind::done, 2s);
  }
}

TEST_F(TenantEngineTest, ANoteCountsWhatTheDeskHasNotHeardEvenWhenItIsSentAgain) {
  const auto ticket = sent(say({AlertXml{}}, 0s));
  (void)answer(ticket.at(0), DeliveryOutcome::Kind::done, 1s);
  AlertXml other = second(AlertXml{}, "2");
  other.log = "78";
  const auto note = sent(say({other}, 60s));
  ASSERT_EQ(note.size(), 1U);
  EXPECT_THAT(text(note[0], "text"), HasSubstr("1 more alert of this kind, 2 in all; the latest"));
  (void)answer(note[0], DeliveryOutcome::Kind::retry, 61s);
  const auto again = sent(engine.on(Tick{}, at(10min)));
  ASSERT_FALSE(again.empty());
  EXPECT_THAT(text(again[0], "text"), HasSubstr("2 alerts of this kind in all; the latest"));
}

TEST_F(TenantEngineTest, AnAttachmentTellsNobodyHowManyAlertsThereAre) {
  EngineSettings with = settings();
  with.attach = AttachPolicy::trigger_packet;
  engine = TenantEngine(with);
  const auto ticket = sent(say({AlertXml{}}, 0s));
  AlertXml other = second(AlertXml{}, "2");
  other.log = "78";
  (void)say({other}, 1s);  // The ticket is on its way and did not count this one.
  const auto attach = sent(answer(ticket.at(0), DeliveryOutcome::Kind::done, 2s));
  ASSERT_EQ(attach.at(0).kind, DeliveryKind::attach);
  const auto note = sent(answer(attach.at(0), DeliveryOutcome::Kind::done, 3s));
  EXPECT_THAT(text(note.at(0), "text"), HasSubstr("1 more alert of this kind, 2 in all"));
}

TEST_F(TenantEngineTest, AnIncidentWhoseAlertCannotBeReadAgainStillGetsItsTicket) {
  Snapshot rows;
  for (const Fact& fact : say({AlertXml{}}, 0s).facts) {
    if (const auto* row = std::get_if<AlertRow>(&fact)) rows.alerts = {*row};
    if (const auto* row = std::get_if<IncidentRow>(&fact)) rows.incidents = {*row};
    if (const auto* row = std::get_if<DeliveryRow>(&fact)) rows.deliveries = {*row};
  }
  rows.alerts.at(0).raw = "<not an event";
  rows.deliveries.at(0).state = DeliveryState::ready;
  TenantEngine restored(settings());
  const auto all = sent(restored.restore(rows, at(5s)));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_THAT(text(all[0], "internal_text"), HasSubstr("cannot be read again"));
}

TEST_F(TenantEngineTest, ABusyDeskIsNotAskedEveryMillisecond) {
  std::vector<AlertXml> many;
  for (int i = 0; i < 8; ++i) {
    many.push_back(second({}, cat("m", i)));
    many.back().attacker = cat("192.0.2.", 20 + i);
    many.back().log = "";
  }
  EXPECT_EQ(sent(say(many, 0s)).size(), 4U);  // All that may be in flight.
  EXPECT_EQ(engine.outbox().next_wake(), std::nullopt);
}

}  // namespace
}  // namespace exhibit
