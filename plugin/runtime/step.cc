#include "runtime/step.h"

#ifdef EXHIBIT_FAILPOINTS
#include <signal.h>
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

  Failpoint() {
    const char* wanted = std::getenv("EXHIBIT_DIE_AT");
    if (!wanted) return;
    const std::string_view text(wanted);
    const std::size_t colon = text.find(':');
    label = text.substr(0, colon);
    if (colon != std::string_view::npos) left = parse_number<int>(text.substr(colon + 1)).value_or(1);
  }
};

}  // namespace

void step(std::string_view label) {
  static Failpoint failpoint;
  if (failpoint.label == label && --failpoint.left == 0) ::kill(::getpid(), SIGKILL);
}

}  // namespace exhibit
#endif
