#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/values.h"

/// What every fuzz target shares. A target is one function, `LLVMFuzzerTestOneInput`: libFuzzer calls it, and so does
/// replay_main.cc, which needs no clang.
namespace exhibit::fuzz {

/// Ends the program with the broken claim: what a fuzzer takes for a finding.
inline void demand(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", claim);
  std::abort();
}

/// Takes an input apart from its front: small numbers, and texts behind a byte that says how long they are. What is no
/// longer there reads as zero and empty.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto taken = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return taken;
  }
  bool flag() { return (byte() & 1) != 0; }
  /// 255 takes all that is left.
  std::string text() {
    const std::size_t wanted = byte();
    const std::size_t size = wanted == 255 ? rest_.size() : std::min(wanted, rest_.size());
    std::string taken(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest() { return std::exchange(rest_, {}); }

 private:
  std::string_view rest_;
};

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// No control character but those in `allowed`.
inline bool is_clean(std::string_view text, std::string_view allowed = "") {
  return std::none_of(text.begin(), text.end(), [&](char c) {
    return (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) && allowed.find(c) == std::string_view::npos;
  });
}

}  // namespace exhibit::fuzz
