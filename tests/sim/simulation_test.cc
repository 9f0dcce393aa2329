#include <gtest/gtest.h>

#include "base/text.h"
#include "engine/plants.h"
#include "world.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t seeds = 50;

std::string last_lines(const World& world) {
  const auto& lines = world.transcript();
  return join({lines.end() - static_cast<std::ptrdiff_t>(std::min<std::size_t>(lines.size(), 30)), lines.end()}, "\n");
}

World played(std::uint64_t seed) {
  World world(seed);
  world.run_for(120min);
  world.quiesce();
  return world;
}

TEST(Simulation, EveryAlertEndsInExactlyOneTicketAndEveryCaptureIsSettled) {
#ifdef EXHIBIT_PLANTS
  active_plant = Plant::none;
#endif
  std::size_t alerts = 0, crashes = 0, unknown = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const World world = played(seed);
    ASSERT_TRUE(world.violations().empty()) << "seed " << seed << ": " << world.violations().front() << "\n"
                                            << last_lines(world);
    alerts += world.alerts_raised(), crashes += world.crashes(), unknown += world.unknown_outcomes();
  }
  std::printf("simulated: %llu seeds of 2 hours, %zu alerts, %zu crashes, %zu lost answers\n",
              static_cast<unsigned long long>(seeds), alerts, crashes, unknown);
  EXPECT_GT(crashes, seeds);
  EXPECT_GT(unknown, seeds);
}

TEST(Simulation, OneSeedIsOneRun) {
  for (const std::uint64_t seed : {3U, 17U}) EXPECT_EQ(played(seed).digest(), played(seed).digest());
}

#ifdef EXHIBIT_PLANTS
/// A test that cannot find a planted bug shows nothing.
class Planted : public testing::TestWithParam<Plant> {};

TEST_P(Planted, IsFound) {
  active_plant = GetParam();
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) found += played(seed).violations().empty() ? 0 : 1;
  active_plant = Plant::none;
  EXPECT_GT(found, 0U);
  std::printf("planted bug %d: found by %zu of 20 seeds\n", static_cast<int>(GetParam()), found);
}

INSTANTIATE_TEST_SUITE_P(Simulation, Planted,
                         testing::Values(Plant::unknown_is_ready, Plant::claim_without_fact, Plant::no_dedup,
                                         Plant::retry_forgets_order));
#endif

}  // namespace
}  // namespace exhibit::sim
