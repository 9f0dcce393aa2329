// A host that looks after its guest: loads the plugin, walks it through its life in many ways, closes it, and says what
// is different afterwards. `guest_host LIBRARY STATE_FOLDER REPORT_FILE CYCLES [name=value...]`:
//   first=N    the number of the first cycle
//   locale=NAME    the process speaks it, in C and in C++       closed=1     without descriptors 0, 1 and 2
//   restless=1     a thread changes the locale all the time     bare=1       only load, start, stop, close
//   sensor=URL pin=HEX  desk=URL   the peers of its traffic     capture=FILE  to be decoded
// Each line of the report: "difference NAME: …", "complaint …", "stop_max_ms N", "growth_bytes N", "decoded HASH" …

#include <dlfcn.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <locale>
#include <map>
#include <string>
#include <vector>

#include "tests/guest/process/cycle.h"
#include "tests/guest/process/other_user.h"
#include "tests/guest/process/process_state.h"

namespace {

using namespace exhibit::guest;

std::map<std::string, std::string> named(int count, char** words) {
  std::map<std::string, std::string> all;
  for (int i = 5; i < count; ++i) {
    const std::string word = words[i];
    all[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  return all;
}

bool speak(const std::string& locale) {
  if (locale.empty()) return true;
  if (::setlocale(LC_ALL, locale.c_str()) == nullptr) return false;
  std::locale::global(std::locale(locale));
  return true;
}

/// The least of the last round of cycles over the least of the round after the tenth: each kind costs differently.
long growth_after_10(const std::vector<std::size_t>& resident) {
  if (resident.size() < 10 + 2 * kinds_of_cycle) return 0;
  const auto least = [](auto from) { return static_cast<long>(*std::min_element(from, from + kinds_of_cycle)); };
  return least(resident.end() - kinds_of_cycle) - least(resident.begin() + 10);
}

/// From now on what a guest calls counts; without a spy nothing does.
void watch(bool on) {
  if (const auto spy = reinterpret_cast<void (*)(int)>(::dlsym(RTLD_DEFAULT, "guest_spy_watch"))) spy(on ? 1 : 0);
}

/// A thread that was joined may be seen for a moment longer.
std::vector<std::string> differences_now(const ProcessState& before, bool moves) {
  std::vector<std::string> found;
  for (int tries = 0; tries < 50; ++tries) {
    found = differences(before, process_state(moves));
    if (found.empty()) break;
    ::usleep(2000);
  }
  return found;
}

}  // namespace

int main(int count, char** words) {
  if (count < 5) return 2;
  auto options = named(count, words);
  ::signal(SIGPIPE, SIG_DFL);
  if (!speak(options["locale"])) return 77;
  if (options.contains("closed"))
    for (const int standard : {0, 1, 2}) ::close(standard);
  const bool restless = options.contains("restless"), bare = options.contains("bare");
  const int cycles = std::stoi(words[4]);
  const World world{words[1], words[2], options["sensor"], options["pin"], options["desk"], options["capture"]};
  std::ofstream report;
  const int first = options.contains("first") ? std::stoi(options["first"]) : 0;
  std::vector<std::size_t> resident;
  long stop_max_ms = 0;
  std::string decoded;
  {
    const OtherUsers others(restless);
    while (others.handshakes() == 0) ::usleep(1000);
    report.imbue(std::locale::classic());
    report.open(words[3], std::ios::app);
    const ProcessState before = process_state(restless);
    watch(true);
    for (int cycle = 0; cycle < cycles; ++cycle) {
      const CycleEnd end = bare ? bare_cycle(world) : one_cycle(world, first + cycle);
      stop_max_ms = std::max(stop_max_ms, end.stop_ms);
      for (const std::string& what : end.complaints) report << "complaint cycle " << cycle << ": " << what << std::endl;
      if (!decoded.empty() && end.decoded != decoded)
        report << "complaint decoded otherwise: " << end.decoded << std::endl;
      decoded = end.decoded;
      for (const std::string& what : differences_now(before, restless))
        report << "difference after cycle " << cycle << ": " << what << std::endl;
      resident.push_back(resident_bytes());
    }
    watch(false);
    report << "failed_handshakes " << others.failures() << "\nhandshakes " << others.handshakes() << '\n';
  }
  report << "growth_bytes " << growth_after_10(resident) << "\nstop_max_ms " << stop_max_ms << "\ndecoded " << decoded
         << "\ncycles " << cycles << std::endl;
  return 0;
}
