#include <gmock/gmock.h>

#include <map>
#include <set>

#include "base/text.h"
#include "engine/outbox.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using Kind = DeliveryOutcome::Kind;
using Found = DeliveryLookedUp::Found;
using What = LetterDecided::What;
using testing::UnorderedElementsAreArray;

/// Drives deliveries through every answer, and writes down each change of state as the rows tell it.
class DeliveryTransitionsTest : public testing::Test {
 protected:
  /// A fresh incident with one delivery, in flight.
  DeliveryId begun(DeliveryKind kind, Rung rung = Rung::masked) {
    const DeliveryId id = owed(kind, rung);
    (void)outbox.claim(now, facts);
    note();
    return id;
  }
  DeliveryId owed(DeliveryKind kind, Rung rung = Rung::masked) {
    const IncidentId incident{cat("i", ++incidents)};
    outbox.owe(incident, kind, "subject", Severity::high, rung, now, facts);
    note();
    return delivery_id(incident, 0);
  }
  void end(const DeliveryId& id, Kind kind) {
    (void)outbox.ended({id, {kind, {}, {}, {}, {}, "why"}}, now, facts);
    note();
  }
  DeliveryId lost(DeliveryKind kind) {
    const DeliveryId id = begun(kind);
    end(id, Kind::unknown);
    return id;
  }
  /// After the settle time the answer is looked for.
  void look(const DeliveryId& id, Found found) {
    now.mono += 10min;
    (void)outbox.claim_look_ups(now);
    (void)outbox.looked_up({id, found, {}, {}, {}, "why"}, now, facts);
    note();
  }
  DeliveryId dead() {
    const DeliveryId id = begun(DeliveryKind::ensure, Rung::link_only);
    end(id, Kind::rejected);
    return id;
  }
  void decide(const DeliveryId& id, What what) {
    (void)outbox.decided({id, what, "t", "n", "kim"}, Rung::masked, now, facts);
    note();
  }
  void note() {
    for (const Fact& fact : facts)
      if (const auto* row = std::get_if<DeliveryRow>(&fact)) {
        const auto before = states.find(row->id);
        seen.insert(cat(before == states.end() ? "owed" : token(before->second), " > ", token(row->state)));
        states[row->id] = row->state;
        rows[row->id] = *row;
      }
    facts.clear();
  }

  Now now{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};
  Outbox outbox{Outbox::Settings{.denied_pause = 0s, .in_flight_max = 1000}};
  Facts facts;
  int incidents = 0;
  std::map<DeliveryId, DeliveryState> states;
  std::map<DeliveryId, DeliveryRow> rows;
  std::set<std::string> seen;
};

TEST_F(DeliveryTransitionsTest, AreTheDrawnOnesAndEachOfThemHappens) {
  for (const Kind kind : {Kind::done, Kind::retry, Kind::unknown, Kind::rejected, Kind::denied, Kind::gone})
    for (const DeliveryKind what :
         {DeliveryKind::ensure, DeliveryKind::note, DeliveryKind::attach, DeliveryKind::link, DeliveryKind::state})
      end(begun(what), kind);
  for (const Found found : {Found::one, Found::none, Found::several, Found::failed, Found::never})
    look(lost(DeliveryKind::ensure), found);
  end(lost(DeliveryKind::note), Kind::done);  // Proof that comes late is proof.
  for (const What what : {What::again, What::link_only, What::put_into, What::expire}) decide(dead(), what);
  const DeliveryId waiting = owed(DeliveryKind::note);
  EXPECT_TRUE(outbox.withdraw({"i" + std::to_string(incidents)}, "subject", facts));
  note();
  EXPECT_EQ(states[waiting], DeliveryState::expired);
  const DeliveryId flying = begun(DeliveryKind::ensure);
  Outbox reborn{Outbox::Settings{}};
  reborn.restore({rows[flying]}, now, facts);
  note();
  EXPECT_THAT(
      seen, UnorderedElementsAreArray({"owed > ready", "ready > inflight", "ready > expired", "inflight > ready",
                                       "inflight > unknown", "inflight > done", "inflight > dead", "inflight > expired",
                                       "unknown > ready", "unknown > unknown", "unknown > done", "unknown > dead",
                                       "dead > ready", "dead > done", "dead > expired"}));
}

TEST_F(DeliveryTransitionsTest, AnAnswerToWhatIsNotUnderWayChangesNothing) {
  const DeliveryId id = owed(DeliveryKind::ensure);
  for (const Kind kind : {Kind::done, Kind::rejected, Kind::gone}) end(id, kind);
  look(id, Found::one);
  EXPECT_EQ(states[id], DeliveryState::ready);
  const DeliveryId unknown = lost(DeliveryKind::ensure);
  for (const Kind kind : {Kind::retry, Kind::rejected, Kind::gone, Kind::denied, Kind::unknown}) end(unknown, kind);
  EXPECT_EQ(states[unknown], DeliveryState::unknown) << "only proof counts once it is unknown";
  end({"nobody's-1"}, Kind::done);
  EXPECT_FALSE(outbox.looked_up({{"nobody's-1"}, Found::one, {}, {}, {}, {}}, now, facts));
}

TEST_F(DeliveryTransitionsTest, WhatRestsUntilTheSettleTimeWakesTheEngineThen) {
  const DeliveryId id = lost(DeliveryKind::ensure);
  ASSERT_TRUE(outbox.next_wake());
  EXPECT_EQ(*outbox.next_wake(), now.mono + 120s);
  now.mono += 119s;
  EXPECT_TRUE(outbox.claim_look_ups(now).empty());
  now.mono += 1s;
  EXPECT_EQ(outbox.claim_look_ups(now).at(0).id, id);
  EXPECT_FALSE(outbox.next_wake()) << "it is being looked for";
}

}  // namespace
}  // namespace exhibit
