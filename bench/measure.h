#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

/// Times of many equal calls, and what they cost.
namespace exhibit::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// User and system time of this process, or of its ended children, in seconds.
inline double cpu_seconds(int who = RUSAGE_SELF) {
  rusage used{};
  ::getrusage(who, &used);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

inline double quantile(std::vector<double>& sorted, double part) {
  return sorted.empty()
             ? 0
             : sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(static_cast<double>(sorted.size()) * part))];
}

/// {"count", "seconds", "per_second", "p50_ms", "p99_ms", "cpu_us", …} on standard output.
inline void print_calls(std::vector<double> times, double seconds, double cpu, const std::string& more = {}) {
  std::sort(times.begin(), times.end());
  const auto count = static_cast<double>(times.size());
  std::printf(
      "{\"count\":%zu,\"seconds\":%.6f,\"per_second\":%.1f,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"cpu_us\":%.2f%s}\n",
      times.size(), seconds, count / seconds, quantile(times, 0.5) * 1e3, quantile(times, 0.99) * 1e3,
      cpu * 1e6 / count, more.c_str());
}

}  // namespace exhibit::bench
