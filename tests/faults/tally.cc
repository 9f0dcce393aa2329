#include "tests/faults/tally.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace exhibit::test {

using namespace std::chrono_literals;

int roll(std::mt19937& dice, int low, int high) { return std::uniform_int_distribution(low, high)(dice); }

Tally::~Tally() {
  std::printf("faults: %s", part_.c_str());
  if (worlds_ > 0) std::printf(": %zu worlds, %s", worlds_, sum_.text().c_str());
  if (restarts_ > 0) std::printf("; %zu restarts, the slowest %d ms", restarts_, static_cast<int>(slowest_.count()));
  if (at_a_step_ > 0) std::printf("; %zu deaths at a labelled step", at_a_step_);
  std::printf("\n");
  std::fflush(stdout);
}

bool Tally::close(World& world, const std::string& name, std::chrono::seconds patience) {
  const bool settled = world.settle(patience);
  const Counts counts = world.judge();
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(settled) << part_ << ", " << name << ": not settled in time";
  EXPECT_TRUE(counts.good()) << part_ << ", " << name << ": " << counts.text() << "\n  "
                             << join(counts.complaints, "\n  ");
  sum_ += counts;
  ++worlds_;
  broken_ += settled && counts.good() ? 0 : 1;
  return settled && counts.good();
}

void Tally::restarted(std::chrono::milliseconds took) {
  const std::lock_guard lock(mutex_);
  ++restarts_;
  slowest_ = std::max(slowest_, took);
}

void Tally::died_at_a_step(int times) {
  const std::lock_guard lock(mutex_);
  at_a_step_ += static_cast<std::size_t>(times);
}

Counts Tally::sum() const {
  const std::lock_guard lock(mutex_);
  return sum_;
}

std::uint64_t Tally::broken() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

std::chrono::milliseconds Tally::slowest_restart() const {
  const std::lock_guard lock(mutex_);
  return slowest_;
}

void random_moment(World& world, std::mt19937& dice, int microseconds_max) {
  const int events = roll(dice, 0, 5);
  for (int i = 0; i < events; ++i) (void)world.event(700ms);
  const bool long_wait = roll(dice, 0, 4) == 0;
  let_pass(std::chrono::microseconds{roll(dice, 0, long_wait ? 800'000 : microseconds_max)});
}

bool serve_and_die(Tally& tally, World& world, std::mt19937& dice, const std::string& where) {
  world.serve(where.empty() ? std::vector<std::string>{} : std::vector{cat("EXHIBIT_DIE_AT=", where)});
  if (roll(dice, 0, 3) > 0)  // Else it may die while it starts.
    if (const auto took = world.up(10s)) tally.restarted(*took);
  const bool there = !where.empty() && world.server().status(800ms);
  if (!there) random_moment(world, dice, 25'000);
  world.kill_server();
  return there;
}

}  // namespace exhibit::test
