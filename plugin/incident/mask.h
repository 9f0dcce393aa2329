#pragma once

#include <string>
#include <string_view>

namespace exhibit {

/// How much of the packets' content a desk may see. Ordered: each shows less than the one before.
enum class Disclosure {
  full,     ///< As it was on the wire.
  masked,   ///< Passwords, cookies, authorization headers and card numbers are replaced by their length.
  headers,  ///< Addresses, ports, flags; nothing of the payload.
  none,     ///< No packet text at all.
};
std::string_view token(Disclosure disclosure);

/// Replaces what opens doors in the text of a payload: header values of Cookie, Set-Cookie, Authorization and their
/// kind, values of password-like parameters and fields, PASS and AUTH arguments, credentials in a URL, card numbers
/// (by their check digit). "sid=abc" in a cookie becomes "sid=[masked, 3 bytes]". Works on bytes; takes any.
std::string mask_secrets(std::string_view payload);

}  // namespace exhibit
