#pragma once

#include <deque>

#include "base/values.h"

namespace exhibit {

/// Tells until when a finished log is likely to survive in the sensor's ring of files. First version: the ring has
/// `files` files of which `writers` may be open; each new log takes the oldest file. So a log that ends now lives until
/// `files - writers` newer logs were begun, at the rate of new logs that we saw in the last half hour.
class RingForecast {
 public:
  struct Settings {
    int files = 64;
    int writers = 20;
    Nanoseconds log_time = std::chrono::seconds{30};
  };

  explicit RingForecast(Settings settings) : settings_(settings) {}

  void new_log_seen(MonoTime now);
  /// How long a log that was named now is safe, its recording time included. Between one log time and a day.
  [[nodiscard]] Nanoseconds safe_for(MonoTime now) const;
  [[nodiscard]] double new_logs_a_minute(MonoTime now) const;
  [[nodiscard]] const Settings& settings() const { return settings_; }

 private:
  static constexpr Nanoseconds window = std::chrono::minutes{30};
  Settings settings_;
  std::deque<MonoTime> seen_;  // At most a ring's worth: older ones cannot change the answer.
};

}  // namespace exhibit
