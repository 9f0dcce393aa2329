#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "base/plants.h"
#include "proof.h"
#include "world.h"

/// A test that cannot find a planted bug shows nothing: each invariant turns red by a plant of its own.
namespace exhibit::sim {
#ifdef EXHIBIT_PLANTS
namespace {

using namespace std::chrono_literals;

struct Case {
  Invariant invariant;
  Plant plant;
  bool wild_clock = false, replayed = false;
  std::uint64_t first = 1;  ///< Seed; a later one where chance shows the bug late.
};

const Case cases[] = {
    {Invariant::one_ticket, Plant::unknown_is_ready},
    {Invariant::operation_once, Plant::note_is_sent_again},
    {Invariant::operations_ordered, Plant::retry_forgets_order},
    {Invariant::right_ticket, Plant::wrong_ticket},
    {Invariant::tenants_apart, Plant::tenant_forgotten},
    {Invariant::committed_first, Plant::claim_without_fact},
    {Invariant::ticket_first, Plant::notes_pass_a_dead_ticket},
    {Invariant::look_when_unknown, Plant::looks_at_what_is_under_way},
    {Invariant::settle_time_kept, Plant::looks_too_early},
    {Invariant::refusal_respected, Plant::refusal_forgotten},
    {Invariant::few_at_once, Plant::no_limit},
    {Invariant::lawful_step, Plant::late_answer_counts},
    {Invariant::rung_never_rises, Plant::rung_forgotten},
    {Invariant::alert_once, Plant::no_dedup},
    {Invariant::receive_order, Plant::sequence_forgotten},
    {Invariant::floor_kept, Plant::floor_ignored},
    {Invariant::settled_stays, Plant::settled_again},
    {Invariant::pulls_limited, Plant::pulls_unlimited},
    {Invariant::whole_is_whole, Plant::first_pull_is_whole, true},
    {Invariant::true_cause, Plant::unreachable_is_gone},
    {Invariant::patience_kept, Plant::clock_gives_up, true, false, 7},
    {Invariant::wait_bounded, Plant::waits_for_years, true},
    {Invariant::alert_kept, Plant::alert_dropped},
    {Invariant::incident_has_ticket, Plant::none_is_done},
    {Invariant::alerts_counted, Plant::counts_twice},
    {Invariant::capture_settles, Plant::pull_not_repeated},
    {Invariant::capture_examined, Plant::examined_for_the_first},
    {Invariant::capture_told_once, Plant::told_twice},
    {Invariant::delivery_ends, Plant::restore_forgets},
    {Invariant::replay_is_nothing, Plant::duplicate_counts, false, true},
};

bool breaks(const Case& one, std::uint64_t seed) {
  World world(seed, {.gap = 60s, .wild_clock = one.wild_clock});
  world.stage().waits_for = one.invariant;
  world.run_for(one.wild_clock ? 12h : 2h);
  world.quiesce();
  if (one.replayed && !world.stage().over()) world.replay();
  return world.stage().broken().contains(one.invariant);
}

class Planted : public testing::TestWithParam<Case> {
 protected:
  static void TearDownTestSuite() { test::proved("P23", std::size(cases), std::size(cases) - found); }
  static inline std::size_t found = 0;
};

TEST_P(Planted, IsFound) {
  const std::uint64_t seeds = GetParam().first + 39;
  std::uint64_t seed = GetParam().first;
  active_plant = GetParam().plant;
  while (seed <= seeds && !breaks(GetParam(), seed)) ++seed;
  active_plant = Plant::none;
  std::printf("%s: found by seed %d\n", std::string(name(GetParam().invariant)).c_str(), static_cast<int>(seed));
  found += seed <= seeds ? 1 : 0;
  EXPECT_LE(seed, seeds) << name(GetParam().invariant);
}

INSTANTIATE_TEST_SUITE_P(Simulation, Planted, testing::ValuesIn(cases));

TEST(Plants, EveryInvariantHasItsOwn) {
  std::set<Invariant> invariants;
  std::set<Plant> plants;
  for (const Case& one : cases) invariants.insert(one.invariant), plants.insert(one.plant);
  EXPECT_EQ(invariants.size(), static_cast<std::size_t>(Invariant::count));
  EXPECT_EQ(plants.size(), invariants.size());
}

}  // namespace
#endif
}  // namespace exhibit::sim
