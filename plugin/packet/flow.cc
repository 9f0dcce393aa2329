#include "packet/flow.h"

#include <algorithm>

namespace exhibit {

std::optional<FlowPacket> flow_of(const Decoded& decoded) {
  if (decoded.ip.empty()) return std::nullopt;
  const IpPair& ip = decoded.ip.front();
  FlowPacket packet{.key = {}, .sender = {ip.source, 0}, .receiver = {ip.target, 0}};
  packet.payload_length = decoded.payload_length;
  if (!decoded.ports.empty() && decoded.ports.front().ip_index == 0) {
    packet.sender.port = decoded.ports.front().source;
    packet.receiver.port = decoded.ports.front().target;
    packet.has_ports = true;
  }
  const auto [low, high] = std::minmax(packet.sender, packet.receiver);
  packet.key = {.protocol = ip.protocol, .low = low, .high = high};
  return packet;
}

}  // namespace exhibit
