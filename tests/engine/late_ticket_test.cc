#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "acme_engine.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/tenant_engine.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using Kind = DeliveryOutcome::Kind;
using Found = DeliveryLookedUp::Found;
using test::AlertXml;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

using test::sensor;

/// An engine, its rows, a desk that is up or down, and people who read their mail.
class LateTickets : public testing::Test {
 protected:
  LateTickets() : engine(settings()) {}

  static EngineSettings settings() {
    EngineSettings s = test::acme_engine(sensor);
    s.outbox.settle = 10s;
    s.people.on = true;
    s.people.after = 15min;
    s.people.addresses = "soc@msp.example";
    return s;
  }

  void raise(int number) {
    SensorSaid said{sensor, {}};
    AlertXml xml;
    xml.event_id = cat(number);
    xml.target = cat("198.51.", number / 250, ".", 1 + number % 250);
    xml.time_ns = cat(ns_of(now.wall));
    xml.log.clear();
    said.batch.events.emplace_back(xml.wire());
    perform(engine.on(said, now));
  }

  void perform(const Reaction& reaction) {
    keep(reaction.facts);
    for (const Effect& effect : reaction.effects) {
      if (const auto* send = std::get_if<SendDelivery>(&effect)) {
        (send->channel == Channel::people ? mails : sent).push_back(*send);
        const bool arrives = send->channel == Channel::people ? mail_is_up : desk_is_up;
        const Kind kind = arrives ? Kind::done : send->channel == Channel::desk ? when_down : Kind::retry;
        const std::string ticket = send->channel == Channel::desk ? cat("sys-", send->correlation.text) : "";
        perform(engine.on(DeliveryEnded{send->id, {kind, ticket, "INC1", {}, {}, arrives ? "" : "HTTP 503"}}, now));
      }
      if (const auto* look = std::get_if<LookUpDelivery>(&effect)) {
        perform(engine.on(DeliveryLookedUp{look->id, desk_is_up ? when_looked : Found::failed, "sys-1", "INC1", {}, {}},
                          now));
      }
    }
  }

  void pass(Nanoseconds time) {
    for (const MonoTime end = now.mono + time; now.mono < end;) {
      now.mono += 1min, now.wall += 1min;
      perform(engine.on(Tick{}, now));
    }
  }

  void keep(const Facts& facts) {
    for (const Fact& fact : facts) {
      if (const auto* row = std::get_if<AlertRow>(&fact)) alerts[row->identity] = *row;
      if (const auto* row = std::get_if<IncidentRow>(&fact)) incidents[row->id] = *row;
      if (const auto* row = std::get_if<DeliveryRow>(&fact)) deliveries[row->id] = *row;
    }
  }

  /// Our process dies; the clock it counted by begins anew.
  void restart() {
    Snapshot rows;
    for (const auto& [id, row] : alerts) rows.alerts.push_back(row);
    for (const auto& [id, row] : incidents) rows.incidents.push_back(row);
    for (const auto& [id, row] : deliveries)
      if (!is_final(row.state) || row.state == DeliveryState::dead) rows.deliveries.push_back(row);
    now.mono = MonoTime{5min};
    engine = TenantEngine(settings());
    perform(engine.restore(rows, now));
  }

  static std::string text(const SendDelivery& delivery, const char* member) {
    return text_at(*parse_json(delivery.body), member);
  }
  [[nodiscard]] std::vector<std::string> texts(const std::vector<SendDelivery>& all, const char* member) const {
    std::vector<std::string> found;
    for (const SendDelivery& one : all) found.push_back(text(one, member));
    return found;
  }

  Now now{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};
  TenantEngine engine;
  bool desk_is_up = true, mail_is_up = true;
  Kind when_down = Kind::retry;
  Found when_looked = Found::none;
  std::vector<SendDelivery> sent, mails;
  std::map<std::string, AlertRow> alerts;
  std::map<IncidentId, IncidentRow> incidents;
  std::map<DeliveryId, DeliveryRow> deliveries;
};

