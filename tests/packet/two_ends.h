#pragma once

#include "base/values.h"

/// Whom the tests of answers let talk, and when.
namespace exhibit::two_ends {

inline const WallTime noon = wall_from_ns(1'795'000'000'000'000'000);
inline constexpr const char* attacker = "192.0.2.10";
inline constexpr const char* target = "198.51.100.20";

}  // namespace exhibit::two_ends
