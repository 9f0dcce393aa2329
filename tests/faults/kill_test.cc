#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "proof.h"
#include "runtime/step.h"
#include "tests/faults/tally.h"

/// P1, nothing acknowledged is lost: the real programs, killed.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;

/// Where the next death lies: up to 25 ms after one of the steps between a batch and its ticket; nothing: anywhere.
std::string next_death(std::mt19937& dice) {
  constexpr const char* steps[] = {"batch-received", "after-commit", "before-send", "after-answer"};
  const int which = roll(dice, 0, 5);
  return which > 3 ? "" : cat(steps[which], ":", roll(dice, 1, 4), "+", roll(dice, 1, 25'000));
}

/// P1. Its seeds are the numbers of the kills: a world takes fifty.
TEST(Kill, TheWholeProcessAtRandomMoments) {
  constexpr std::uint64_t kills_each = 50;
  const std::uint64_t kills = asked_count(200), first = first_seed();
  Tally tally("SIGKILL of serve");
  std::vector<std::function<void()>> jobs;
  for (std::uint64_t done = 0; done < kills; done += kills_each)
    jobs.emplace_back([&tally, mine = std::min(kills_each, kills - done), seed = first + done] {
      std::mt19937 dice(static_cast<unsigned>(seed));
      World world({.alerts = static_cast<int>(mine) * 4, .rate = 6, .seed = seed});
      for (std::uint64_t i = 0; i < mine; ++i) (void)serve_and_die(tally, world, dice, next_death(dice));
      world.serve();
      tally.close(world, cat("kills from ", seed));
    });
  in_parallel(worlds_at_once, jobs);
  EXPECT_LE(tally.slowest_restart(), 2s);
  EXPECT_EQ(tally.sum().kills, kills);
  proved("P1", tally.sum().kills, tally.broken() + (tally.slowest_restart() > 2s ? 1 : 0));
}

TEST(Kill, TheRunnerTwentyTimesAtRandomMoments) {
  Tally tally("SIGKILL of the runner");
  static constexpr int worlds = 4, kills_each = 5;  // The pause before a new runner grows with each death.
  std::vector<std::function<void()>> jobs;
  for (int i = 0; i < worlds; ++i)
    jobs.emplace_back([&tally, i] {
      std::mt19937 dice(static_cast<unsigned>(1000 + i));
      World world({.alerts = 60, .rate = 20, .seed = static_cast<std::uint64_t>(i + 10)});
      world.serve();
      int killed = 0;
      for (int tries = 0; killed < kills_each && tries < 200; ++tries) {
        random_moment(world, dice, 4'000);
        killed += world.kill_runner() ? 1 : 0;
      }
      EXPECT_EQ(killed, kills_each);
      tally.close(world, cat("world ", i));
    });
  in_parallel(worlds_at_once, jobs);
}

/// Serves until the process dies at the label, then serves on.
void die_at(Tally& tally, const std::string& where, std::uint64_t seed) {
  const bool page = where.starts_with("ledger-written"), look = where.starts_with("before-look-up");
  World::Options options{.alerts = 11, .rate = 20, .seed = seed, .user = page};
  if (look) options.misbehaviours = {"store-then-reset:on=create,after=2"};
  World world(std::move(options));
  world.serve({cat("EXHIBIT_DIE_AT=", where)});
  if (page) {
    EXPECT_TRUE(world.settle(30s)) << where;
    EXPECT_FALSE(world.look_at_a_page()) << where;
  }
  const std::optional<int> end = world.server().status(30s);
  EXPECT_TRUE(end && WIFSIGNALED(*end) && WTERMSIG(*end) == SIGKILL) << where << " was not reached";
  world.kill_server();
  world.serve();
  tally.close(world, where);
  EXPECT_TRUE(!page || world.look_at_a_page());
}

TEST(Kill, AtEveryLabelledStep) {
#ifndef EXHIBIT_FAILPOINTS
  GTEST_SKIP() << "built without EXHIBIT_FAILPOINTS";
#else
  Tally tally("SIGKILL at each step");
  std::vector<std::string> places;
  for (const std::string_view label : labelled_steps) places.emplace_back(label);
  // Where it comes often, later ones as well: by then other things are on their way.
  for (const char* again : {"before-commit:2", "after-commit:2", "before-commit:7", "after-commit:7", "before-send:3",
                            "after-answer:3", "after-seal:2", "before-seal:2"})
    places.emplace_back(again);
  std::vector<std::function<void()>> jobs;
  for (std::size_t i = 0; i < places.size(); ++i)
    jobs.emplace_back([&tally, &places, i] { die_at(tally, places[i], 100 + i); });
  in_parallel(worlds_at_once, jobs);
#endif
}

}  // namespace
}  // namespace exhibit::test
