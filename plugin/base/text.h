#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/values.h"

/// Text from foreign bytes, and text for people. Every function is pure, takes any bytes and never throws
/// (but for memory).
namespace exhibit {

namespace detail {
inline void append_to(std::string& out, std::string_view part) { out += part; }
inline void append_to(std::string& out, const char* part) { out += part; }
inline void append_to(std::string& out, const std::string& part) { out += part; }
inline void append_to(std::string& out, char part) { out += part; }
template <std::integral T>
void append_to(std::string& out, T number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}
inline std::size_t least_size(std::string_view part) { return part.size(); }
template <std::integral T>
constexpr std::size_t least_size(T) {
  return 1;
}
}  // namespace detail

/// The parts, one after another: texts, characters and whole numbers.
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  out.reserve((std::size_t{0} + ... + detail::least_size(parts)));
  (detail::append_to(out, parts), ...);
  return out;
}

/// The whole text as a number, or nothing: no blanks, no sign for unsigned types, no tail.
template <std::integral T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equal_ignoring_case(std::string_view left, std::string_view right);
/// Splits at any of the separators; empty parts are left out.
std::vector<std::string_view> split(std::string_view text, std::string_view separators);
template <std::same_as<std::string> Text>
std::vector<std::string_view> split(Text&& text,
                                    std::string_view separators) = delete;  // Of a temporary: they would dangle.
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

/// True when the bytes are UTF-8 by RFC 3629 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);
/// Ill-formed sequences become U+FFFD.
std::string to_utf8(std::string_view bytes);
/// Ill-formed bytes become `\xNN`; all else stays. What `exhibit decode --json` prints.
std::string escape_ill_formed(std::string_view bytes);
/// At most `bytes_max` bytes, cut between two code points.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);
/// `cut_utf8`, with ".." in the place of what is missing: a reader must see that something is.
std::string cut_short(std::string_view text, std::size_t bytes_max);
/// Code points of a UTF-8 text: what a column limit counts.
std::size_t code_points(std::string_view text);

/// Makes foreign text harmless where text is only shown: control characters and ill-formed bytes become `\xNN`,
/// characters that reorder or hide text (bidi, zero width, tags) become `\u{N}`. The result is UTF-8, on one line, and
/// holds no ESC, no newline and no NUL.
std::string harmless(std::string_view foreign);

/// `harmless`, and nothing in it can become a link: "http://" becomes "hxxp://", a dot inside a host name "[.]".
/// Version numbers and addresses in digits stay as they are.
std::string defanged(std::string_view foreign);

/// Lower-case hex.
std::string to_hex(ByteView bytes);
std::optional<Bytes> from_hex(std::string_view text);

}  // namespace exhibit
