#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "proof.h"
#include "runtime/step.h"
#include "tests/faults/tally.h"

/// P2, one incident, one ticket: the real programs before a desk that lies, fails and forgets to answer.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t desks_at_once = 12;

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
  in_parallel(desks_at_once, jobs);
}

/// One of the twelve ways to fail; "N" stands for every incident of the run.
struct Mode {
  const char* name;
  std::vector<std::string> orders;
};

const std::vector<Mode>& twelve_modes() {
  const std::string lost = "store-then-reset:on=create,times=N";
  static const std::vector<Mode> modes = {
      {"store-then-hang", {"store-then-hang:on=create,times=N"}},
      {"store-then-reset", {lost}},
      {"store-then-500", {"store-then-500:on=create,times=N"}},
      {"store-then-502", {"store-then-502:on=create,times=N"}},
      {"store-then-302", {"store-then-302:on=create,times=N"}},
      {"store-then-200-html", {"store-then-200-html:on=create,times=N"}},
      {"store-then-100-continue", {"store-then-100-continue:on=create,times=N"}},
      {"wrong-correlation-id", {lost, "wrong-correlation-id:on=find,times=20"}},
      {"all-rows", {lost, "all-rows:on=find,times=20"}},
      {"reset on a reused connection", {"store-then-reset:on=write,reused=true,times=N"}},
      {"waf-403-html", {"waf-403-html:on=create,match=phf?n=,times=0"}},
      {"429", {"429:on=create,times=N,wait=0"}},
  };
  return modes;
}

/// The desk fails at every incident in its way, while the server dies again and again at its steps.
void fail_and_die(Tally& tally, const Mode& mode, std::uint64_t incidents, std::uint64_t seed) {
  constexpr int deaths = 50;
  World::Options options{
      .alerts = static_cast<int>(incidents), .rate = static_cast<double>(incidents) / 25, .seed = seed};
  for (const std::string& order : mode.orders) {
    const std::size_t all = order.find("=N");
    options.misbehaviours.push_back(
        all == std::string::npos ? order : cat(order.substr(0, all + 1), incidents, order.substr(all + 2)));
  }
  std::mt19937 dice(static_cast<unsigned>(seed));
  World world(std::move(options));
  int at_a_step = 0;
  for (int i = 0; i < deaths; ++i) {
    const std::string_view label = labelled_steps[static_cast<std::size_t>(i) % (std::size(labelled_steps) - 1)];
    at_a_step += serve_and_die(tally, world, dice, cat(label, ":", roll(dice, 1, 3))) ? 1 : 0;
  }
  world.serve();
  tally.close(world, cat(mode.name, ", seed ", seed), 300s);
  tally.died_at_a_step(at_a_step);
  EXPECT_GE(world.misbehaved(), incidents) << mode.name << " was met too seldom";
}

/// The same, but a search never finds what is there: then a lost answer must become a double, and be seen here.
TEST(Desk, WhoseSearchIsBlindGetsDoublesAndThisTestSeesThem) {
  World world({.alerts = 12,
               .rate = 20,
               .seed = 777,
               .misbehaviours = {"store-then-reset:on=create,times=6"},
               .desk_options = {"--settle-hidden-ms", "100000000"}});
  world.serve();
  EXPECT_TRUE(world.settle(60s));
  const Counts counts = world.judge();
  EXPECT_GE(counts.doubled, 1U) << counts.text();  // One incident may meet it more than once.
}

/// P2. Its count is of incidents for each mode.
TEST(Desk, FailsInTwelveWaysAtEveryIncidentWhileTheServerDies) {
  constexpr std::uint64_t of_a_world = 250;
  const std::uint64_t incidents = asked_count(20), first = first_seed();
  Tally tally("twelve ways to fail");
  std::vector<std::function<void()>> jobs;
  for (std::uint64_t done = 0; done < incidents; done += of_a_world)
    for (const Mode& mode : twelve_modes())
      jobs.emplace_back([&tally, &mode, mine = std::min(of_a_world, incidents - done), seed = first + done] {
        fail_and_die(tally, mode, mine, seed);
      });
  in_parallel(desks_at_once, jobs);
  proved("P2", tally.sum().alerts, tally.broken());
}

}  // namespace
}  // namespace exhibit::test
