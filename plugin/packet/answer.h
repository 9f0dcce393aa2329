#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/values.h"
#include "packet/address.h"

/// The analyst's only question: did the server answer? Told from a capture and the flow that the alert named.
namespace exhibit {

/// Whom the alert is about. Without ports or protocol the pair of addresses is the flow.
struct AlertFlow {
  IpAddress attacker, target;
  std::optional<std::uint16_t> attacker_port{}, target_port{};
  std::optional<std::uint8_t> protocol{};  ///< ip_protocol::
  WallTime alert_time{};
};

/// What the target sent back in the alert's flow.
struct Answer {
  enum class Kind {
    http,             ///< An HTTP status line.
    tls_alert,        ///< A TLS alert in clear text and no application data.
    reset,            ///< A TCP reset, or an ICMP error that says as much (port or host unreachable, prohibited).
    bytes,            ///< Payload that is none of these.
    none_in_capture,  ///< The capture holds no payload from the target. It does not follow that there was none.
  };
  Kind kind = Kind::none_in_capture;
  std::optional<int> status{};  ///< http
  /// http: of the body as it was sent (chunks with their framing); else of all payload from the target. On the wire, so
  /// a snapshot length does not shrink it, and each byte once, however often it was sent.
  std::uint64_t bytes = 0;
  /// After the last packet of the attacker before it that carried something; after the alert if there is none.
  std::optional<std::int64_t> milliseconds{};
  std::optional<std::uint8_t> tls_alert{};  ///< The description's number.
  std::string detail{};  ///< "Not Found", "handshake failure (40)", "port unreachable"; harmless text, may be empty.
  /// What the attacker acknowledged of the target's TCP stream: proof of an answer that the capture itself lacks.
  /// One too many where the end of the stream was acknowledged, too.
  std::optional<std::uint64_t> acknowledged_bytes{};

  bool operator==(const Answer&) const = default;
};

/// "http", "tls-alert", "reset", "bytes", "none-in-capture": as in tickets' JSON.
std::string_view kind_token(Answer::Kind kind);
/// "HTTP 404, 209 bytes, 41 ms later", "a TLS alert: handshake failure (40), 3 ms later", "no answer in the capture".
std::string answer_text(const Answer& answer);

/// What one capture says about one alert.
struct CaptureReport {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  ///< On the wire.
  std::optional<WallTime> first, last;
  std::uint64_t flow_packets = 0;
  bool broken = false;
  std::string broken_text;           ///< Where the file breaks off.
  bool addresses_match = false;      ///< Some packet is of the attacker or the target.
  bool attacker_only = true;         ///< No packet of the alert's flow came from the target.
  bool trigger_inside = false;       ///< The trigger packet is in the capture, byte for byte from the IP header on.
  std::optional<Answer> answer{};    ///< None when the flow is not in the capture at all.
  std::uint64_t other_requests = 0;  ///< HTTP requests from the attacker to the target outside the alert's flow.
  std::vector<int> other_statuses;   ///< The distinct HTTP statuses they got, ascending.
};

/// Reads the whole capture once (twice if it has fragments); memory is bounded by the file's size.
/// bad_input: no capture file. A damaged one is reported as far as it goes.
Result<CaptureReport> report(ByteView file, const AlertFlow& flow, ByteView trigger_packet);

}  // namespace exhibit
