#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/outbox.h"

/// After rows were lost: what may stand at the desk already is looked for before it is made.
namespace exhibit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Found = DeliveryLookedUp::Found;

class OutboxDoubtTest : public testing::Test {
 protected:
  OutboxDoubtTest() { outbox.doubt(now.wall, now.wall + 168h); }

  void owe(DeliveryKind kind, std::string subject) {
    outbox.owe(incident, kind, std::move(subject), Severity::high, Rung::masked, now, facts);
  }
  std::vector<DeliveryId> looked_for() {
    std::vector<DeliveryId> ids;
    for (const DeliveryRow& row : outbox.claim_look_ups(now)) ids.push_back(row.id);
    return ids;
  }
  std::vector<DeliveryId> claimed() {
    std::vector<DeliveryId> ids;
    for (const DeliveryRow& row : outbox.claim(now, facts)) ids.push_back(row.id);
    return ids;
  }

  Now now{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};
  Outbox outbox{{}};
  Facts facts;
  IncidentId incident{"i"};
};

TEST_F(OutboxDoubtTest, ATicketIsLookedForBeforeItIsMade) {
  owe(DeliveryKind::ensure, "ticket");
  EXPECT_THAT(claimed(), IsEmpty());
  EXPECT_THAT(looked_for(), ElementsAre(delivery_id(incident, 0)));
  EXPECT_EQ(outbox.looked_up({delivery_id(incident, 0), Found::none, {}, {}, {}, {}}, now, facts)->state,
            DeliveryState::ready);
  EXPECT_THAT(claimed(), ElementsAre(delivery_id(incident, 0)));
}

TEST_F(OutboxDoubtTest, ATicketThatStandsIsNotMadeAgain) {
  owe(DeliveryKind::ensure, "ticket");
  (void)looked_for();
  EXPECT_EQ(outbox.looked_up({delivery_id(incident, 0), Found::one, "sys1", {}, {}, {}}, now, facts)->state,
            DeliveryState::done);
  EXPECT_THAT(claimed(), IsEmpty());
}

TEST_F(OutboxDoubtTest, TheFileItOpensWithIsLookedForUnderItsOldName) {
  owe(DeliveryKind::ensure, "ticket");
  owe(DeliveryKind::attach, "trigger-packet");
  EXPECT_THAT(looked_for(), testing::Contains(delivery_id(incident, 1)));
}

TEST_F(OutboxDoubtTest, NotesHaveNamesThatNoLostNoteHad) {
  owe(DeliveryKind::ensure, "ticket");
  owe(DeliveryKind::note, "joined");
  owe(DeliveryKind::note, "capture");
  (void)looked_for();
  (void)outbox.looked_up({delivery_id(incident, 0), Found::one, "sys1", {}, {}, {}}, now, facts);
  EXPECT_THAT(claimed(), ElementsAre(delivery_id(incident, 1'795'313'561)));
}

TEST_F(OutboxDoubtTest, AfterAWhileNothingIsInDoubt) {
  now.wall += 169h;
  owe(DeliveryKind::ensure, "ticket");
  EXPECT_THAT(claimed(), ElementsAre(delivery_id(incident, 0)));
}

TEST_F(OutboxDoubtTest, WhatWaitedLongForADeskIsLookedForSoonAfterItIsWellAgain) {
  const IncidentId other{"j"};
  owe(DeliveryKind::ensure, "ticket");
  for (int i = 0; i < 12; ++i, now.mono += 2h) {
    ASSERT_THAT(looked_for(), ElementsAre(delivery_id(incident, 0))) << i;
    (void)outbox.looked_up({delivery_id(incident, 0), Found::failed, {}, {}, {}, {}}, now, facts);
  }
  (void)looked_for();
  (void)outbox.looked_up({delivery_id(incident, 0), Found::failed, {}, {}, {}, {}}, now, facts);
  now.mono += 31s;
  EXPECT_THAT(looked_for(), IsEmpty()) << "a desk that stays ill is asked less and less often";
  outbox.owe(other, DeliveryKind::ensure, "ticket", Severity::high, Rung::masked, now, facts);
  EXPECT_THAT(looked_for(), ElementsAre(delivery_id(other, 0)));
  (void)outbox.looked_up({delivery_id(other, 0), Found::none, {}, {}, {}, {}}, now, facts);
  now.mono += 31s;
  EXPECT_THAT(looked_for(), ElementsAre(delivery_id(incident, 0)));
}

/// It was under way each time that our process ended; that says nothing of the desk.
TEST(OutboxAfterDeathsTest, WaitsNoLongerForADeskThatFailsOnce) {
  Now now{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};
  const Outbox::Settings settings{.retry_first = 1s, .settle = 0s};
  Facts facts;
  std::vector<DeliveryRow> rows;
  for (int life = 0; life < 20; ++life, now.mono += 1s, now.wall += 1s) {
    Outbox outbox(settings);
    outbox.restore(rows, now, facts);
    if (life == 0) outbox.owe({"i"}, DeliveryKind::ensure, "ticket", Severity::high, Rung::masked, now, facts);
    for (const DeliveryRow& row : outbox.claim_look_ups(now))
      (void)outbox.looked_up({row.id, Found::none, {}, {}, {}, {}}, now, facts);
    rows = outbox.claim(now, facts);
    ASSERT_EQ(rows.size(), 1U);
  }
  Outbox outbox(settings);
  outbox.restore(rows, now, facts);
  ASSERT_EQ(outbox.claim_look_ups(now).size(), 1U);
  const auto looked = outbox.looked_up({rows.front().id, Found::failed, {}, {}, {}, {}}, now, facts);
  ASSERT_TRUE(looked);
  EXPECT_GT(looked->attempt, 20);
  EXPECT_LE(looked->certain_after.mono - now.mono, 2s);
}

}  // namespace
}  // namespace exhibit
