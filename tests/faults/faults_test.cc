#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "runtime/step.h"
#include "tests/faults/world.h"

/// Promises P1 and P2, first proofs: the real programs, killed or lied to, lose nothing, double nothing and write
/// nothing into a wrong ticket.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::size_t worlds_at_once = 4;

/// Gathers what several worlds came to.
class Tally {
 public:
  explicit Tally(std::string part) : part_(std::move(part)) {}
  ~Tally() {
    std::printf("faults: %s: %zu worlds, %s\n", part_.c_str(), worlds_, sum_.text().c_str());
    std::fflush(stdout);
  }
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  /// Lets the world run to its end, and judges it.
  void close(World& world, const std::string& name, std::chrono::seconds patience = 60s) {
    const bool settled = world.settle(patience);
    Counts counts = world.judge();
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(settled) << part_ << ", " << name << ": not settled in time";
    EXPECT_TRUE(counts.good()) << part_ << ", " << name << ": " << counts.text() << "\n  "
                               << join(counts.complaints, "\n  ");
    sum_ += counts;
    ++worlds_;
  }

 private:
  std::string part_;
  std::mutex mutex_;
  Counts sum_;
  std::size_t worlds_ = 0;
};

/// Waits for some events and then a little: a moment while things are on their way.
void random_moment(World& world, std::mt19937& dice, int microseconds_max) {
  const int events = std::uniform_int_distribution(0, 5)(dice);
  for (int i = 0; i < events; ++i) (void)world.event(700ms);
  const bool long_wait = std::uniform_int_distribution(0, 4)(dice) == 0;
  let_pass(std::chrono::microseconds{std::uniform_int_distribution(0, long_wait ? 800'000 : microseconds_max)(dice)});
}

TEST(Kill, TheWholeProcessTwentyTimesAtRandomMoments) {
  Tally tally("SIGKILL of serve");
  constexpr int kills = 20;
  std::mt19937 dice(20261122);
  World world({.alerts = 60, .rate = 4});
  for (int i = 0; i < kills; ++i) {
    world.serve();
    random_moment(world, dice, 25'000);
    world.kill_server();
  }
  world.serve();
  tally.close(world, "twenty kills");
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

/// What the desk does to one creation. Every fault is also met on a connection that was used before.
std::vector<std::string> desk_faults() {
  std::vector<std::string> orders;
  for (const char* mode : {"store-then-hang", "store-then-reset", "store-then-500", "store-then-502", "store-then-302",
                           "store-then-200-html", "store-then-100-continue", "401", "403", "413", "429"})
    for (const char* reused : {"", ",reused=true"}) orders.push_back(cat(mode, ":on=create", reused));
  for (const char* lie : {"wrong-correlation-id", "all-rows"})  // These lie to the search that comes before a create.
    for (const char* reused : {"", ",reused=true"}) orders.push_back(cat(lie, ":on=find,after=4,times=4", reused));
  for (const char* reused : {"", ",reused=true"})
    orders.push_back(cat("waf-403-html:on=create,match=phf?n=4 ", reused));
  return orders;
}

void misbehave(Tally& tally, const std::string& order, std::uint64_t seed) {
  World world({.alerts = 8, .rate = 20, .seed = seed, .misbehaviours = {order}});
  world.serve();
  tally.close(world, order);
  EXPECT_GT(world.misbehaved(), 0U) << order << " was never met";
  if (!order.starts_with("waf") && !order.starts_with("413")) return;
  std::size_t shortened = 0;
  const Json desk = world.desk();
  for (const Json& ticket : desk["tickets"])
    shortened += text_at(ticket["work_notes"][0], "value").find("desk refused a longer text") != std::string::npos;
  EXPECT_EQ(shortened, 1U) << order << ": the ticket does not say why it is short";
}

TEST(Desk, MisbehavesOnceAtEachCreation) {
  Tally tally("desk misbehaviours");
  const std::vector<std::string> orders = desk_faults();
  std::vector<std::function<void()>> jobs;
  for (std::size_t i = 0; i < orders.size(); ++i)
    jobs.emplace_back([&tally, &orders, i] { misbehave(tally, orders[i], 300 + i); });
  in_parallel(worlds_at_once + 2, jobs);
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TwoInstances, TheSecondIsRefusedInOneSentenceAndTakesOverWhenTheFirstEnds) {
  Tally tally("second instance");
  World world({.alerts = 5, .rate = 5, .seed = 900});
  world.serve();
  while (!world.report().is_object()) let_pass(10ms);
  const std::string said = world.folder() + "/rival.log";
  const std::optional<int> refused = world.rival(said)->status(10s);
  ASSERT_TRUE(refused && WIFEXITED(*refused));
  EXPECT_NE(WEXITSTATUS(*refused), 0);
  EXPECT_THAT(content_of(said), HasSubstr("another instance uses the state folder"));
  EXPECT_EQ(std::ranges::count(content_of(said), '\n'), 1);
  EXPECT_TRUE(world.report().is_object()) << "the refused one took the first one's socket";
  world.kill_server();
  world.serve();
  tally.close(world, "taking over");
}

}  // namespace
}  // namespace exhibit::test
