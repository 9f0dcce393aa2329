#include "adapters/rest/rest_time.h"

#include <array>

#include "base/text.h"

namespace exhibit::rest {
namespace {

/// Days since 1970-01-01 of a date of the Gregorian calendar (after H. Hinnant's published formula).
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = year / 400, of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

std::optional<std::int64_t> offset_of(std::string_view zone) {
  if (zone.empty() || zone == "Z") return 0;
  if (zone[0] != '+' && zone[0] != '-') return std::nullopt;
  const auto hours = parse_number<std::int64_t>(zone.substr(1, 2));
  const auto minutes = parse_number<std::int64_t>(zone.substr(zone.size() - std::min<std::size_t>(2, zone.size())));
  if (zone.size() < 5 || !hours || !minutes) return std::nullopt;
  return (zone[0] == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  constexpr std::array<std::size_t, 6> at = {0, 5, 8, 11, 14, 17}, length = {4, 2, 2, 2, 2, 2};
  std::array<std::int64_t, 6> part{};
  if (text.size() < 19 || text[4] != '-' || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto number = parse_number<std::int64_t>(text.substr(at[i], length[i]));
    if (!number || *number < 0) return std::nullopt;
    part[i] = *number;
  }
  std::string_view zone = text.substr(19);
  if (zone.starts_with('.')) zone.remove_prefix(std::min(zone.find_first_not_of("0123456789", 1), zone.size()));
  const auto offset = offset_of(zone);
  if (!offset || part[1] < 1 || part[1] > 12) return std::nullopt;
  return days_of(part[0], part[1], part[2]) * 86400 + part[3] * 3600 + part[4] * 60 + part[5] - *offset;
}

}  // namespace exhibit::rest
