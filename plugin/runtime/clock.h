#pragma once

#include "base/values.h"

namespace exhibit {

/// Where time comes from. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Now now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override {
    return {std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now()),
            std::chrono::time_point_cast<Nanoseconds>(std::chrono::steady_clock::now())};
  }
};

}  // namespace exhibit
