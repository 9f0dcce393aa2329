#include "web/http_message.h"

#include <algorithm>

#include "base/text.h"

namespace exhibit::web {
namespace {

constexpr std::size_t path_max = 2048;
constexpr std::size_t target_max = 512;
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool has_encoded_trick(std::string_view raw) {
  const std::string lower = to_lower(raw);
  for (const std::string_view trick : {"%00", "%2f", "%5c"})
    if (lower.find(trick) != std::string::npos) return true;
  return false;
}

bool segments_are_plain(std::string_view path) {
  path.remove_prefix(1);
  if (path.empty()) return true;
  for (;;) {
    const std::size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

}  // namespace

HeaderList all_headers(const Response& response, bool tls) {
  HeaderList out = {{"Content-Type", response.content_type},
                    {"Content-Security-Policy", std::string(content_security_policy)},
                    {"X-Content-Type-Options", "nosniff"},
                    {"Cache-Control", response.cacheable ? "public, max-age=31536000, immutable" : "no-store"},
                    {"Referrer-Policy", "no-referrer"},
                    {"Cross-Origin-Resource-Policy", "same-origin"},
                    {"X-Frame-Options", "DENY"}};
  if (tls) out.emplace_back("Strict-Transport-Security", "max-age=31536000");
  out.insert(out.end(), response.headers.begin(), response.headers.end());
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] == '%') {
      const auto byte = i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
      if (!byte) return std::nullopt;
      out += static_cast<char>(byte->front());
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (is_unreserved(c))
      out += c;
    else
      out += cat('%', to_hex({&byte, 1}));
  }
  return out;
}

std::optional<std::string> normal_path(std::string_view raw) {
  if (raw.empty() || raw.front() != '/' || raw.size() > path_max || has_encoded_trick(raw)) return std::nullopt;
  std::optional<std::string> path = percent_decoded(raw, false);
  if (!path || !is_utf8(*path)) return std::nullopt;
  for (const char c : *path)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\') return std::nullopt;
  if (!segments_are_plain(*path)) return std::nullopt;
  return path;
}

std::string form_field(std::string_view form, std::string_view name) {
  for (const std::string_view pair : split(form, "&")) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || percent_decoded(pair.substr(0, equals), true) != name) continue;
    return percent_decoded(pair.substr(equals + 1), true).value_or("");
  }
  return {};
}

std::string cookie_value(std::string_view header, std::string_view name) {
  for (const std::string_view part : split(header, ";")) {
    const std::string_view pair = trim(part);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return std::string(pair.substr(equals + 1));
  }
  return {};
}

std::string local_target(std::string_view wanted) {
  const std::size_t mark = std::min(wanted.find('?'), wanted.size());
  const std::string_view path = wanted.substr(0, mark), query = wanted.substr(mark);
  const auto plain = [](std::string_view text, std::string_view also) {
    return std::all_of(text.begin(), text.end(),
                       [&](char c) { return is_unreserved(c) || also.find(c) != std::string_view::npos; });
  };
  const bool good = wanted.size() <= target_max && path.starts_with("/e/") && plain(path, "/") && normal_path(path) &&
                    plain(query, "?=&%+");
  return good ? std::string(wanted) : "/";
}

ByteRange byte_range(std::string_view header, std::uint64_t size) {
  const ByteRange whole{ByteRange::Kind::whole, 0, size}, bad{ByteRange::Kind::unsatisfiable, 0, 0};
  constexpr std::string_view unit = "bytes=";
  if (!equal_ignoring_case(header.substr(0, unit.size()), unit) || header.find(',') != std::string_view::npos)
    return whole;
  const std::string_view spec = trim(header.substr(unit.size()));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return bad;
  const auto first = parse_number<std::uint64_t>(spec.substr(0, dash));
  const auto last = parse_number<std::uint64_t>(spec.substr(dash + 1));
  if (dash == 0) {
    if (!last || *last == 0 || size == 0) return bad;
    const std::uint64_t count = std::min(*last, size);
    return {ByteRange::Kind::part, size - count, count};
  }
  if (!first || *first >= size || (!last && dash + 1 != spec.size()) || (last && *last < *first)) return bad;
  return {ByteRange::Kind::part, *first, std::min(last.value_or(size - 1), size - 1) - *first + 1};
}

}  // namespace exhibit::web
