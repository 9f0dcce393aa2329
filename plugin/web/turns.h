#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <utility>

namespace exhibit::web {

/// Few at once may do what would cost others their time; the rest wait in the order in which they came. Thread-safe.
class Turns {
 public:
  explicit Turns(std::size_t at_once) : at_once_(at_once) {}

  /// `begin` comes once, now or from the thread of whoever leaves; never after `leave`.
  void ask(const void* who, std::function<void()> begin) {
    {
      const std::lock_guard lock(mutex_);
      if (at_work_.size() >= at_once_) return waiting_.emplace_back(who, std::move(begin)), void();
      at_work_.insert(who);
    }
    begin();
  }

  /// Gives back the turn, or the place among those who wait.
  void leave(const void* who) {
    std::function<void()> begin;
    {
      const std::lock_guard lock(mutex_);
      const auto place =
          std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& one) { return one.first == who; });
      if (place != waiting_.end()) waiting_.erase(place);
      if (at_work_.erase(who) == 0 || waiting_.empty()) return;
      at_work_.insert(waiting_.front().first);
      begin = std::move(waiting_.front().second);
      waiting_.pop_front();
    }
    begin();
  }

 private:
  std::size_t at_once_;
  std::mutex mutex_;
  std::set<const void*> at_work_;
  std::deque<std::pair<const void*, std::function<void()>>> waiting_;
};

}  // namespace exhibit::web
