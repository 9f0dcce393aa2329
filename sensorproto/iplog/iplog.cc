#include "sensorproto/iplog/iplog.h"

#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::size_t header_only = 24;  // A classic pcap file without packets.

bool is_capture(ByteView body) {
  if (body.size() < 4) return false;
  const std::uint32_t magic = (static_cast<std::uint32_t>(body[0]) << 24) |
                              (static_cast<std::uint32_t>(body[1]) << 16) | (static_cast<std::uint32_t>(body[2]) << 8) |
                              body[3];
  return magic == 0xa1b2c3d4 || magic == 0xd4c3b2a1 || magic == 0xa1b23c4d || magic == 0x4d3cb2a1 ||
         magic == 0x0a0d0d0a;
}

/// The errXxx name anywhere in an error document; IDIOM and SOAP put it in different places.
std::string_view error_name(std::string_view body) {
  for (const std::string_view name :
       {"errNotFound", "errInUse", "errNotAvailable", "errPermissionDenied", "errLimitExceeded"})
    if (body.find(name) != std::string_view::npos) return name;
  return {};
}

IpLogVerdict judge_error(int status, std::string_view body) {
  const std::string_view name = error_name(body);
  if (name == "errNotFound") return IpLogVerdict::gone;
  if (name == "errInUse" || name == "errNotAvailable" || name == "errLimitExceeded") return IpLogVerdict::not_ready;
  if (status == 401 || status == 403 || name == "errPermissionDenied") return IpLogVerdict::login_refused;
  if (status == 405) return IpLogVerdict::use_get;
  if (status == 410) return IpLogVerdict::gone;
  if (status == 404 || status == 408 || status == 423 || status == 425 || status == 429 || status == 500 ||
      status == 503)
    return IpLogVerdict::not_ready;
  return IpLogVerdict::unknown_answer;
}

}  // namespace

std::string_view token(IpLogVerdict verdict) {
  switch (verdict) {
    case IpLogVerdict::whole: return "whole";
    case IpLogVerdict::cut: return "cut";
    case IpLogVerdict::empty: return "empty";
    case IpLogVerdict::not_ready: return "not-ready";
    case IpLogVerdict::gone: return "gone";
    case IpLogVerdict::use_get: return "use-get";
    case IpLogVerdict::login_refused: return "login-refused";
    case IpLogVerdict::too_large: return "too-large";
    case IpLogVerdict::unknown_answer: return "unknown-answer";
  }
  return "unknown-answer";
}

SensorRequest ip_log_request(IpLogId log, std::string_view cookie, bool use_get) {
  return {.method = use_get ? "GET" : "POST",
          .target = cat("/cgi-bin/iplog-server?ipLogId=", log),
          .cookie = std::string(cookie),
          .patience = limits::ip_log_silence};
}

IpLogVerdict judge_ip_log(const IpLogAnswer& answer) {
  const std::string_view text = as_text(answer.body);
  if (answer.status / 100 != 2 || trim(text.substr(0, 64)).starts_with('<')) return judge_error(answer.status, text);
  if (answer.over_limit) return IpLogVerdict::too_large;
  if (answer.body.size() < 4) return answer.received_to_end ? IpLogVerdict::empty : IpLogVerdict::cut;
  if (!is_capture(answer.body)) return IpLogVerdict::unknown_answer;
  if (!answer.received_to_end) return IpLogVerdict::cut;
  return answer.body.size() <= header_only ? IpLogVerdict::empty : IpLogVerdict::whole;
}

}  // namespace exhibit
