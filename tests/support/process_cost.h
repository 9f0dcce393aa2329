#pragma once

#include <ctime>
#include <fstream>
#include <string>

/// What work costs: this thread's time, and the process's memory.
namespace exhibit::test {

inline double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// A line of /proc/self/status that is told in kB, such as "VmHWM".
inline std::size_t status_bytes(const char* name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name)) return std::stoul(line.substr(line.find(':') + 1)) * 1024;
  return 0;
}

}  // namespace exhibit::test
