#include "sensorproto/sim/wire_packets.h"

#include "packet/address.h"

namespace exhibit::sim {
namespace {

constexpr std::uint8_t attacker_mac[] = {0x00, 0x00, 0x5e, 0x00, 0x53, 0x01};
constexpr std::uint8_t target_mac[] = {0x00, 0x00, 0x5e, 0x00, 0x53, 0x02};
constexpr std::uint8_t protocol_icmp = 1, protocol_tcp = 6, protocol_udp = 17;

void put16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8 & 0xFF));
  out.push_back(static_cast<std::uint8_t>(value & 0xFF));
}

void put32(Bytes& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xFFFF);
}

void put_all(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void put_address(Bytes& out, const std::string& address) {
  put_all(out, IpAddress::parse(address).value_or(IpAddress()).bytes());
}

void patch16(Bytes& out, std::size_t at, std::size_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8 & 0xFF);
  out[at + 1] = static_cast<std::uint8_t>(value & 0xFF);
}

/// RFC 1071.
std::uint16_t checksum(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i]) << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xFFFF);
}

Bytes ethernet(bool from_attacker, std::uint16_t vlan) {
  Bytes frame;
  put_all(frame, from_attacker ? target_mac : attacker_mac);
  put_all(frame, from_attacker ? attacker_mac : target_mac);
  if (vlan != 0) {
    put16(frame, 0x8100);
    put16(frame, vlan);
  }
  put16(frame, 0x0800);
  return frame;
}

struct Ip {
  std::string source, target;
  std::uint8_t protocol = 0, hops = 64;
  std::uint16_t id = 0;
};

void put_ip(Bytes& frame, const Ip& ip, ByteView payload) {
  const std::size_t start = frame.size();
  put16(frame, 0x4500);
  put16(frame, 20 + payload.size());
  put16(frame, ip.id);
  put16(frame, 0x4000);
  put16(frame, static_cast<std::size_t>(ip.hops) << 8 | ip.protocol);
  put16(frame, 0);
  put_address(frame, ip.source);
  put_address(frame, ip.target);
  patch16(frame, start + 10, checksum(ByteView(frame).subspan(start, 20)));
  put_all(frame, payload);
}

/// The checksum of TCP and UDP covers addresses, protocol and length too.
void seal_transport(Bytes& segment, const Ip& ip, std::size_t checksum_at) {
  Bytes pseudo;
  put_address(pseudo, ip.source);
  put_address(pseudo, ip.target);
  put16(pseudo, ip.protocol);
  put16(pseudo, segment.size());
  put_all(pseudo, segment);
  patch16(segment, checksum_at, checksum(pseudo));
}

}  // namespace

TcpTalk::TcpTalk(Peer attacker, Peer target, std::uint16_t vlan)
    : attacker_(std::move(attacker)), target_(std::move(target)), vlan_(vlan) {}

Bytes TcpTalk::frame(bool from_attacker, std::string_view payload, std::uint8_t flags) {
  const Peer& from = from_attacker ? attacker_ : target_;
  const Peer& to = from_attacker ? target_ : attacker_;
  const Ip ip{.source = from.address,
              .target = to.address,
              .protocol = protocol_tcp,
              .hops = static_cast<std::uint8_t>(from_attacker ? 52 : 63),
              .id = ++packet_id_[from_attacker ? 0 : 1]};
  Bytes segment;
  put16(segment, from.port);
  put16(segment, to.port);
  put32(segment, sequence_[from_attacker ? 0 : 1]);
  put32(segment, (flags & ack) != 0 ? sequence_[from_attacker ? 1 : 0] : 0);
  put16(segment, 0x5000U | flags);
  put16(segment, 0x7210);
  put32(segment, 0);
  put_all(segment, as_bytes(payload));
  seal_transport(segment, ip, 16);
  Bytes out = ethernet(from_attacker, vlan_);
  put_ip(out, ip, segment);
  return out;
}

Bytes TcpTalk::attacker(std::string_view payload, std::uint8_t flags) {
  Bytes out = frame(true, payload, flags);
  sequence_[0] += static_cast<std::uint32_t>(payload.size() + ((flags & (syn | fin)) != 0 ? 1 : 0));
  return out;
}

Bytes TcpTalk::target(std::string_view payload, std::uint8_t flags) {
  Bytes out = frame(false, payload, flags);
  sequence_[1] += static_cast<std::uint32_t>(payload.size() + ((flags & (syn | fin)) != 0 ? 1 : 0));
  return out;
}

Bytes TcpTalk::attacker_again(std::string_view payload) {
  sequence_[0] -= static_cast<std::uint32_t>(payload.size());
  return attacker(payload);
}

Bytes icmp_echo(const std::string& source, const std::string& target, std::uint16_t sequence) {
  Bytes message;
  put32(message, 0x0800'0000);
  put16(message, 0x1234);
  put16(message, sequence);
  put_all(message, as_bytes("abcdefghijklmnopqrstuvwabcdefghi"));
  patch16(message, 2, checksum(message));
  Bytes out = ethernet(true, 0);
  put_ip(out, {.source = source, .target = target, .protocol = protocol_icmp, .hops = 52, .id = sequence}, message);
  return out;
}

Bytes udp_datagram(const Peer& source, const Peer& target, std::string_view payload) {
  const Ip ip{.source = source.address, .target = target.address, .protocol = protocol_udp, .hops = 52, .id = 77};
  Bytes datagram;
  put16(datagram, source.port);
  put16(datagram, target.port);
  put16(datagram, 8 + payload.size());
  put16(datagram, 0);
  put_all(datagram, as_bytes(payload));
  seal_transport(datagram, ip, 6);
  Bytes out = ethernet(true, 0);
  put_ip(out, ip, datagram);
  return out;
}

}  // namespace exhibit::sim
