#include "base/base64.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view alphabet32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

constexpr std::array<std::int8_t, 256> make_reverse() {
  std::array<std::int8_t, 256> reverse{};
  for (std::int8_t& value : reverse) value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    reverse[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return reverse;
}
constexpr std::array<std::int8_t, 256> reverse = make_reverse();

/// The value of a character at each place of a group of four, shifted to where it belongs; `foreign` for any other.
constexpr std::uint32_t foreign = 1U << 31;
constexpr std::array<std::array<std::uint32_t, 256>, 4> make_places() {
  std::array<std::array<std::uint32_t, 256>, 4> places{};
  for (std::size_t place = 0; place < 4; ++place)
    for (std::size_t c = 0; c < 256; ++c)
      places[place][c] = reverse[c] < 0 ? foreign : static_cast<std::uint32_t>(reverse[c]) << (18 - 6 * place);
  return places;
}
constexpr std::array<std::array<std::uint32_t, 256>, 4> places = make_places();

/// Whole groups without blank or padding, straight into place; stops before the first that is not, or when there is no
/// room. The number of characters taken.
std::size_t take_groups(std::string_view text, Bytes& bytes, std::size_t bytes_max) {
  const std::size_t groups = std::min(text.size() / 4, bytes_max / 3);
  bytes.resize(groups * 3);
  const auto* from = reinterpret_cast<const std::uint8_t*>(text.data());
  std::uint8_t* to = bytes.data();
  std::size_t group = 0;
  for (; group < groups; ++group, from += 4, to += 3) {
    const std::uint32_t bits = places[0][from[0]] | places[1][from[1]] | places[2][from[2]] | places[3][from[3]];
    if ((bits & foreign) != 0) break;
    to[0] = static_cast<std::uint8_t>(bits >> 16);
    to[1] = static_cast<std::uint8_t>(bits >> 8);
    to[2] = static_cast<std::uint8_t>(bits);
  }
  bytes.resize(group * 3);
  return group * 4;
}

bool is_layout(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

Result<Bytes> decode_base64(std::string_view text, std::size_t bytes_max) {
  Bytes bytes;
  bytes.reserve(std::min(text.size() / 4 * 3 + 3, bytes_max));
  std::uint32_t bits = 0;
  int count = 0;  // Characters in the open group of four.
  int padding = 0;
  for (std::size_t at = take_groups(text, bytes, bytes_max); at < text.size(); ++at) {
    const char c = text[at];
    if (is_layout(c)) continue;
    if (c == '=') {
      if (count + ++padding > 4 || count < 2) return Error{Errc::bad_input, cat("base64: padding at offset ", at)};
      continue;
    }
    const std::int8_t value = reverse[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0)
      return Error{Errc::bad_input, cat("base64: byte ", static_cast<int>(static_cast<unsigned char>(c)), " at offset ",
                                        at, " does not belong there")};
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    if (++count < 4) continue;
    if (bytes.size() + 3 > bytes_max) return Error{Errc::too_large, cat("base64: more than ", bytes_max, " bytes")};
    for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
    bits = 0;
    count = 0;
  }
  if (count == 0)
    return padding == 0 ? Result<Bytes>(std::move(bytes)) : Error{Errc::bad_input, "base64: stray padding"};
  if (count == 1 || count + padding != 4) return Error{Errc::bad_input, "base64: the last group is incomplete"};
  const int whole = count - 1;  // Bytes in the last group.
  if (bytes.size() + static_cast<std::size_t>(whole) > bytes_max)
    return Error{Errc::too_large, cat("base64: more than ", bytes_max, " bytes")};
  const int spare = count * 6 - whole * 8;
  if ((bits & ((1U << spare) - 1)) != 0) return Error{Errc::bad_input, "base64: bits are set behind the last byte"};
  bits >>= spare;
  for (int i = whole - 1; i >= 0; --i) bytes.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
  return bytes;
}

std::string encode_base64(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    std::uint32_t bits = static_cast<std::uint32_t>(bytes[at]) << 16;
    if (left > 1) bits |= static_cast<std::uint32_t>(bytes[at + 1]) << 8;
    if (left > 2) bits |= bytes[at + 2];
    out += alphabet[bits >> 18];
    out += alphabet[(bits >> 12) & 63];
    out += left > 1 ? alphabet[(bits >> 6) & 63] : '=';
    out += left > 2 ? alphabet[bits & 63] : '=';
  }
  return out;
}

std::string encode_base32(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() * 8 + 4) / 5);
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    for (count += 8; count >= 5; count -= 5) out += alphabet32[(bits >> (count - 5)) & 31];
  }
  if (count > 0) out += alphabet32[(bits << (5 - count)) & 31];
  return out;
}

}  // namespace exhibit
