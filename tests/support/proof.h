#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string_view>

/// How a test and `./dev prove` speak with each other. prove asks for a count and a first seed by EXHIBIT_COUNT and
/// EXHIBIT_SEED; the test appends what it counted to the file named by EXHIBIT_PROOF. Without them a test runs its CI
/// count and tells nobody. tests/support/proof.py says the same in Python.
namespace exhibit::test {

inline std::uint64_t asked_number(const char* variable, std::uint64_t otherwise) {
  const char* const asked = std::getenv(variable);
  return asked == nullptr || *asked == '\0' ? otherwise : std::strtoull(asked, nullptr, 10);
}

inline std::uint64_t asked_count(std::uint64_t in_ci) { return asked_number("EXHIBIT_COUNT", in_ci); }
inline std::uint64_t first_seed(std::uint64_t in_ci = 1) { return asked_number("EXHIBIT_SEED", in_ci); }

/// `promise`: "P1"; `failures`: how many of `count` broke it. To be called once what was counted is over, also after a
/// failure: a part that tells nothing counts as not shown.
inline void proved(std::string_view promise, std::uint64_t count, std::uint64_t failures) {
  const char* const path = std::getenv("EXHIBIT_PROOF");
  if (path == nullptr) return;
  std::ofstream(path, std::ios::app) << "{\"promise\": \"" << promise << "\", \"count\": " << count
                                     << ", \"failures\": " << failures << "}" << std::endl;
}

}  // namespace exhibit::test
