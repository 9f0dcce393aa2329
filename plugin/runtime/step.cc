#include "runtime/step.h"

#ifdef EXHIBIT_FAILPOINTS
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "base/text.h"

namespace exhibit {
namespace {

struct Failpoint {
  std::string label;
  std::atomic<int> left{1};
  long later_us = 0;

  Failpoint() {
    const char* wanted = std::getenv("EXHIBIT_DIE_AT");
    if (!wanted) return;
    std::string_view text(wanted);
    if (const std::size_t plus = text.find('+'); plus != std::string_view::npos) {
      later_us = parse_number<long>(text.substr(plus + 1)).value_or(0);
      text = text.substr(0, plus);
    }
    const std::size_t colon = text.find(':');
    label = text.substr(0, colon);
    if (colon != std::string_view::npos) left = parse_number<int>(text.substr(colon + 1)).value_or(1);
  }
};

/// The kernel ends the process when the time is over, whatever its threads do then.
void die_in(long microseconds) {
  sigevent kill_us{};
  kill_us.sigev_notify = SIGEV_SIGNAL;
  kill_us.sigev_signo = SIGKILL;
  timer_t timer{};
  const itimerspec once{{}, {microseconds / 1'000'000, microseconds % 1'000'000 * 1000}};
  if (::timer_create(CLOCK_MONOTONIC, &kill_us, &timer) != 0 || ::timer_settime(timer, 0, &once, nullptr) != 0)
    ::kill(::getpid(), SIGKILL);
}

}  // namespace

void step(std::string_view label) {
  static Failpoint failpoint;
  if (failpoint.label != label || --failpoint.left != 0) return;
  if (failpoint.later_us > 0) return die_in(failpoint.later_us);
  ::kill(::getpid(), SIGKILL);
}

}  // namespace exhibit
#endif
