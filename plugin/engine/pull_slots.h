#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "base/plants.h"
#include "engine/fact.h"

namespace exhibit {

/// What is pulled off one sensor at this moment: so many logs at most, and each once. The engine keeps that bound, too,
/// but after a refused commit a new engine knows nothing of the pulls that go on. Not thread-safe; the sensor's link
/// owns it.
class PullSlots {
 public:
  explicit PullSlots(int most) : most_(static_cast<std::size_t>(most)) {}

  /// Gives the order back when its pull may begin. If not, it waits for a slot; or the same log is being pulled, and
  /// the end of that pull is the end of this one.
  std::optional<FetchCapture> asked(FetchCapture order) {
    if (under_way_.contains(order.key) || waits(order.key)) return std::nullopt;
    if (under_way_.size() >= most_ && !planted(Plant::pulls_unlimited)) {
      waiting_.push_back(std::move(order));
      return std::nullopt;
    }
    under_way_.insert(order.key);
    return order;
  }
  /// A pull is over. Gives the one that may begin now.
  std::optional<FetchCapture> ended(const CaptureKey& key) {
    under_way_.erase(key);
    if (waiting_.empty()) return std::nullopt;
    FetchCapture next = std::move(waiting_.front());
    waiting_.pop_front();
    return asked(std::move(next));
  }
  [[nodiscard]] std::size_t under_way() const { return under_way_.size(); }

 private:
  [[nodiscard]] bool waits(const CaptureKey& key) const {
    return std::any_of(waiting_.begin(), waiting_.end(), [&](const FetchCapture& order) { return order.key == key; });
  }

  std::size_t most_;
  std::set<CaptureKey> under_way_;
  std::deque<FetchCapture> waiting_;
};

}  // namespace exhibit
