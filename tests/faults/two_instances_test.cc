#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "proof.h"
#include "tests/faults/tally.h"

/// P2 with two hosts on one store: the second waits outside until the first is gone.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_refused(const std::optional<int>& status, const std::string& said) {
  ASSERT_TRUE(status && WIFEXITED(*status));
  EXPECT_NE(WEXITSTATUS(*status), 0);
  EXPECT_THAT(content_of(said), HasSubstr("another instance uses the state folder"));
  EXPECT_EQ(std::ranges::count(content_of(said), '\n'), 1) << content_of(said);
}

TEST(TwoInstances, TheSecondIsRefusedInOneSentenceAndTakesOverWhenTheFirstEnds) {
  Tally tally("second instance");
  World world({.alerts = 5, .rate = 5, .seed = 900});
  world.serve();
  while (!world.report().is_object()) let_pass(10ms);
  const std::string said = world.folder() + "/rival.log";
  expect_refused(world.rival(said)->status(10s), said);
  EXPECT_TRUE(world.report().is_object()) << "the refused one took the first one's socket";
  world.kill_server();
  world.serve();
  tally.close(world, "taking over");
}

/// A second one comes at a random moment; sometimes the first dies just then. Whoever lives serves on.
void swap_at_random(Tally& tally, std::uint64_t swaps, std::uint64_t seed) {
  std::mt19937 dice(static_cast<unsigned>(seed));
  World world({.alerts = static_cast<int>(swaps) * 3,
               .rate = 5,
               .seed = seed,
               .misbehaviours = {"store-then-reset:on=create,times=0,after=3"}});
  world.serve();
  std::uint64_t taken_over = 0;
  for (std::uint64_t i = 0; i < swaps; ++i) {
    const std::string said = cat(world.folder(), "/rival-", i, ".log");
    random_moment(world, dice, 25'000);
    if (roll(dice, 0, 2) == 0 && world.up(10s)) expect_refused(world.rival(said)->status(10s), said);
    auto rival = world.rival(said + "2");
    let_pass(std::chrono::microseconds{roll(dice, 0, 40'000)});
    world.swap(std::move(rival));
    if (!world.server().status(Program::Patience{roll(dice, 0, 300)}))
      ++taken_over;
    else
      world.serve();  // It came too early, and was refused.
  }
  tally.close(world, cat("swaps from ", seed));
  EXPECT_GT(taken_over, 0U);
}

TEST(TwoInstances, KilledAndSwappedAtRandomTheyMakeOneTicketEach) {
  constexpr std::uint64_t swaps_each = 25;
  const std::uint64_t swaps = asked_count(100), first = first_seed();
  Tally tally("two instances, swapped");
  std::vector<std::function<void()>> jobs;
  for (std::uint64_t done = 0; done < swaps; done += swaps_each)
    jobs.emplace_back([&tally, mine = std::min(swaps_each, swaps - done), seed = first + done] {
      swap_at_random(tally, mine, 2000 + seed);
    });
  in_parallel(12, jobs);
  proved("P2", tally.sum().kills, tally.broken());
}

}  // namespace
}  // namespace exhibit::test
