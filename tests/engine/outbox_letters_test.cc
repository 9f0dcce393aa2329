#include <gmock/gmock.h>

#include "base/text.h"
#include "engine/outbox.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using Kind = DeliveryOutcome::Kind;
using Found = DeliveryLookedUp::Found;
using What = LetterDecided::What;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// What cannot be delivered waits for a person, and what a person decides is done once.
class OutboxLettersTest : public testing::Test {
 protected:
  void owe(DeliveryKind kind, std::string subject) {
    outbox.owe(incident, kind, std::move(subject), Severity::high, Rung::masked, now, facts);
  }
  std::vector<DeliveryId> claimed() {
    std::vector<DeliveryId> ids;
    for (const DeliveryRow& row : outbox.claim(now, facts)) ids.push_back(row.id);
    return ids;
  }
  std::optional<DeliveryRow> end(const DeliveryId& id, Kind kind, std::string why = "why") {
    return outbox.ended({id, {kind, {}, {}, {}, {}, std::move(why)}}, now, facts);
  }
  /// The ticket's bare link is refused, too.
  void kill_the_ticket() {
    while (outbox.dead().empty())
      for (const DeliveryId& id : claimed()) end(id, Kind::rejected, "HTTP 422: Queue not set");
  }
  DeliveryState last_state(const DeliveryId& id) {
    DeliveryState state = DeliveryState::ready;
    for (const Fact& fact : facts)
      if (const auto* row = std::get_if<DeliveryRow>(&fact); row && row->id == id) state = row->state;
    return state;
  }

  Now now{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};
  Outbox outbox{{}};
  Facts facts;
  IncidentId incident{"i"};
  DeliveryId ticket = delivery_id(incident, 0), note = delivery_id(incident, 1);
};

TEST_F(OutboxLettersTest, NothingOfAnIncidentIsSentWhileItsTicketCouldNotBeMade) {
  owe(DeliveryKind::ensure, "ticket");
  owe(DeliveryKind::note, "joined");
  kill_the_ticket();
  now.mono += 48h;
  EXPECT_THAT(claimed(), IsEmpty());
  EXPECT_EQ(outbox.open(), 0U) << "nothing goes on by itself";
  EXPECT_FALSE(outbox.next_wake());
}

TEST_F(OutboxLettersTest, SentOnceMoreItGoesInOrderAgain) {
  owe(DeliveryKind::ensure, "ticket");
  owe(DeliveryKind::note, "joined");
  kill_the_ticket();
  const auto row = outbox.decided({ticket, What::again, {}, {}, "kim"}, Rung::masked, now, facts);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->rung, Rung::masked);
  EXPECT_GT(row->attempt, 0) << "so that it is looked for before it is made";
  EXPECT_THAT(claimed(), ElementsAre(ticket));
  EXPECT_EQ(end(ticket, Kind::done)->state, DeliveryState::done);
  EXPECT_THAT(claimed(), ElementsAre(note));
}

TEST_F(OutboxLettersTest, ATicketThatIsThereAlreadyTakesWhatWaited) {
  owe(DeliveryKind::ensure, "ticket");
  owe(DeliveryKind::note, "joined");
  kill_the_ticket();
  ASSERT_TRUE(outbox.decided({ticket, What::put_into, "sys9", "INC9", "kim"}, Rung::masked, now, facts));
  EXPECT_EQ(last_state(ticket), DeliveryState::done);
  EXPECT_THAT(claimed(), ElementsAre(note));
}

TEST_F(OutboxLettersTest, GivingATicketUpGivesUpWhatWaitedBehindIt) {
  owe(DeliveryKind::ensure, "ticket");
  owe(DeliveryKind::note, "joined");
  kill_the_ticket();
  ASSERT_TRUE(outbox.decided({ticket, What::expire, {}, {}, "kim"}, Rung::masked, now, facts));
  EXPECT_EQ(last_state(ticket), DeliveryState::expired);
  EXPECT_EQ(last_state(note), DeliveryState::expired);
  EXPECT_THAT(outbox.dead(), IsEmpty());
}

TEST_F(OutboxLettersTest, ADecisionIsTakenOnce) {
  owe(DeliveryKind::ensure, "ticket");
  kill_the_ticket();
  ASSERT_TRUE(outbox.decided({ticket, What::expire, {}, {}, "kim"}, Rung::masked, now, facts));
  EXPECT_FALSE(outbox.decided({ticket, What::again, {}, {}, "kim"}, Rung::masked, now, facts));
}

TEST_F(OutboxLettersTest, WhatNobodyCanLookForIsNeverSentAgainByItself) {
  owe(DeliveryKind::ensure, "ticket");
  EXPECT_THAT(claimed(), ElementsAre(ticket));
  end(ticket, Kind::unknown, "no answer");
  now.mono += 1h;
  ASSERT_THAT(outbox.claim_look_ups(now), SizeIs(1));
  EXPECT_EQ(outbox.looked_up({ticket, Found::never, {}, {}, {}, {}}, now, facts)->state, DeliveryState::dead);
  now.mono += 48h;
  EXPECT_THAT(claimed(), IsEmpty());
  ASSERT_THAT(outbox.dead(), SizeIs(1));
  EXPECT_THAT(outbox.dead()[0].cause, testing::HasSubstr("nobody can say whether it arrived"));
}

TEST_F(OutboxLettersTest, ARestartKeepsWhatWaitsForAPerson) {
  owe(DeliveryKind::ensure, "ticket");
  owe(DeliveryKind::note, "joined");
  kill_the_ticket();
  std::map<DeliveryId, DeliveryRow> rows;
  for (const Fact& fact : facts)
    if (const auto* row = std::get_if<DeliveryRow>(&fact)) rows[row->id] = *row;
  std::vector<DeliveryRow> stored;
  for (const auto& [id, row] : rows) stored.push_back(row);
  Outbox again{{}};
  again.restore(stored, now, facts);
  EXPECT_THAT(again.claim(now, facts), IsEmpty());
  ASSERT_THAT(again.dead(), SizeIs(1));
  EXPECT_EQ(again.dead()[0].id, ticket);
}

TEST_F(OutboxLettersTest, NothingIsOwedForATicketThatWasGivenUpAlsoAfterARestart) {
  owe(DeliveryKind::ensure, "ticket");
  kill_the_ticket();
  DeliveryRow row = outbox.dead()[0];
  ASSERT_TRUE(outbox.decided({ticket, LetterDecided::What::expire, "", "", "kim"}, Rung::masked, now, facts));
  owe(DeliveryKind::note, "joined");
  EXPECT_EQ(last_state(note), DeliveryState::expired);
  row.state = DeliveryState::expired;
  Outbox restored{{}};
  restored.restore({row}, now, facts);
  restored.owe(incident, DeliveryKind::note, "joined", Severity::high, Rung::masked, now, facts);
  EXPECT_THAT(restored.claim(now, facts), IsEmpty());
}

}  // namespace
}  // namespace exhibit
