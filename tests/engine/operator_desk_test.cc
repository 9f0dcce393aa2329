#include "engine/operator_desk.h"

#include <gmock/gmock.h>

#include "base/text.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using Kind = DeliveryOutcome::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OperatorDeskTest : public testing::Test {
 protected:
  static OperatorDesk::Settings settings(const std::string& tenant = "acme") {
    OperatorDesk::Settings s;
    s.on = true;
    s.tenant = {tenant};
    s.tenant_name = tenant;
    s.desk = {"snow"};
    return s;
  }
  void tell(const std::string& key, const std::string& text) { desk.tell({key, text, true}, now, facts); }
  void over(const std::string& key) { desk.tell({key, {}, false}, now, facts); }
  void pass(Nanoseconds time) {
    now.mono += time;
    now.wall += time;
  }
  /// What goes to the operator desk now; each is answered with "done".
  std::vector<std::string> sent() {
    std::vector<std::string> all;
    for (bool more = true; std::exchange(more, false);) {
      Reaction out;
      desk.pump(now, out);
      facts.insert(facts.end(), out.facts.begin(), out.facts.end());
      for (const Effect& effect : out.effects)
        if (const auto* send = std::get_if<SendDelivery>(&effect)) {
          EXPECT_EQ(send->channel, Channel::operators);
          all.push_back(cat(token(send->kind), send->ticket.empty() ? "" : " ", send->ticket));
          bodies.push_back(send->body);
          correlations.push_back(send->correlation.text);
          desk.ended({send->id, {Kind::done, "op1", "INC7", {}, {}, {}}}, now, facts);
          more = true;
        }
    }
    return all;
  }

  Now now{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};
  OperatorDesk desk{settings()};
  Facts facts;
  std::vector<std::string> bodies, correlations;
};