TEST_F(LateTickets, ATicketInTimeCostsNobodyAMail) {
  raise(1);
  pass(1h);
  EXPECT_THAT(mails, IsEmpty());
  desk_is_up = false;
  raise(2);
  pass(5min);
  desk_is_up = true;
  pass(2h);
  EXPECT_THAT(mails, IsEmpty());
}

TEST_F(LateTickets, PeopleHearByMailAndTheTicketNamesThatMail) {
  desk_is_up = false;
  raise(1);
  pass(20min);
  ASSERT_THAT(mails, SizeIs(1));
  EXPECT_THAT(text(mails[0], "title"), StartsWith("NO TICKET YET: HIGH: 192.0.2.10 > 198.51.0.2:80"));
  EXPECT_THAT(replace_all(cat(text(mails[0], "public_text"), "\n\n", text(mails[0], "internal_text")), "\n", " "),
              AllOf(StartsWith("The desk has taken no ticket for this incident since"), HasSubstr("(HTTP 503)"),
                    HasSubstr("| GET /cgi-bin/phf"), HasSubstr("https://ev.example/e/")));
  EXPECT_NE(mails[0].correlation, sent[0].correlation) << "a Message-ID of its own";
  pass(24h);
  EXPECT_THAT(mails, SizeIs(1)) << "one mail an incident";
  desk_is_up = true;
  sent.clear();
  pass(2h);
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_THAT(replace_all(text(sent[0], "internal_text"), "\n", " "),
              HasSubstr("Mailed to soc@msp.example on Sun 22 Nov 2026"));
}

TEST_F(LateTickets, ATicketThatWasOnItsWayHearsOfTheMailInANote) {
  desk_is_up = false;
  when_down = Kind::unknown;
  when_looked = Found::one;
  raise(1);
  pass(1h);
  ASSERT_THAT(mails, SizeIs(1));
  sent.clear();
  desk_is_up = true;
  pass(3h);
  const auto notes = texts(sent, "text");
  EXPECT_THAT(notes, testing::Contains(HasSubstr("Mailed to soc@msp.example")));
}

TEST_F(LateTickets, MailThatCannotBeSentIsTakenBackWhenTheTicketStands) {
  desk_is_up = mail_is_up = false;
  raise(1);
  pass(30min);
  EXPECT_THAT(mails, Not(IsEmpty())) << "it was tried";
  desk_is_up = true;
  pass(2h);
  mails.clear();
  mail_is_up = true;
  pass(24h);
  EXPECT_THAT(mails, IsEmpty());
}

TEST_F(LateTickets, ARestartNeitherForgetsNorRepeatsAMail) {
  desk_is_up = false;
  raise(1);
  pass(10min);
  restart();
  EXPECT_THAT(mails, IsEmpty());
  pass(6min);
  EXPECT_THAT(mails, SizeIs(1)) << "what remained of its time was kept";
  restart();
  pass(2h);
  EXPECT_THAT(mails, SizeIs(1));
}

TEST_F(LateTickets, AWeekWithoutADeskIsOneMailAnIncidentAndOneTicketAfterIt) {
  desk_is_up = false;
  constexpr int raised = 7 * 24;
  for (int i = 0; i < raised; ++i) {
    raise(i);
    pass(1h);
    if (i % 24 == 23) restart();
  }
  std::map<std::string, int> by_correlation;
  for (const SendDelivery& mail : mails) ++by_correlation[mail.correlation.text];
  EXPECT_THAT(by_correlation, SizeIs(raised));
  for (const auto& [correlation, count] : by_correlation) EXPECT_EQ(count, 1) << correlation;
  desk_is_up = true;
  sent.clear();
  pass(24h);
  EXPECT_EQ(engine.outbox().open(), 0U);
  EXPECT_THAT(sent, SizeIs(raised));
  EXPECT_THAT(texts(sent, "internal_text"), Each(HasSubstr("Mailed to soc@msp.example")));
  EXPECT_THAT(mails, SizeIs(raised)) << "and none more";
}

}  // namespace
}  // namespace exhibit
