#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "files.h"
#include "proof.h"
#include "tests/faults/tally.h"

/// P7 with the real programs: a store that was damaged while nobody served is begun anew, and its tickets are found.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

enum class Harm { bit, zeros, cut, gone };

void do_harm(const std::string& path, Harm harm, std::mt19937& dice) {
  if (harm == Harm::gone) {
    fs::remove(path);
    fs::remove(path + "-wal");
    return;
  }
  std::string bytes = read_file(path);
  const std::size_t pages = bytes.size() / 4096;
  const auto at = static_cast<std::size_t>(roll(dice, 0, static_cast<int>(pages) - 1)) * 4096;
  if (harm == Harm::bit) bytes[at + 100] ^= 4;
  if (harm == Harm::zeros) bytes.replace(at, 4096, 4096, '\0');
  if (harm == Harm::cut) bytes.resize(at + 2048);
  write_file(path, bytes);
}

/// Until the sensor's own store has been read again and all of it is settled.
Json read_again(World& world, int alerts) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  Json report;
  while (std::chrono::steady_clock::now() < end) {
    report = world.report();
    if (report.is_object() && report.value("alerts", 0) == alerts && report.value("settled", false)) break;
    let_pass(50ms);
  }
  return report;
}

void damage_and_serve(Harm harm, std::uint64_t seed) {
  constexpr int alerts = 12;
  std::mt19937 dice(static_cast<unsigned>(seed));
  World world({.alerts = alerts, .rate = 30, .seed = seed});
  world.serve();
  ASSERT_TRUE(world.settle(60s));
  const Counts before = world.judge();
  ASSERT_TRUE(before.good()) << before.text();
  world.server().send(SIGTERM);
  ASSERT_TRUE(world.server().status(10s)) << "it does not end";
  do_harm(world.folder() + "/state/tenants/acme/exhibit.db", harm, dice);
  world.serve();
  const Json report = read_again(world, alerts);
  EXPECT_EQ(report.value("alerts", 0), alerts) << "what the sensor holds is not read again";
  EXPECT_EQ(report.value("gaps", 0), 1) << "one for its sensor";
  const Counts after = world.judge();
  EXPECT_THAT(after.complaints, testing::ElementsAre("a gap was noted"));
  EXPECT_EQ(after.tickets, before.tickets);
  EXPECT_EQ(after.attachments, before.attachments);
  EXPECT_EQ(after.doubled + after.wrong + after.unsettled, 0U) << after.text();
  EXPECT_EQ(fs::exists(world.folder() + "/state/tenants/acme/damaged"), harm != Harm::gone) << "it is never deleted";
}

TEST(Damage, AStoreIsBegunAnewAndFindsItsOldTickets) {
  const std::uint64_t worlds = asked_count(8), first = first_seed();
  std::vector<std::function<void()>> jobs;
  for (std::uint64_t i = first; i < first + worlds; ++i)
    jobs.emplace_back([i] { damage_and_serve(static_cast<Harm>(i % 4), 4000 + i); });
  in_parallel(8, jobs);
  proved("P7", worlds, HasFailure() ? worlds : 0);
}

}  // namespace
}  // namespace exhibit::test
