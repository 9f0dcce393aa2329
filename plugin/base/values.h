#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace exhibit {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// A name that cannot be passed where another kind of name belongs.
template <typename Tag>
struct Id {
  std::string text;

  bool operator==(const Id&) const = default;
  auto operator<=>(const Id&) const = default;
  [[nodiscard]] bool empty() const { return text.empty(); }
};

using TenantId = Id<struct TenantTag>;
using SensorId = Id<struct SensorTag>;       ///< The sensor's name in the tenant's configuration.
using IncidentId = Id<struct IncidentTag>;   ///< UUIDv8 text.
using CorrelationId = Id<struct CorrelTag>;  ///< "EXH1-" and base32: what the desk stores and is searched for.
using LinkId = Id<struct LinkTag>;           ///< The last part of the evidence link.
using EvidenceId = Id<struct EvidenceTag>;   ///< Lower-case hex of the SHA-256 of the sealed bytes.
using DeskId = Id<struct DeskTag>;           ///< The desk's name in the provider's configuration.
using DeliveryId = Id<struct DeliveryTag>;   ///< The same on every attempt.

using Nanoseconds = std::chrono::nanoseconds;
/// Wall clock, UTC, since 1970. For links, retention and what people read.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Nanoseconds>;
/// Monotonic clock of this process. For waits.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, Nanoseconds>;

/// The only way time enters a pure layer.
struct Now {
  WallTime wall;
  MonoTime mono;
};

inline std::int64_t ns_of(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime wall_from_ns(std::int64_t ns) { return WallTime{Nanoseconds{ns}}; }

}  // namespace exhibit

/// Not noexcept: the library would take it for a quick one, and hash an id anew instead of keeping its hash.
template <typename Tag>
struct std::hash<exhibit::Id<Tag>> {
  std::size_t operator()(const exhibit::Id<Tag>& id) const { return std::hash<std::string>{}(id.text); }
};
