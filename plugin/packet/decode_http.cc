#include <array>

#include "base/text.h"
#include "packet/decode_walk.h"

// RFC 9112, read as an attacker's request may stand there: only what is sure is taken, and nothing is repaired.

namespace exhibit::decoding {
namespace {

constexpr std::size_t lines_max = 128;

/// Methods that may stand without a version behind them (HTTP/0.9, or a line that the packet cuts).
constexpr std::array<std::string_view, 24> methods = {
    "GET",    "POST",     "HEAD",      "PUT",    "DELETE",    "OPTIONS",     "TRACE", "CONNECT",
    "PATCH",  "PROPFIND", "PROPPATCH", "MKCOL",  "COPY",      "MOVE",        "LOCK",  "UNLOCK",
    "SEARCH", "REPORT",   "M-SEARCH",  "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "LINK",  "UNLINK"};

struct Lines {
  std::string_view rest;
  bool whole = true;  // The line just taken had its end.

  std::string_view take() {
    const std::size_t end = rest.find('\n');
    whole = end != std::string_view::npos;
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(whole ? end + 1 : rest.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
};

bool is_method(std::string_view token) {
  if (token.empty() || token.size() > 20) return false;
  return std::all_of(token.begin(), token.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; });
}

bool is_known_method(std::string_view token) {
  return std::find(methods.begin(), methods.end(), token) != methods.end();
}

bool read_request_line(std::string_view line, bool whole, HttpInfo& into) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos || !is_method(line.substr(0, blank))) return false;
  const std::string_view method = line.substr(0, blank);
  std::string_view uri = line.substr(blank + 1);
  const std::size_t version = uri.rfind(" HTTP/");
  const bool versioned = version != std::string_view::npos;
  if (versioned) uri = uri.substr(0, version);
  // Without a version only a known method, and then a whole line or one that fills the packet, is believed.
  if (!versioned && (!is_known_method(method) || uri.empty())) return false;
  if (!versioned && whole && uri.find(' ') != std::string_view::npos) return false;
  if (!versioned && uri[0] != '/' && uri[0] != '*' && uri.find("://") == std::string_view::npos) return false;
  into.method = std::string(method);
  into.uri = std::string(uri);
  return true;
}

bool read_status_line(std::string_view line, HttpInfo& into) {
  if (!line.starts_with("HTTP/")) return false;
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank > 12 || line.size() < blank + 4) return false;
  const auto status = parse_number<int>(line.substr(blank + 1, 3));
  if (!status || *status < 100) return false;
  into.status = *status;
  if (line.size() > blank + 5) into.reason = std::string(trim(line.substr(blank + 5)));
  return true;
}

void read_field(std::string_view line, HttpInfo& into) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon), value = trim(line.substr(colon + 1));
  const auto keep = [&](std::string_view wanted, std::string& where) {
    if (where.empty() && equal_ignoring_case(name, wanted)) where = std::string(value);
  };
  keep("host", into.host);
  keep("server", into.server);
  keep("user-agent", into.user_agent);
  keep("content-type", into.content_type);
  if (equal_ignoring_case(name, "content-length")) into.content_length = parse_number<std::uint64_t>(value);
  if (equal_ignoring_case(name, "transfer-encoding"))
    into.chunked = to_lower(value).find("chunked") != std::string::npos;
}

/// Cheap refusal of what can be no HTTP, before anything is searched.
bool may_begin_http(std::string_view text) {
  if (text.starts_with("HTTP/")) return true;
  std::size_t length = 0;
  while (length < text.size() && length <= 20 && is_method(text.substr(length, 1))) ++length;
  return length > 0 && length <= 20 && length < text.size() && text[length] == ' ';
}

}  // namespace

bool read_http(Walk& walk) {
  const std::string_view text = as_text(walk.rest());
  if (!may_begin_http(text)) return false;
  Lines lines{text};
  HttpInfo info;
  const std::string_view first = lines.take();
  if (!read_status_line(first, info) && !read_request_line(first, lines.whole, info)) return false;
  for (std::size_t i = 0; i < lines_max && !lines.rest.empty(); ++i) {
    const std::string_view line = lines.take();
    if (line.empty() && lines.whole) {
      info.header_complete = true;
      break;
    }
    read_field(line, info);
  }
  info.header_length = static_cast<std::uint32_t>(text.size() - lines.rest.size());
  const std::size_t header = info.header_length;
  walk.out.http = std::move(info);
  walk.take("http", header);
  return true;
}

}  // namespace exhibit::decoding
