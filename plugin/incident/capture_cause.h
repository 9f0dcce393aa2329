#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace exhibit {

/// Why there is no capture, or not a whole one: a closed list. A cause is never replaced by a vaguer one.
enum class CaptureCause {
  none,
  action_not_set,  ///< The signature does not ask the sensor to log packets.
  summary_alert,   ///< A summary brings no log of its own.
  writers_busy,    ///< The sensor could not open one more log.
  overwritten,     ///< The ring took the file before we could fetch it.
  sensor_unreachable,
  login_refused,
  certificate_refused,
  id_unknown,  ///< The sensor never heard of the log.
  empty_log,   ///< The log holds no packet.
  damaged_log,
  content_mismatch,  ///< Neither the attacker nor the target is in it.
  too_large,
  sensor_restarted,
  policy_never,  ///< Nobody asked for it while the sensor still had it.
  other_tenant,
  store_off,
  disk_full,
};

inline constexpr std::array all_capture_causes = {
    CaptureCause::action_not_set,      CaptureCause::summary_alert,      CaptureCause::writers_busy,
    CaptureCause::overwritten,         CaptureCause::sensor_unreachable, CaptureCause::login_refused,
    CaptureCause::certificate_refused, CaptureCause::id_unknown,         CaptureCause::empty_log,
    CaptureCause::damaged_log,         CaptureCause::content_mismatch,   CaptureCause::too_large,
    CaptureCause::sensor_restarted,    CaptureCause::policy_never,       CaptureCause::other_tenant,
    CaptureCause::store_off,           CaptureCause::disk_full};

/// "overwritten", as it stands in JSON and in the store. Empty for `none`.
std::string_view token(CaptureCause cause);
CaptureCause parse_cause(std::string_view token);
/// For the ticket: "overwritten on the sensor before we could fetch it".
std::string_view sentence(CaptureCause cause);
/// What the operator or the analyst can do so that it does not happen again, or instead. Empty: nothing is to be done.
std::string_view remedy(CaptureCause cause);

}  // namespace exhibit
