#pragma once

#include <cstdint>
#include <functional>

#include "base/values.h"

namespace exhibit {

/// An incident's id in 16 bytes, for tables of hundreds of thousands. Ids are UUIDs in lower case; the key of any other
/// text is nobody's.
struct IncidentKey {
  std::uint64_t high = 0, low = 0;

  static IncidentKey of(const IncidentId& id);
  [[nodiscard]] IncidentId id() const;
  [[nodiscard]] bool nobodys() const { return *this == IncidentKey{}; }
  /// Without a branch: hash tables ask it of every key that they come across.
  bool operator==(const IncidentKey& other) const { return ((high ^ other.high) | (low ^ other.low)) == 0; }
};

}  // namespace exhibit

template <>
struct std::hash<exhibit::IncidentKey> {
  std::size_t operator()(const exhibit::IncidentKey& key) const noexcept { return static_cast<std::size_t>(key.low); }
};
