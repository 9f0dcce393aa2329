#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The times of desks, to the second. Pure.
namespace exhibit::rest {

/// Seconds of the epoch of "2026-11-22T02:12:41Z", "...41.123+0100", "2026-11-22 02:12:41" (taken as UTC).
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace exhibit::rest