TEST_F(OperatorDeskTest, WhatMendsItselfWithinTheHoldCostsNobodyANight) {
  tell("sensor/s1", "s1: timeout");
  EXPECT_THAT(sent(), IsEmpty());
  pass(30s);
  over("sensor/s1");
  pass(10min);
  EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(OperatorDeskTest, AConditionBecomesOneTicketThatClosesItself) {
  tell("sensor/s1", "s1: timeout");
  pass(61s);
  EXPECT_THAT(sent(), ElementsAre("ensure"));
  EXPECT_THAT(bodies[0], HasSubstr("Exhibit: acme: s1: timeout"));
  pass(5min);
  tell("sensor/s1", "s1: timeout");
  EXPECT_THAT(sent(), IsEmpty()) << "the same again is no news";
  over("sensor/s1");
  EXPECT_THAT(sent(), ElementsAre("note op1", "state op1"));
  EXPECT_THAT(bodies.back(), HasSubstr("closed"));
}

TEST_F(OperatorDeskTest, AConditionGoesOutByMailToo) {
  OperatorDesk::Settings with = settings();
  with.mail = {true, Channel::operator_mail, {}, "platform@msp.example", {}};
  desk = OperatorDesk(with);
  tell("sensor/s1", "s1: timeout");
  pass(30s);
  over("sensor/s1");
  tell("sensor/s2", "s2: timeout");
  pass(61s);
  std::vector<std::string> mails;
  for (int round = 0; round < 3; ++round) {
    Reaction out;
    desk.pump(now, out);
    for (const Effect& effect : out.effects)
      if (const auto* send = std::get_if<SendDelivery>(&effect)) {
        EXPECT_TRUE(desk.owns(send->id));
        if (send->channel == Channel::operator_mail) mails.push_back(send->body);
        desk.ended({send->id, {Kind::done, "op1", "INC7", {}, {}, {}}}, now, facts);
      }
  }
  EXPECT_THAT(mails, ElementsAre(HasSubstr("s2: timeout"))) << "what mended itself is not mailed either";
}

TEST_F(OperatorDeskTest, AnotherTextIsToldButNotEveryMinute) {
  tell("sensor/s1", "s1: timeout");
  pass(61s);
  (void)sent();
  pass(2min);
  tell("sensor/s1", "s1: certificate refused");
  EXPECT_THAT(sent(), IsEmpty());
  pass(9min);
  tell("sensor/s1", "s1: certificate refused");
  EXPECT_THAT(sent(), ElementsAre("note op1"));
}

TEST_F(OperatorDeskTest, WhatComesBackOnTheSameDayOpensTheSameTicketAgain) {
  tell("sensor/s1", "s1: timeout");
  pass(61s);
  (void)sent();
  over("sensor/s1");
  (void)sent();
  pass(1h);
  tell("sensor/s1", "s1: timeout");
  EXPECT_THAT(sent(), ElementsAre("state op1", "note op1"));
  over("sensor/s1");
  (void)sent();
  pass(24h);
  tell("sensor/s1", "s1: timeout");
  pass(61s);
  EXPECT_THAT(sent(), ElementsAre("ensure"));
}

TEST_F(OperatorDeskTest, WhatComesBackAfterMidnightBeforeItsEndWasToldIsTheSameTicket) {
  tell("sensor/s1", "s1: timeout");
  pass(61s);
  EXPECT_THAT(sent(), ElementsAre("ensure"));
  over("sensor/s1");
  pass(24h);  // The desk is down all the while.
  tell("sensor/s1", "s1: timeout");
  EXPECT_THAT(sent(), ElementsAre("note op1", "state op1", "state op1", "note op1"));
  EXPECT_THAT(bodies.at(2), HasSubstr(R"("state":"closed")"));
  EXPECT_THAT(bodies.at(3), HasSubstr(R"("state":"open")"));
  for (const std::string& correlation : correlations) EXPECT_EQ(correlation, correlations[0]);
  over("sensor/s1");
  EXPECT_THAT(sent(), ElementsAre("note op1", "state op1"));
  EXPECT_THAT(bodies.back(), HasSubstr("closed"));
}

TEST_F(OperatorDeskTest, ASharedDesksConditionIsTheSameTicketForEveryTenant) {
  tell("desk/denied", "the desk refused our login");
  pass(61s);
  (void)sent();
  OperatorDesk other(settings("other"));
  Facts rows;
  other.tell({"desk/denied", "the desk refused our login", true}, now, rows);
  pass(61s);
  Reaction out;
  other.pump(now, out);
  ASSERT_EQ(out.effects.size(), 1U);
  EXPECT_EQ(std::get<SendDelivery>(out.effects[0]).correlation.text, correlations[0]);
}

TEST_F(OperatorDeskTest, WhatHappenedOnceIsClosedAfterADay) {
  tell("gap/s1", "s1: events were lost");
  pass(61s);
  (void)sent();
  pass(25h);
  Reaction out;
  desk.tick(now, out);
  EXPECT_THAT(sent(), ElementsAre("note op1", "state op1"));
}

TEST_F(OperatorDeskTest, ARestartForgetsNothingAndRepeatsNothing) {
  tell("sensor/s1", "s1: timeout");
  pass(61s);
  (void)sent();
  Snapshot rows;
  std::map<std::string, DeliveryRow> deliveries;
  std::map<std::string, ConditionRow> conditions;
  for (const Fact& fact : facts) {
    if (const auto* row = std::get_if<DeliveryRow>(&fact)) deliveries[row->id.text] = *row;
    if (const auto* row = std::get_if<ConditionRow>(&fact)) conditions[row->key] = *row;
  }
  for (const auto& [id, row] : deliveries) rows.deliveries.push_back(row);
  for (const auto& [key, row] : conditions) rows.conditions.push_back(row);
  desk = OperatorDesk(settings());
  Reaction out;
  desk.restore(rows, now, out);
  EXPECT_EQ(out.effects.size(), 1U) << "it is still listed";
  EXPECT_THAT(sent(), IsEmpty());
  over("sensor/s1");
  EXPECT_THAT(sent(), ElementsAre("note op1", "state op1"));
}

}  // namespace
}  // namespace exhibit
