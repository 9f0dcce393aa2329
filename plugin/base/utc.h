#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/values.h"

/// Times as text, without locale and without time zone files. (Local time: incident/zone.h.)
namespace exhibit {

struct CivilTime {
  std::int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int weekday = 4;  ///< 0 = Sunday.
  int nanosecond = 0;
};

/// The civil time `offset` seconds east of Greenwich. Any time that fits in 64 bits of nanoseconds.
CivilTime civil_of(WallTime time, int offset_seconds = 0);

/// "2026-11-22T02:12:41.123Z"; a file name and a log line use this form.
std::string iso_utc(WallTime time);
/// What iso_utc writes, and with an offset ("+01:00") in place of Z, any number of decimals or none (RFC 3339).
std::optional<WallTime> parse_iso(std::string_view text);
/// "1182522961.123456000": epoch seconds with nine decimals, as capture tools print them.
std::string epoch_text(WallTime time);
/// "02:12:41.123", "02:12:41", "Sun 22 Nov 2026".
std::string clock_millis(const CivilTime& time);
std::string clock_seconds(const CivilTime& time);
std::string long_date(const CivilTime& time);
/// "Sun, 22 Nov 2026 02:12:41 GMT" (RFC 9110 5.6.7).
std::string http_date(WallTime time);
std::optional<WallTime> parse_http_date(std::string_view text);

/// later - earlier, held to what 64 bits of nanoseconds can say: a sensor may claim any time.
Nanoseconds elapsed(WallTime earlier, WallTime later);

/// "41 ms", "1.4 s", "2 min 05 s", "3 h 10 min", "2 d 4 h": for people.
std::string duration_text(Nanoseconds duration);

}  // namespace exhibit
