#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "packet/answer.h"
#include "packet/capture_read.h"
#include "packet/decode.h"

/// Inside of answer: the packets between attacker and target, boiled down to what the question needs.
namespace exhibit::answering {

/// One packet between the two addresses, or an ICMP error about one.
struct Record {
  std::optional<WallTime> time;
  bool from_target = false;
  bool in_flow = false;
  std::uint8_t protocol = 0;
  std::optional<std::uint16_t> attacker_port, target_port;
  std::uint32_t sequence = 0, acknowledgement = 0;
  std::uint16_t tcp_flags = 0;
  ByteView payload;           ///< As captured.
  std::uint32_t on_wire = 0;  ///< The payload's length on the wire.
  std::string icmp_error;     ///< What an ICMP error says; then the ports are those of the packet it quotes.
  std::string meaning;        ///< Of a payload that says something readable.
  bool request = false;       ///< Begins an HTTP request.
  std::optional<int> status;  ///< Begins an HTTP response.
  std::string reason;
  std::optional<std::uint64_t> content_length;
  bool tls = false;
  bool tls_data = false;  ///< TLS application data.
  std::optional<std::uint8_t> tls_alert;
  bool is_trigger = false;

  // Fragments find their ports in the first one.
  bool fragment = false, later_fragment = false;
  std::uint32_t fragment_id = 0, fragment_offset = 0, transport_header = 0;
};

struct Collected {
  std::vector<Record> records;  ///< In file order.
  CaptureReport report;         ///< All but the answer and the other requests.
};

/// bad_input: no capture file.
Result<Collected> collect(ByteView file, const AlertFlow& flow, ByteView trigger_packet);

}  // namespace exhibit::answering
