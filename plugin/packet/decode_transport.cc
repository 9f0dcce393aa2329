#include "base/text.h"
#include "packet/decode_walk.h"

// RFC 9293, RFC 768, RFC 9260.

namespace exhibit::decoding {
namespace {

/// Ports come first in all three headers, so that a header cut after them still tells the flow.
bool read_ports(Walk& walk, std::uint8_t protocol, std::string_view name) {
  if (!walk.have(4, name)) return false;
  walk.source_port = walk.u16(0);
  walk.target_port = walk.u16(2);
  walk.out.ports.push_back({.source = walk.source_port,
                            .target = walk.target_port,
                            .protocol = protocol,
                            .ip_index = static_cast<std::uint32_t>(walk.out.ip.size() - 1)});
  return true;
}

}  // namespace

void tcp(Walk& walk) {
  if (!read_ports(walk, ip_protocol::tcp, "TCP")) return;
  if (!walk.have(20, "TCP")) return;
  const TcpInfo info{.sequence = walk.u32(4),
                     .acknowledgement = walk.u32(8),
                     .flags = static_cast<std::uint16_t>(walk.u16(12) & 0x0FFF),
                     .window = walk.u16(14)};
  walk.out.tcp = info;
  walk.out.tcp_flags = info.flags;
  const std::size_t header = (walk.u8(12) >> 4) * 4U;
  if (header < 20) return walk.stop(cat("TCP header of ", header, " bytes"));
  if (!walk.have(header, "TCP")) return;
  walk.take("tcp", header);
  walk.mark_payload();
  if (walk.left() > 0) walk.next = tcp_payload;
}

void udp(Walk& walk) {
  if (!read_ports(walk, ip_protocol::udp, "UDP")) return;
  if (!walk.have(8, "UDP")) return;
  const std::size_t length = walk.u16(4);
  if (length != 0 && length < 8) return walk.stop(cat("UDP length ", length, " is below its header's"));
  if (length != 0) walk.bound(length);
  walk.take("udp", 8);
  walk.mark_payload();
  if (walk.left() == 0) return;
  walk.next = of_udp_tunnel(walk);
  if (walk.next == nullptr) walk.next = udp_payload;
}

void sctp(Walk& walk) {
  if (!read_ports(walk, ip_protocol::sctp, "SCTP")) return;
  if (!walk.have(12, "SCTP")) return;
  walk.take("sctp", 12);
  walk.mark_payload();
}

}  // namespace exhibit::decoding
