#pragma once

#include <string>
#include <string_view>

#include "base/values.h"
#include "sensorproto/event.h"
#include "sensorproto/sdee/subscription.h"

namespace exhibit {

/// What an answer of `/cgi-bin/iplog-server` means (sensor-protocols 8; most of it is not public, so all of it is
/// judged leniently and by content, never by Content-Type).
enum class IpLogVerdict {
  whole,      ///< A capture, received to its end.
  cut,        ///< The beginning of a capture; the connection ended early.
  empty,      ///< Nothing, or a capture without packets: not ready yet, or nothing was recorded.
  not_ready,  ///< The sensor asks for patience.
  gone,       ///< errNotFound: never was, or overwritten.
  use_get,    ///< 405: this sensor wants GET.
  login_refused,
  too_large,
  unknown_answer  ///< Neither a capture nor an error that we know.
};

std::string_view token(IpLogVerdict verdict);

/// The POST of the RDEP text, without times: their unit is disputed and both are optional.
SensorRequest ip_log_request(IpLogId log, std::string_view cookie, bool use_get);

struct IpLogAnswer {
  int status = 0;
  ByteView body;
  bool received_to_end = false;
  bool over_limit = false;  ///< The transport stopped at limits::ip_log_bytes.
};

IpLogVerdict judge_ip_log(const IpLogAnswer& answer);

}  // namespace exhibit
