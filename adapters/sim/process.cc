#include "adapters/sim/process.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace exhibit::sim {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

bool stdin_closed() {
  char thrown_away[256];
  return ::read(STDIN_FILENO, thrown_away, sizeof thrown_away) <= 0;
}

}  // namespace

void say(const std::string& json) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::fwrite(json.data(), 1, json.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void hold_stop_signals() {
  const sigset_t set = stop_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // A reader of our lines may leave before us.
}

void wait_for_stop(bool until_stdin_closes) {
  const sigset_t set = stop_signals();
  pollfd watched[2] = {{.fd = ::signalfd(-1, &set, SFD_CLOEXEC), .events = POLLIN, .revents = 0},
                       {.fd = until_stdin_closes ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0}};
  for (;;) {
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[0].revents != 0 || (watched[1].revents != 0 && stdin_closed())) break;
  }
  ::close(watched[0].fd);
}

std::string from_environment(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace exhibit::sim
