#include "base/text.h"

#include <algorithm>

namespace exhibit {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // 0: ill-formed
};

/// RFC 3629, section 4.
CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return {};
  char32_t value = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool outside = value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF);
  return overlong || outside ? CodePoint{} : CodePoint{value, length};
}

bool is_printable_ascii(char c) { return c >= 0x20 && c < 0x7F; }

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

/// Characters that change how their neighbours are shown, or that are not shown at all.
bool is_deceptive(char32_t c) {
  return c == 0xAD || c == 0x61C || c == 0x180E || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0xE0000 && c <= 0xE0FFF) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0x115F || c == 0x1160 || c == 0x3164 ||
         c == 0xFFA0;
}

void append_escaped_byte(std::string& out, unsigned char byte) {
  out += "\\x";
  out += hex_digits[byte >> 4];
  out += hex_digits[byte & 15];
}

void append_escaped_code_point(std::string& out, char32_t value) {
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<std::uint32_t>(value), 16).ptr;
  out += "\\u{";
  std::transform(digits, end, std::back_inserter(out),
                 [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  out += '}';
}

/// Of a fixed size and without a branch, so that the compiler makes vector instructions of it.
constexpr std::size_t ascii_block = 32;
bool is_ascii_block(const char* text) {
  std::uint8_t all = 0;
  for (std::size_t i = 0; i < ascii_block; ++i) all |= static_cast<std::uint8_t>(text[i]);
  return all < 0x80;
}

bool is_letter(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

bool is_name_character(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

bool starts_a_web_address(std::string_view text) {
  if (!equal_ignoring_case(text.substr(0, 4), "http")) return false;
  const std::string_view rest = text.substr(4);
  return rest.starts_with("://") || (rest.size() > 3 && lower(rest[0]) == 's' && rest.substr(1, 3) == "://");
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), upper);
  return out;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t found = separators.size() == 1 ? text.find(separators[0]) : text.find_first_of(separators);
    const std::size_t end = std::min(found, text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t hit = text.find(from, at);
    out += text.substr(at, hit == std::string_view::npos ? hit : hit - at);
    if (hit == std::string_view::npos) return out;
    out += to;
    at = hit + from.size();
  }
}

std::string grouped(std::uint64_t number) {
  std::string digits = cat(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (at + ascii_block <= text.size() && is_ascii_block(text.data() + at)) {
      at += ascii_block;
      continue;
    }
    const CodePoint point = code_point_at(text, at);
    if (point.length == 0) return false;
    at += point.length;
  }
  return true;
}

std::string to_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const CodePoint point = code_point_at(bytes, at);
    out += point.length == 0 ? std::string_view("\xEF\xBF\xBD") : bytes.substr(at, point.length);
    at += std::max<std::size_t>(point.length, 1);
  }
  return out;
}

std::string escape_ill_formed(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const CodePoint point = code_point_at(bytes, at);
    if (point.length == 0) {
      append_escaped_byte(out, static_cast<unsigned char>(bytes[at++]));
    } else {
      out += bytes.substr(at, point.length);
      at += point.length;
    }
  }
  return out;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return text.substr(0, end);
}

std::string cut_short(std::string_view text, std::size_t bytes_max) {
  return text.size() <= bytes_max ? std::string(text) : cat(cut_utf8(text, bytes_max), "..");
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::string harmless(std::string_view foreign) {
  std::string out;
  out.reserve(foreign.size());
  for (std::size_t at = 0; at < foreign.size();) {
    const std::size_t plain = at;
    while (at < foreign.size() && is_printable_ascii(foreign[at])) ++at;
    out += foreign.substr(plain, at - plain);
    if (at == foreign.size()) break;
    const CodePoint point = code_point_at(foreign, at);
    if (point.length <= 1) {
      append_escaped_byte(out, static_cast<unsigned char>(foreign[at]));
    } else if (is_control(point.value) || is_deceptive(point.value)) {
      append_escaped_code_point(out, point.value);
    } else {
      out += foreign.substr(at, point.length);
    }
    at += std::max<std::size_t>(point.length, 1);
  }
  return out;
}

std::string defanged(std::string_view foreign) {
  const std::string shown = harmless(foreign);
  const std::string_view text = shown;
  std::string out;
  out.reserve(text.size() + 16);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) == 'h' && starts_a_web_address(text.substr(i))) {
      out += text.substr(kept, i + 1 - kept);
      out += "xx";
      kept = i + 3;
      i += 3;
    } else if (text[i] == '.' && i > 0 && i + 1 < text.size() && is_name_character(text[i - 1]) &&
               is_letter(text[i + 1])) {
      out += text.substr(kept, i - kept);
      out += "[.]";
      kept = i + 1;
    }
  }
  out += text.substr(kept);
  return out;
}

std::string to_hex(ByteView bytes) {
  std::string out(bytes.size() * 2, '\0');
  auto to = out.begin();
  for (const std::uint8_t byte : bytes) {
    *to++ = hex_digits[byte >> 4];
    *to++ = hex_digits[byte & 15];
  }
  return out;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const auto byte = parse_number<std::uint8_t>(text.substr(at, 2), 16);
    if (!byte) return std::nullopt;
    bytes.push_back(*byte);
  }
  return bytes;
}

}  // namespace exhibit
