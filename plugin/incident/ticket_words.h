#pragma once

#include <string>

#include "incident/ticket_text.h"

/// What a ticket's texts are put together from; also what a template may name.
namespace exhibit {

inline constexpr std::size_t ticket_lines_max = 40;
inline constexpr std::size_t ticket_bytes_max = 2500;
inline constexpr std::size_t ticket_title_max = 100;  ///< Code points.

/// The address is inside the customer's own networks.
bool is_ours(const TicketView& view, const std::string& address);

std::string attacker_name(const Alert& alert);
/// "198.51.100.20:80", "3 targets" or "unknown target".
std::string target_name(const Alert& alert);
std::string signature_name(const Alert& alert);
/// "blocked", "no block reported"
std::string short_block(const Alert& alert);
/// "192.0.2.10 > 198.51.100.20:80", or what the sensor left of it.
std::string who_to_whom(const Alert& alert);

/// "Sun 22 Nov 2026 03:12:41 CET (02:12:41 UTC)"
std::string spoken_time(const Zone& zone, WallTime time);
std::string clock_zone(const Zone& zone, WallTime time);
/// "03:34 CET"; with the day's name when that is not the day of `day`.
std::string minute_zone(const Zone& zone, WallTime time, WallTime day);

std::string capture_words(const TicketView& view, const CaptureView& capture);
std::string endpoint_words(const TicketView& view, const Endpoint& endpoint);
std::string signature_words(const Alert& alert);
std::string sensor_words(const Alert& alert);
/// Whether the target answered, as far as a capture can tell.
std::string answer_words(const TicketView& view);

}  // namespace exhibit
