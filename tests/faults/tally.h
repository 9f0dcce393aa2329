#pragma once

#include <mutex>
#include <random>
#include <string>

#include "tests/faults/world.h"

namespace exhibit::test {

/// Gathers what several worlds came to, and prints it at its end. Thread-safe.
class Tally {
 public:
  explicit Tally(std::string part) : part_(std::move(part)) {}
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  /// Lets the world run to its end, judges it, and complains to the test. False: something was broken.
  bool close(World& world, const std::string& name, std::chrono::seconds patience = std::chrono::seconds{60});
  /// How long a server needed until it answered.
  void restarted(std::chrono::milliseconds took);

  void died_at_a_step(int times);

  [[nodiscard]] Counts sum() const;
  [[nodiscard]] std::uint64_t broken() const;
  [[nodiscard]] std::chrono::milliseconds slowest_restart() const;

 private:
  std::string part_;
  mutable std::mutex mutex_;
  Counts sum_;
  std::size_t worlds_ = 0, broken_ = 0, restarts_ = 0, at_a_step_ = 0;
  std::chrono::milliseconds slowest_{0};
};

/// Waits for some events and then a little: a moment while things are on their way.
void random_moment(World& world, std::mt19937& dice, int microseconds_max);

/// Serves until the process dies at `where` ("LABEL:3+2500"), or at a random moment when it does not get there; then it
/// is dead. True: it got there.
bool serve_and_die(Tally& tally, World& world, std::mt19937& dice, const std::string& where);

int roll(std::mt19937& dice, int low, int high);

}  // namespace exhibit::test
