#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace exhibit {

/// Waits for a callback from another thread; what comes too late finds nobody and does no harm.
template <typename T>
class Awaited {
 public:
  std::function<void(T)> callback() {
    return [state = state_](T value) {
      const std::lock_guard lock(state->mutex);
      if (!state->value) state->value.emplace(std::move(value));
      state->here.notify_all();
    };
  }
  std::optional<T> wait(std::chrono::milliseconds budget) {
    std::unique_lock lock(state_->mutex);
    state_->here.wait_for(lock, budget, [this] { return state_->value.has_value(); });
    return std::move(state_->value);
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable here;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace exhibit
