#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "sensorproto/sdee/subscription.h"
#include "tests/sensorproto/sensor_answers.h"

/// The subscription before a sensor that acknowledges by the next get, from a seed. Fault model: the process dies,
/// before or after the commit; the connection breaks, before or after the sensor acted; the store refuses; and a
/// request that nobody waits for any more is acted on late, but before the pause of whoever asks next is over.
namespace exhibit {
namespace {

/// What it handed out last is acknowledged by the next get that confirms, whoever sends it.
class Sensor {
 public:
  /// Everything from the beginning, for a subscription of its own.
  void open() { acknowledged_ = end_ = 0, handed_out_ = false; }
  void raise() { events_.push_back(static_cast<int>(events_.size()) + 1); }
  std::vector<int> get(bool confirm) {
    constexpr std::size_t most = 4;
    if (confirm || !handed_out_) {
      acknowledged_ = end_;
      end_ = std::min(events_.size(), acknowledged_ + most);
    }
    handed_out_ = true;
    return {events_.begin() + static_cast<std::ptrdiff_t>(acknowledged_),
            events_.begin() + static_cast<std::ptrdiff_t>(end_)};
  }
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::size_t raised() const { return events_.size(); }

 private:
  std::vector<int> events_;
  std::size_t acknowledged_ = 0, end_ = 0;
  bool handed_out_ = false;
};

class Lives {
 public:
  explicit Lives(unsigned seed) : dice_(seed) {}

  /// False: something was acknowledged that no row holds.
  bool live(int steps, bool faults) {
    for (int i = 0; i < steps; ++i) {
      if (faults && roll(3) == 0) sensor_.raise();
      if (roll(4) == 0) act_late();
      step(faults);
      if (!kept()) return false;
    }
    return true;
  }
  [[nodiscard]] bool all_arrived() const { return rows_.size() == sensor_.raised(); }

 private:
  int roll(int sides) { return std::uniform_int_distribution(0, sides - 1)(dice_); }
  void act_late() {
    for (const bool confirm : std::exchange(late_, {})) (void)sensor_.get(confirm);
  }
  bool kept() const {
    for (std::size_t i = 1; i <= sensor_.acknowledged(); ++i)
      if (!rows_.contains(static_cast<int>(i))) return false;
    return true;
  }
  void die() { client_ = SdeeSubscription({}, cursor_); }

  void step(bool faults) {
    const SdeeSubscription::Step next = client_.next();
    if (std::holds_alternative<SdeeSubscription::Pause>(next)) return act_late();
    const auto* request = std::get_if<SensorRequest>(&next);
    ASSERT_TRUE(request);
    if (request->target.find("action=open") != std::string::npos) {
      sensor_.open();
      late_.clear();  // They name a subscription that is no more.
      return store(client_.answered({200, "", opened}), {}, faults);
    }
    const bool confirm = request->target.find("confirm=yes") != std::string::npos;
    switch (faults ? roll(10) : 9) {
      case 0: return late_.push_back(confirm), die();
      case 1: return late_.push_back(confirm), client_.failed("cut");
      case 2: return (void)sensor_.get(confirm), die();
      case 3: return (void)sensor_.get(confirm), client_.failed("cut");
      default: return take(sensor_.get(confirm), faults);
    }
  }

  void take(const std::vector<int>& events, bool faults) {
    std::string text = "<sd:events>";
    for (const int id : events) text += cat("<sd:evIdsAlert eventId='", id, "'></sd:evIdsAlert>");
    store(client_.answered({200, "", body(text + "</sd:events>")}), events, faults);
  }

  void store(const std::optional<SdeeBatch>& batch, const std::vector<int>& events, bool faults) {
    ASSERT_TRUE(batch);
    if (faults && roll(10) == 0) return client_.commit_failed();
    if (faults && roll(10) == 0) return die();
    rows_.insert(events.begin(), events.end());
    cursor_ = batch->cursor;
    if (faults && roll(10) == 0) return die();
    client_.committed();
  }

  std::mt19937 dice_;
  Sensor sensor_;
  std::vector<bool> late_;  ///< Whether each confirms.
  std::set<int> rows_;
  SdeeCursor cursor_;
  SdeeSubscription client_{{}, {}};
};

TEST(SubscriptionSimulation, NothingIsAcknowledgedThatNoRowHolds) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    Lives lives(seed);
    ASSERT_TRUE(lives.live(300, true)) << "seed " << seed;
    ASSERT_TRUE(lives.live(100, false)) << "seed " << seed;
    EXPECT_TRUE(lives.all_arrived()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace exhibit
