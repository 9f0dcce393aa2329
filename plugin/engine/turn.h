#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <tuple>

#include "base/values.h"
#include "incident/alert.h"

namespace exhibit {

/// A place in an order of things that wait for a time: higher severity first, then who may go earlier; of two that are
/// due at once, the one that came first.
struct Turn {
  Severity severity = Severity::low;
  MonoTime at{};
  std::uint64_t number = 0;
  bool operator<(const Turn& other) const {
    return severity != other.severity ? severity > other.severity
                                      : std::tie(at, number) < std::tie(other.at, other.number);
  }
};

/// The first behind all of this severity. `turns`: a set of what is a Turn, in its order.
template <typename Turns>
auto behind_severity(const Turns& turns, const Turn& turn) {
  typename Turns::key_type last;
  static_cast<Turn&>(last) = {turn.severity, MonoTime::max(), std::numeric_limits<std::uint64_t>::max()};
  return turns.upper_bound(last);
}

/// Visits those whose time has come, in their order, until `visit` says false. Never walks through those that are not
/// due, however many they are.
template <typename Turns, typename Visit>
void for_each_due(const Turns& turns, Now now, Visit visit) {
  for (auto at = turns.begin(); at != turns.end();) {
    if (at->at > now.mono)
      at = behind_severity(turns, *at);  // Those behind it are due later still.
    else if (!visit(*at++))
      return;
  }
}

/// When the first of them is due.
template <typename Turns>
std::optional<MonoTime> next_turn(const Turns& turns) {
  std::optional<MonoTime> earliest;
  for (auto at = turns.begin(); at != turns.end(); at = behind_severity(turns, *at))
    earliest = std::min(earliest.value_or(at->at), at->at);
  return earliest;
}

}  // namespace exhibit
