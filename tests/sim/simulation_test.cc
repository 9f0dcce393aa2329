#include <gtest/gtest.h>

#include <cstdio>

#include "base/plants.h"
#include "base/text.h"
#include "proof.h"
#include "world.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;
using test::asked_count;
using test::asked_number;
using test::first_seed;
using test::proved;

/// EXHIBIT_SEED alone plays that one seed and tells all of it.
const bool replaying = std::getenv("EXHIBIT_SEED") != nullptr && std::getenv("EXHIBIT_COUNT") == nullptr;

/// In a long run a death is rarer, since each costs as much as there are rows.
std::unique_ptr<World> played(std::uint64_t seed, Nanoseconds length, World::Options options = {}) {
  if (length > 12h) options.deaths = 1, options.gap = 480s;
  auto world = std::make_unique<World>(seed, options);
  world->stage().keep_all = replaying;
  world->run_for(length);
  world->quiesce();
  return world;
}

std::string told(World& world) {
  return join({world.stage().transcript().begin(), world.stage().transcript().end()}, "\n");
}

struct Sum {
  std::uint64_t seeds = 0, broken = 0;
  std::size_t alerts = 0, crashes = 0, lost = 0, put_aside = 0;
  std::set<Step> steps = {};

  void add(std::uint64_t seed, World& world) {
    ++seeds;
    alerts += world.alerts_raised(), crashes += world.crashes(), lost += world.lost_answers();
    put_aside += world.put_aside();
    steps.merge(world.steps());
    if (replaying) std::printf("%s\n", told(world).c_str());
    if (world.violations().empty()) return;
    ++broken;
    ADD_FAILURE() << "EXHIBIT_SEED=" << seed << ": " << world.violations().front() << "\n"
                  << (replaying ? "" : told(world));
  }
};

template <typename Play>
Sum play_seeds(std::uint64_t in_ci, const Play& play) {
  Sum sum;
  const std::uint64_t first = first_seed(), count = replaying ? 1 : asked_count(in_ci);
  for (std::uint64_t seed = first; seed < first + count && sum.broken < 3; ++seed) sum.add(seed, *play(seed));
  return sum;
}

Nanoseconds asked_length() { return std::chrono::hours(asked_number("EXHIBIT_SIM_HOURS", 2)); }

/// Every arrow of the outbox's picture.
std::set<Step> all_steps() {
  using State = DeliveryState;
  return {{"", State::ready},        {"ready", State::inflight},   {"ready", State::expired},
          {"inflight", State::done}, {"inflight", State::ready},   {"inflight", State::unknown},
          {"inflight", State::dead}, {"inflight", State::expired}, {"unknown", State::done},
          {"unknown", State::ready}, {"unknown", State::dead},     {"unknown", State::unknown},
          {"dead", State::ready},    {"dead", State::done},        {"dead", State::expired}};
}

/// P23.
TEST(Simulation, EveryAlertEndsInExactlyOneTicketAndEveryCaptureIsSettled) {
  const Nanoseconds length = asked_length();
  const Sum sum = play_seeds(50, [&](std::uint64_t seed) { return played(seed, length); });
  std::printf(
      "simulated: %llu seeds of %d hours, %zu alerts, %zu crashes, %zu lost answers, %zu of %zu steps of the outbox\n",
      static_cast<unsigned long long>(sum.seeds), static_cast<int>(length / 1h), sum.alerts, sum.crashes, sum.lost,
      sum.steps.size(), all_steps().size());
  proved("P23", sum.seeds, sum.broken);
  if (replaying) return;
  for (const auto& [from, to] : all_steps())
    EXPECT_TRUE(sum.steps.contains({from, to}) || sum.seeds < 50) << from << " to " << token(to) << " was never gone";
  EXPECT_GT(sum.crashes, sum.seeds);
  EXPECT_GT(sum.lost, sum.seeds);
  EXPECT_GT(sum.put_aside, sum.seeds) << "what waits for a desk leaves the memory, and comes back";
}

TEST(Simulation, OneSeedIsOneRun) {
  const std::uint64_t first = first_seed(), count = asked_count(3);
  std::uint64_t differ = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed)
    differ += played(seed, asked_length())->digest() == played(seed, asked_length())->digest() ? 0 : 1;
  EXPECT_EQ(differ, 0U);
  proved("P23", count, differ);
}

/// P4: the second feed, shuffled and a fifth of it late, changes nothing.
TEST(Simulation, ADayThatIsFedAgainChangesNothing) {
  const Sum sum = play_seeds(10, [](std::uint64_t seed) {
    auto world = played(seed, 24h);
    if (world->violations().empty()) world->replay();
    return world;
  });
  proved("P4", sum.seeds, sum.broken);
}

/// P20, timers: whatever our clock and the sensors' clocks say.
TEST(Simulation, NoClockLosesWaitsForEverOrDoublesAnything) {
  const Sum sum = play_seeds(100, [](std::uint64_t seed) { return played(seed, 6h, {.wild_clock = true}); });
  proved("P20", sum.seeds, sum.broken);
}

}  // namespace
}  // namespace exhibit::sim
