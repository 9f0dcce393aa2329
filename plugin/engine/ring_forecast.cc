#include "engine/ring_forecast.h"

#include <algorithm>

namespace exhibit {

void RingForecast::new_log_seen(MonoTime now) {
  seen_.push_back(now);
  while (seen_.size() > static_cast<std::size_t>(std::max(settings_.files, 1)) || now - seen_.front() > window)
    seen_.pop_front();
}

double RingForecast::new_logs_a_minute(MonoTime now) const {
  const auto recent = std::count_if(seen_.begin(), seen_.end(), [&](MonoTime at) { return now - at <= window; });
  if (recent < 2) return 1.0 / 30.0;  // Nothing to go by: one log in the window.
  const auto oldest = std::find_if(seen_.begin(), seen_.end(), [&](MonoTime at) { return now - at <= window; });
  const double minutes = std::max(std::chrono::duration<double, std::ratio<60>>(now - *oldest).count(), 1.0);
  return static_cast<double>(recent) / minutes;
}

Nanoseconds RingForecast::safe_for(MonoTime now) const {
  const double free_files = std::max(settings_.files - settings_.writers, 1);
  const std::chrono::duration<double, std::ratio<60>> turn{free_files / new_logs_a_minute(now)};
  const Nanoseconds safe =
      settings_.log_time + std::chrono::duration_cast<Nanoseconds>(std::min(turn, decltype(turn){24.0 * 60}));
  return std::clamp(safe, settings_.log_time, Nanoseconds(std::chrono::hours{24}));
}

}  // namespace exhibit
