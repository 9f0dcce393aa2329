#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/values.h"

namespace exhibit {

/// An IPv4 or IPv6 address as a value. IPv4 sorts before IPv6; an IPv4-mapped IPv6 address stays IPv6, as it stood on
/// the wire. Every function is pure and bounded.
class IpAddress {
 public:
  /// 0.0.0.0
  constexpr IpAddress() = default;
  static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    IpAddress made;
    made.bytes_ = {a, b, c, d};
    return made;
  }
  /// Exactly 4 or 16 bytes; any other length gives 0.0.0.0.
  static IpAddress from_bytes(ByteView bytes);

  /// Dotted decimal without leading zeros, or RFC 4291 text; no zone, no brackets, no blanks.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v6() const { return v6_; }
  /// 4 or 16 bytes, as on the wire; valid while this value lives.
  [[nodiscard]] ByteView bytes() const { return {bytes_.data(), v6_ ? 16U : 4U}; }
  /// Canonical: dotted decimal, or RFC 5952.
  [[nodiscard]] std::string text() const;

  bool operator==(const IpAddress&) const = default;
  auto operator<=>(const IpAddress&) const = default;

 private:
  bool v6_ = false;
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 uses the first four; the rest stays zero.
};

/// "198.51.100.0/24", "2001:db8::/32"; a bare address is a network of one. Bits below the prefix must be zero, so that
/// a slip of the pen is seen.
struct Network {
  IpAddress base;
  int prefix = 0;

  static std::optional<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] std::string text() const;

  bool operator==(const Network&) const = default;
  auto operator<=>(const Network&) const = default;
};

}  // namespace exhibit
