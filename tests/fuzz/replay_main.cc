// Runs a fuzz target without libFuzzer: every seed and every crash that was ever found, each cut and bent a little by
// dice of a fixed seed. `NAME_replay FOLDER...`; with EXHIBIT_COUNT that many bent inputs instead of the CI's.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/support/proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t bent_in_ci = 3000;

std::vector<std::string> inputs_of(int count, char** folders) {
  std::vector<fs::path> files;
  for (int i = 1; i < count; ++i) {
    if (!fs::exists(folders[i])) continue;
    for (const auto& entry : fs::directory_iterator(folders[i]))
      if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

std::string failed_name;
std::vector<std::uint8_t> bytes;  // Of the exact size, so that a sanitizer sees a read past its end.

void keep_input(int signal) {
  const int file = ::open(failed_name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool kept = file >= 0 && ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  std::signal(signal, SIG_DFL);
  ::kill(::getpid(), kept ? signal : SIGKILL);
}

void run(const std::string& input) {
  bytes = std::vector<std::uint8_t>(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

/// A few bytes changed, doubled, taken out or brought in from another input.
std::string bent(std::string input, const std::vector<std::string>& others, std::mt19937_64& dice) {
  const auto below = [&](std::size_t end) { return end == 0 ? 0 : static_cast<std::size_t>(dice() % end); };
  for (std::size_t left = 1 + below(4); left > 0; --left) {
    const std::size_t at = below(input.size());
    switch (below(5)) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 1:
        if (!input.empty()) input[at] = static_cast<char>(below(256));
        break;
      case 2: input.insert(at, input.substr(at, 1 + below(32))); break;
      case 3: input.erase(at, 1 + below(16)); break;
      default: {
        const std::string& other = others[below(others.size())];
        input.insert(at, other.substr(below(other.size()), 1 + below(64)));
      }
    }
  }
  return input;
}

}  // namespace

int main(int count, char** folders) {
  failed_name = std::string(folders[0]) + ".failed";
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) std::signal(signal, keep_input);
  try {
    const std::vector<std::string> inputs = inputs_of(count, folders);
    if (inputs.empty()) return std::fprintf(stderr, "no seed in these folders\n"), 1;
    for (const std::string& input : inputs) run(input);
    std::mt19937_64 dice(exhibit::test::first_seed());
    const std::uint64_t wanted = exhibit::test::asked_count(bent_in_ci);
    for (std::uint64_t i = 0; i < wanted; ++i) run(bent(inputs[dice() % inputs.size()], inputs, dice));
    std::printf("%zu inputs as they are, %llu bent ones: all held\n", inputs.size(),
                static_cast<unsigned long long>(wanted));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "does not hold: nothing is thrown: %s\n", error.what());
    std::abort();
  }
  return 0;
}
