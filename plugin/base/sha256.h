#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/values.h"

namespace exhibit {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of bytes that come in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void add(ByteView bytes);
  /// A text with its length before it, so that two fields never run together: use this to hash several fields.
  void add_field(std::string_view text);
  /// Ends the hash; call once.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(ByteView bytes);
inline Digest sha256(std::string_view text) { return sha256(as_bytes(text)); }
/// As `add_field` of each.
Digest sha256_of_fields(std::initializer_list<std::string_view> texts);
Digest hmac_sha256(ByteView key, std::string_view text);
std::string hex(const Digest& digest);

/// Takes the same time wherever the texts differ.
bool equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace exhibit
