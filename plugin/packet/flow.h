#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "packet/decode.h"

namespace exhibit {

/// One end of a flow. `port` is 0 where the protocol has none, and in later fragments.
struct FlowEnd {
  IpAddress address;
  std::uint16_t port = 0;

  bool operator==(const FlowEnd&) const = default;
  auto operator<=>(const FlowEnd&) const = default;
};

/// A bidirectional flow: IP protocol and unordered pair of (address, port) of the outermost IP header. `low` <= `high`,
/// so both directions have the same key.
struct FlowKey {
  std::uint8_t protocol = 0;
  FlowEnd low, high;

  bool operator==(const FlowKey&) const = default;
  auto operator<=>(const FlowKey&) const = default;
};

/// One packet's place in its flow.
struct FlowPacket {
  FlowKey key;
  FlowEnd sender, receiver;
  bool has_ports = false;
  std::uint32_t payload_length = 0;  ///< Captured payload of the transport (or of IP, where there are no ports).
};

/// Nothing for packets without an IP header. Pure, any thread.
std::optional<FlowPacket> flow_of(const Decoded& decoded);

}  // namespace exhibit
