#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/values.h"
#include "invariants.h"

namespace exhibit::sim {

/// The clock, the dice and the order of things of one simulated world: all that happens, happens here, one after the
/// other, and a seed repeats it.
///
/// Fault model of the clock: the wall clock may jump by up to ten years either way, stand still for hours, or swing by
/// a second; the monotonic clock only goes on, as the kernel promises.
class Stage {
 public:
  explicit Stage(std::uint64_t seed);

  [[nodiscard]] Now now() const { return now_; }
  /// What a clock that nobody moves would show.
  [[nodiscard]] WallTime true_wall() const;
  [[nodiscard]] bool chance(int permille) { return !quiet && roll(0, 999) < permille; }
  std::int64_t roll(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(dice_);
  }
  Nanoseconds between(Nanoseconds low, Nanoseconds high) { return Nanoseconds(roll(low.count(), high.count())); }

  void at(Nanoseconds wait, std::function<void()> what);
  /// The same, but it dies with our process.
  void in_this_life(Nanoseconds wait, std::function<void()> what);
  void our_process_died() { ++life_; }
  [[nodiscard]] int life() const { return life_; }
  /// False: nothing is left to happen.
  bool step();

  /// Moves, stops or shakes the wall clock, by chance.
  void trouble_the_clock();
  void mend_the_clock();

  void say(const std::string& line);
  void violated(Invariant which, const std::string& detail);
  [[nodiscard]] const std::set<Invariant>& broken() const { return broken_; }
  /// Nothing more need be played.
  [[nodiscard]] bool over() const { return waits_for ? broken_.contains(*waits_for) : !violations_.empty(); }
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  /// The last lines of what was said; all of it when `keep_all` is set.
  [[nodiscard]] const std::deque<std::string>& transcript() const { return transcript_; }

  bool quiet = false;  ///< The faults are over.
  bool keep_all = false;
  std::optional<Invariant> waits_for;  ///< A violation of another invariant does not stop the world.

 private:
  struct Happening {
    MonoTime at;
    std::uint64_t order;
    int life;  ///< 0: it happens whatever becomes of our process.
    std::function<void()> what;
    bool operator<(const Happening& other) const { return std::pair(at, order) < std::pair(other.at, other.order); }
  };
  void push(Nanoseconds wait, int life, std::function<void()> what);

  std::mt19937_64 dice_;
  Now now_;
  bool stuck_ = false, swings_ = false;
  std::uint64_t order_ = 0;
  int life_ = 1;
  std::vector<Happening> happenings_;
  std::set<Invariant> broken_;
  std::vector<std::string> violations_;
  std::deque<std::string> transcript_;
};

}  // namespace exhibit::sim
