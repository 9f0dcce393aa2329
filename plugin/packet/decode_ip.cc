#include "base/text.h"
#include "packet/decode_walk.h"

// RFC 791, RFC 8200, RFC 4302 (AH), RFC 792, RFC 4443, RFC 2675 (jumbograms).

namespace exhibit::decoding {
namespace {

std::uint32_t offset_of(const Walk& walk) { return static_cast<std::uint32_t>(walk.at); }

void ipv6_extension(Walk& walk, std::string_view name, std::size_t unit, std::size_t extra) {
  if (!walk.have(2, "IPv6 extension")) return;
  const std::uint8_t following = walk.u8(0);
  const std::size_t length = walk.u8(1) * unit + extra;
  if (!walk.have(length, "IPv6 extension")) return;
  walk.take(name, length);
  go_protocol(walk, following);
}

void hop_by_hop(Walk& walk) { ipv6_extension(walk, "ipv6-hop", 8, 8); }
void destination_options(Walk& walk) { ipv6_extension(walk, "ipv6-dest", 8, 8); }
void routing(Walk& walk) { ipv6_extension(walk, "ipv6-routing", 8, 8); }
void mobility(Walk& walk) { ipv6_extension(walk, "ipv6-mobility", 8, 8); }
void authentication(Walk& walk) {
  if (walk.left() >= 2 && walk.u8(1) == 0) return walk.stop("an AH header without a length");
  ipv6_extension(walk, "ah", 4, 8);
}

void ipv6_fragment(Walk& walk) {
  if (!walk.have(8, "IPv6 fragment")) return;
  const std::uint8_t following = walk.u8(0);
  const std::uint16_t where = walk.u16(2);
  IpPair& pair = walk.out.ip.back();
  pair.fragment_id = walk.u32(4);
  pair.fragment_offset = where & 0xFFF8U;
  pair.more_fragments = (where & 1U) != 0;
  pair.fragment = pair.more_fragments || pair.fragment_offset != 0;
  pair.later_fragment = pair.fragment_offset != 0;
  walk.take("ipv6-fragment", 8);
  go_protocol(walk, following);
}

void encrypted(Walk& walk) {
  if (!walk.have(8, "ESP")) return;
  walk.take("esp", 8);
  walk.stop("encrypted by IPsec");
}

void igmp(Walk& walk) { walk.take("igmp", walk.left()); }
void ospf(Walk& walk) { walk.take("ospf", walk.left()); }

/// A PIM register carries the whole packet that it is about (RFC 7761 4.9.3).
void pim(Walk& walk) {
  if (!walk.have(4, "PIM")) return;
  const bool is_register = (walk.u8(0) & 0xF) == 1;
  if (!is_register || walk.left() < 8) return walk.take("pim", walk.left());
  walk.take("pim", 8);
  if (walk.left() > 0) walk.next = ip_any;
}

/// EtherIP, RFC 3378.
void ether_ip(Walk& walk) {
  if (!walk.have(2, "EtherIP")) return;
  walk.take("etherip", 2);
  walk.next = ethernet;
}

Step of_protocol(std::uint8_t protocol) {
  switch (protocol) {
    case 0: return hop_by_hop;
    case ip_protocol::icmp: return icmp;
    case ip_protocol::igmp: return igmp;
    case ip_protocol::ipip: return ipv4;
    case ip_protocol::tcp: return tcp;
    case ip_protocol::udp: return udp;
    case ip_protocol::ipv6: return ipv6;
    case ip_protocol::routing: return routing;
    case ip_protocol::fragment: return ipv6_fragment;
    case ip_protocol::gre: return gre;
    case ip_protocol::esp: return encrypted;
    case ip_protocol::ah: return authentication;
    case ip_protocol::icmpv6: return icmpv6;
    case ip_protocol::options: return destination_options;
    case ip_protocol::ospf: return ospf;
    case 97: return ether_ip;
    case ip_protocol::pim: return pim;
    case ip_protocol::sctp: return sctp;
    case 135: return mobility;
    case 137: return mpls;
    default: return nullptr;
  }
}

bool is_extension(std::uint8_t protocol) {
  return protocol == 0 || protocol == ip_protocol::routing || protocol == ip_protocol::fragment ||
         protocol == ip_protocol::ah || protocol == ip_protocol::options || protocol == 135;
}

std::optional<QuotedPacket> quoted_v4(ByteView bytes) {
  if (bytes.size() < 20 || bytes[0] >> 4 != 4) return std::nullopt;
  const std::size_t header = (bytes[0] & 0xFU) * 4U;
  QuotedPacket quoted{.source = IpAddress::from_bytes(bytes.subspan(12, 4)),
                      .target = IpAddress::from_bytes(bytes.subspan(16, 4)),
                      .protocol = bytes[9],
                      .source_port = std::nullopt,
                      .target_port = std::nullopt};
  const bool later = (bytes[6] & 0x1F) != 0 || bytes[7] != 0;
  if (later || header < 20 || bytes.size() < header + 4) return quoted;
  quoted.source_port = static_cast<std::uint16_t>(bytes[header] << 8 | bytes[header + 1]);
  quoted.target_port = static_cast<std::uint16_t>(bytes[header + 2] << 8 | bytes[header + 3]);
  return quoted;
}

std::optional<QuotedPacket> quoted_v6(ByteView bytes) {
  if (bytes.size() < 40 || bytes[0] >> 4 != 6) return std::nullopt;
  QuotedPacket quoted{.source = IpAddress::from_bytes(bytes.subspan(8, 16)),
                      .target = IpAddress::from_bytes(bytes.subspan(24, 16)),
                      .protocol = bytes[6],
                      .source_port = std::nullopt,
                      .target_port = std::nullopt};
  if (bytes.size() < 44) return quoted;
  quoted.source_port = static_cast<std::uint16_t>(bytes[40] << 8 | bytes[41]);
  quoted.target_port = static_cast<std::uint16_t>(bytes[42] << 8 | bytes[43]);
  return quoted;
}

void read_quoted(Walk& walk) {
  auto quoted = walk.out.icmp->v6 ? quoted_v6(walk.rest()) : quoted_v4(walk.rest());
  if (!quoted) return;
  const std::uint8_t protocol = quoted->protocol;
  if (protocol != ip_protocol::tcp && protocol != ip_protocol::udp && protocol != ip_protocol::sctp)
    quoted->source_port = quoted->target_port = std::nullopt;
  walk.out.quoted = quoted;
}

void any_icmp(Walk& walk, bool v6) {
  const std::string_view name = v6 ? "icmpv6" : "icmp";
  if (!walk.have(4, v6 ? "ICMPv6" : "ICMP")) return;
  walk.out.icmp = IcmpInfo{.v6 = v6, .type = walk.u8(0), .code = walk.u8(1)};
  walk.take(name, std::min<std::size_t>(8, walk.left()));
  if (walk.out.icmp->is_error()) read_quoted(walk);
  walk.mark_payload();
}

std::uint16_t checksum(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += std::uint32_t{bytes[i]} << 8 | bytes[i + 1];
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

/// The length that a header's zero stands for: everything (segmentation offload, jumbograms).
void bound_unless_zero(Walk& walk, std::size_t length) {
  if (length != 0) walk.bound(length);
}

}  // namespace

bool looks_like_ip(ByteView bytes) {
  if (bytes.size() < 20) return false;
  if (bytes[0] >> 4 == 6)
    return bytes.size() >= 40 && (std::size_t{bytes[4]} << 8 | bytes[5]) + 40 == bytes.size() &&
           of_protocol(bytes[6]) != nullptr;
  const std::size_t header = (bytes[0] & 0xFU) * 4U, total = std::size_t{bytes[2]} << 8 | bytes[3];
  return bytes[0] >> 4 == 4 && header >= 20 && header <= bytes.size() && total >= header &&
         checksum(bytes.first(header)) == 0xFFFF;
}

void go_protocol(Walk& walk, std::uint8_t protocol) {
  IpPair& pair = walk.out.ip.back();
  pair.protocol = protocol;
  pair.payload_offset = offset_of(walk);
  pair.payload_length = static_cast<std::uint32_t>(std::max(walk.claimed, walk.end) - walk.at);
  walk.mark_payload();
  if (pair.later_fragment) return walk.stop("a later fragment: its ports stand in the first one");
  if (protocol == ip_protocol::none) return;
  walk.next = of_protocol(protocol);
  // Extension headers belong to IPv6; AH to both.
  if (!pair.source.is_v6() && is_extension(protocol) && protocol != ip_protocol::ah) walk.next = nullptr;
  if (walk.next == nullptr) walk.stop(cat("IP protocol ", protocol, " is not decoded"));
}

void ip_any(Walk& walk) {
  if (!walk.have(1, "IP")) return;
  const int version = walk.u8(0) >> 4;
  if (version != 4 && version != 6) return walk.stop(cat("IP version ", version, " does not exist"));
  walk.next = version == 4 ? ipv4 : ipv6;
}

void ipv4(Walk& walk) {
  if (!walk.have(20, "IPv4")) return;
  if (walk.u8(0) >> 4 == 6) {
    walk.next = ipv6;  // The layer below lied about the version; the packet itself knows.
    return;
  }
  if (walk.u8(0) >> 4 != 4) return walk.stop(cat("IP version ", walk.u8(0) >> 4, " does not exist"));
  const std::size_t header = (walk.u8(0) & 0xFU) * 4U, total = walk.u16(2);
  if (header < 20) return walk.stop(cat("IPv4 header of ", header, " bytes"));
  const std::uint16_t where = walk.u16(6);
  IpPair pair{.source = walk.address(12, 4), .target = walk.address(16, 4), .protocol = walk.u8(9), .hops = walk.u8(8)};
  pair.fragment_id = walk.u16(4);
  pair.fragment_offset = (where & 0x1FFFU) * 8U;
  pair.more_fragments = (where & 0x2000U) != 0;
  pair.later_fragment = pair.fragment_offset != 0;
  pair.fragment = pair.more_fragments || pair.later_fragment;
  const std::uint8_t protocol = pair.protocol;
  walk.out.ip.push_back(pair);
  if (!walk.have(header, "IPv4")) return;
  if (total != 0 && total < header) return walk.stop(cat("IPv4 total length ", total, " is below its header's"));
  bound_unless_zero(walk, total);
  walk.take("ipv4", std::min(header, walk.left()));
  go_protocol(walk, protocol);
}

void ipv6(Walk& walk) {
  if (walk.left() >= 1 && walk.u8(0) >> 4 == 4) {
    walk.next = ipv4;
    return;
  }
  if (!walk.have(40, "IPv6")) return;
  if (walk.u8(0) >> 4 != 6) return walk.stop(cat("IP version ", walk.u8(0) >> 4, " does not exist"));
  const std::uint8_t protocol = walk.u8(6);
  const std::size_t length = walk.u16(4);
  walk.out.ip.push_back(
      {.source = walk.address(8, 16), .target = walk.address(24, 16), .protocol = protocol, .hops = walk.u8(7)});
  walk.take("ipv6", 40);
  bound_unless_zero(walk, length);
  go_protocol(walk, protocol);
}

void icmp(Walk& walk) { any_icmp(walk, false); }
void icmpv6(Walk& walk) { any_icmp(walk, true); }

}  // namespace exhibit::decoding
