#include "base/utc.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::int64_t billion = 1'000'000'000;

std::string padded(std::int64_t number, std::size_t width) {
  std::string digits = cat(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
/// Not a - floor_div(a, b) * b: near the smallest number that product does not fit.
std::int64_t floor_mod(std::int64_t a, std::int64_t b) { return a % b < 0 ? a % b + b : a % b; }

std::string short_date(const CivilTime& t) {
  return cat(padded(t.day, 2), " ", months[static_cast<std::size_t>(t.month - 1)], " ", padded(t.year, 4));
}

}  // namespace

CivilTime civil_of(WallTime time, int offset_seconds) {
  const std::int64_t ns = ns_of(time);
  const std::int64_t seconds = floor_div(ns, billion) + offset_seconds;
  const std::int64_t day_number = floor_div(seconds, 86400);
  const auto second_of_day = static_cast<int>(seconds - day_number * 86400);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day_number}}};
  CivilTime civil;
  civil.year = static_cast<int>(date.year());
  civil.month = static_cast<int>(static_cast<unsigned>(date.month()));
  civil.day = static_cast<int>(static_cast<unsigned>(date.day()));
  civil.hour = second_of_day / 3600;
  civil.minute = second_of_day / 60 % 60;
  civil.second = second_of_day % 60;
  civil.weekday = static_cast<int>(((day_number % 7) + 11) % 7);
  civil.nanosecond = static_cast<int>(floor_mod(ns, billion));
  return civil;
}

std::string clock_seconds(const CivilTime& t) {
  return cat(padded(t.hour, 2), ":", padded(t.minute, 2), ":", padded(t.second, 2));
}

std::string clock_millis(const CivilTime& t) { return cat(clock_seconds(t), ".", padded(t.nanosecond / 1'000'000, 3)); }

std::string long_date(const CivilTime& t) { return cat(days[static_cast<std::size_t>(t.weekday)], " ", short_date(t)); }

std::string iso_utc(WallTime time) {
  const CivilTime t = civil_of(time);  // Of 1677 to 2262: so far do the nanoseconds reach.
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t last, std::size_t width, std::int64_t number) {
    for (; width > 0; --width, number /= 10) out[last--] = static_cast<char>('0' + number % 10);
  };
  put(3, 4, t.year), put(6, 2, t.month), put(9, 2, t.day);
  put(12, 2, t.hour), put(15, 2, t.minute), put(18, 2, t.second), put(22, 3, t.nanosecond / 1'000'000);
  return out;
}

std::string epoch_text(WallTime time) {
  const std::int64_t seconds = floor_div(ns_of(time), billion);
  return cat(seconds, ".", padded(floor_mod(ns_of(time), billion), 9));
}

std::string http_date(WallTime time) {
  const CivilTime t = civil_of(time);
  return cat(days[static_cast<std::size_t>(t.weekday)], ", ", short_date(t), " ", clock_seconds(t), " GMT");
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, " ,:");
  if (parts.size() != 8 || parts[7] != "GMT") return std::nullopt;
  const auto day = parse_number<unsigned>(parts[1]);
  const auto month = std::find(months.begin(), months.end(), parts[2]);
  const auto year = parse_number<int>(parts[3]);
  const auto hour = parse_number<int>(parts[4]), minute = parse_number<int>(parts[5]),
             second = parse_number<int>(parts[6]);
  if (!day || month == months.end() || !year || !hour || !minute || !second) return std::nullopt;
  if (*year < 1970 || *year > 2200 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(month - months.begin()) + 1},
                                         std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return WallTime{std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{*hour} +
                  std::chrono::minutes{*minute} + std::chrono::seconds{*second}};
}

Nanoseconds elapsed(WallTime earlier, WallTime later) {
  std::int64_t ns = 0;
  if (!__builtin_sub_overflow(ns_of(later), ns_of(earlier), &ns)) return Nanoseconds{ns};
  return ns_of(later) < ns_of(earlier) ? Nanoseconds::min() : Nanoseconds::max();
}

std::string duration_text(Nanoseconds duration) {
  const bool negative = duration < Nanoseconds{0};
  const std::int64_t ms = std::abs(duration.count() / 1'000'000);  // Divided first: the smallest has no opposite.
  const std::string sign = negative ? "-" : "";
  if (ms < 1000) return cat(sign, ms, " ms");
  if (ms < 60'000) return cat(sign, ms / 1000, ".", ms / 100 % 10, " s");
  const std::int64_t s = ms / 1000;
  if (s < 3600) return cat(sign, s / 60, " min ", padded(s % 60, 2), " s");
  if (s < 86400) return cat(sign, s / 3600, " h ", padded(s / 60 % 60, 2), " min");
  return cat(sign, s / 86400, " d ", s / 3600 % 24, " h");
}

std::optional<WallTime> parse_iso(std::string_view text) {
  const auto digits = [&](std::size_t at, std::size_t count) {
    return at + count <= text.size() ? parse_number<int>(text.substr(at, count)) : std::nullopt;
  };
  const auto is = [&](std::size_t at, char c) { return at < text.size() && text[at] == c; };
  const auto year = digits(0, 4), month = digits(5, 2), day = digits(8, 2);
  const auto hour = digits(11, 2), minute = digits(14, 2), second = digits(17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (!is(4, '-') || !is(7, '-') || !(is(10, 'T') || is(10, ' ')) || !is(13, ':') || !is(16, ':')) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60 || *year < 1700 || *year > 2250) return std::nullopt;
  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (is(at, '.'))
    for (std::int64_t unit = 100'000'000; ++at < text.size() && text[at] >= '0' && text[at] <= '9'; unit /= 10)
      fraction += unit * (text[at] - '0');
  std::int64_t offset = 0;
  if (is(at, '+') || is(at, '-')) {
    const auto hours = digits(at + 1, 2), minutes = digits(at + 4, 2);
    if (!hours || !minutes || at + 6 != text.size()) return std::nullopt;
    offset = (*hours * 3600 + *minutes * 60) * (text[at] == '-' ? -1 : 1);
  } else if (!is(at, 'Z') || at + 1 != text.size()) {
    return std::nullopt;
  }
  const std::int64_t seconds = std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 86400 +
                               *hour * 3600 + *minute * 60 + *second - offset;
  return wall_from_ns(seconds * 1'000'000'000 + fraction);
}

}  // namespace exhibit
