#include "adapters/sim/http_server.h"
#include "base/base64.h"
#include "base/text.h"

namespace exhibit::sim {

std::string_view HttpRequest::header(std::string_view name) const {
  for (const Header& header : headers)
    if (equal_ignoring_case(header.name, name)) return header.value;
  return {};
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return Error{Errc::bad_input, "an address and a port are needed, such as 127.0.0.1:0"};
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return Error{Errc::bad_input, "the port is no number from 0 to 65535"};
  return Endpoint{.address = std::string(text.substr(0, colon)), .port = *port};
}

std::string percent_decoded(std::string_view text, bool form) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      if (const auto byte = parse_number<std::uint8_t>(text.substr(i + 1, 2), 16)) {
        out += static_cast<char>(*byte);
        i += 2;
        continue;
      }
    }
    out += form && text[i] == '+' ? ' ' : text[i];
  }
  return out;
}

Parameters parse_form(std::string_view text) {
  Parameters parameters;
  for (const std::string_view pair : split(text, "&")) {
    const std::size_t equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    parameters.emplace(percent_decoded(pair.substr(0, equals), true), percent_decoded(value, true));
  }
  return parameters;
}

std::string value_of(const Parameters& parameters, std::string_view name, std::string_view other) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string(other) : found->second;
}

std::optional<std::pair<std::string, std::string>> basic_login(std::string_view authorization) {
  const std::size_t blank = authorization.find(' ');
  if (blank == std::string_view::npos || !equal_ignoring_case(authorization.substr(0, blank), "basic"))
    return std::nullopt;
  const Result<Bytes> bytes = decode_base64(trim(authorization.substr(blank)), 1024);
  if (!bytes) return std::nullopt;
  const std::string_view text = as_text(*bytes);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return std::pair{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 302: return "Found";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

}  // namespace exhibit::sim
