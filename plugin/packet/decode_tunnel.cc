#include "base/text.h"
#include "packet/decode_walk.h"

// RFC 2784/2890/2637 (GRE), draft-foschiano-erspan, RFC 4380 (Teredo), RFC 7348 (VXLAN), RFC 8926 (Geneve), 3GPP TS
// 29.281 (GTP-U), RFC 2661 (L2TP).

namespace exhibit::decoding {
namespace {

/// Types II and III have a header of their own; type I is told by GRE flags that are all zero.
void erspan(Walk& walk) {
  if (!walk.have(8, "ERSPAN")) return;
  const int version = walk.u8(0) >> 4;
  if (version == 1) {
    walk.take("erspan", 8);
    walk.next = ethernet;
    return;
  }
  if (version != 2) return walk.stop(cat("ERSPAN version ", version, " is not decoded"));
  if (!walk.have(12, "ERSPAN")) return;
  const unsigned kind = walk.u16(10) >> 10 & 0x1FU;
  const std::size_t length = (walk.u16(10) & 1U) != 0 ? 20 : 12;
  if (!walk.have(length, "ERSPAN")) return;
  walk.take("erspan", length);
  if (kind != 0 && kind != 2) return walk.stop(cat("ERSPAN frame type ", kind, " is not decoded"));
  walk.next = kind == 0 ? ethernet : ip_any;
}

void erspan1(Walk& walk) {
  walk.take("erspan", 0);
  walk.next = ethernet;
}

/// Cisco's redirection: four bytes stand before the packet in version 2.
void wccp(Walk& walk) {
  if (!walk.have(4, "WCCP")) return;
  const bool bare = walk.u8(0) >> 4 == 4;
  walk.take("wccp", bare ? 0 : 4);
  walk.next = ip_any;
}

/// Cisco's metadata as it stands in GRE: the type of what follows, version, length, options.
void cisco_metadata(Walk& walk) {
  if (!walk.have(8, "Cisco metadata")) return;
  const std::uint16_t type = walk.u16(0);
  walk.take("cmd", 8);
  go_ethertype(walk, type);
}

void go_gre(Walk& walk, std::uint16_t flags, std::uint16_t type) {
  if (walk.left() == 0 || type == 0) return;  // Type 0 is a keep-alive.
  if (type == 0x88BE) {
    walk.next = (flags & 0xB000U) == 0 ? erspan1 : erspan;
    return;
  }
  if (type == 0x22EB) {
    walk.next = erspan;
    return;
  }
  if (type == 0x883E || type == 0x8909) {
    walk.next = type == 0x883E ? wccp : cisco_metadata;
    return;
  }
  walk.next = of_ethertype(type);
  if (walk.next == nullptr) walk.stop(cat("GRE payload type ", type, " is not decoded"));
}

/// The source route of RFC 1701: entries {family 2, offset 1, length 1, route} until both family and length are zero.
std::optional<std::size_t> skip_routes(const Walk& walk, std::size_t at) {
  while (walk.left() >= at + 4) {
    const std::uint16_t family = walk.u16(at);
    const std::size_t length = walk.u8(at + 3);
    at += 4 + length;
    if (family == 0 && length == 0) return at;
  }
  return std::nullopt;
}

void vxlan(Walk& walk) {
  if (!walk.have(8, "VXLAN")) return;
  walk.take("vxlan", 8);
  walk.next = ethernet;
}

void geneve(Walk& walk) {
  if (!walk.have(8, "Geneve")) return;
  const std::size_t length = 8 + (walk.u8(0) & 0x3FU) * 4U;
  const std::uint16_t type = walk.u16(2);
  if (!walk.have(length, "Geneve")) return;
  walk.take("geneve", length);
  if (walk.left() == 0) return;
  walk.next = of_ethertype(type);
  if (walk.next == nullptr) walk.stop(cat("Geneve payload type ", type, " is not decoded"));
}

void gtp_user(Walk& walk) {
  if (!walk.have(8, "GTP")) return;
  const std::uint8_t flags = walk.u8(0), kind = walk.u8(1);
  if (flags >> 5 != 1) return walk.stop(cat("GTP version ", flags >> 5, " is not decoded"));
  const std::size_t claimed = 8U + walk.u16(2);
  std::size_t length = 8;
  if ((flags & 7U) != 0) {
    if (!walk.have(12, "GTP")) return;
    length = 12;
    std::uint8_t following = (flags & 4U) != 0 ? walk.u8(11) : 0;
    while (following != 0) {
      if (!walk.have(length + 4, "GTP extension")) return;
      const std::size_t size = walk.u8(length) * 4U;
      if (size == 0) return walk.stop("a GTP extension without a length");
      if (!walk.have(length + size, "GTP extension")) return;
      following = walk.u8(length + size - 1);
      length += size;
    }
  }
  walk.bound(claimed);
  walk.take("gtp", std::min(length, walk.left()));
  constexpr std::uint8_t user_data = 255;
  if (kind == user_data && walk.left() > 0) walk.next = ip_any;
}

/// Perhaps an authentication and an origin indication, then IPv6.
std::optional<std::size_t> teredo_header(const Walk& walk) {
  std::size_t at = 0;
  if (walk.left() >= 4 && walk.u16(0) == 1) at = 13U + walk.u8(2) + walk.u8(3);
  if (walk.left() >= at + 2 && walk.u16(at) == 0) at += 8;
  if (walk.left() < at + 40 || walk.u8(at) >> 4 != 6) return std::nullopt;
  return at;
}

void teredo(Walk& walk) {
  const auto header = teredo_header(walk);
  if (!header) return walk.stop("no IPv6 packet at Teredo's port");
  walk.take("teredo", *header);
  walk.next = ipv6;
}

void l2tp(Walk& walk) {
  if (!walk.have(6, "L2TP")) return;
  const std::uint16_t flags = walk.u16(0);
  if ((flags & 0x8000U) != 0) return walk.take("l2tp", walk.left());
  std::size_t length = 6;
  if ((flags & 0x4000U) != 0) length += 2;
  if ((flags & 0x0800U) != 0) length += 4;
  if ((flags & 0x0200U) != 0) {
    if (!walk.have(length + 2, "L2TP")) return;
    length += 2U + walk.u16(length);
  }
  if (!walk.have(length, "L2TP")) return;
  walk.take("l2tp", length);
  if (walk.left() > 0) walk.next = ppp;
}

}  // namespace

void gre(Walk& walk) {
  if (!walk.have(4, "GRE")) return;
  const std::uint16_t flags = walk.u16(0), type = walk.u16(2);
  constexpr std::uint16_t has_checksum = 0x8000, has_route = 0x4000, has_key = 0x2000, has_sequence = 0x1000,
                          has_ack = 0x0080;
  std::size_t length = 4;
  if ((flags & (has_checksum | has_route)) != 0) length += 4;
  if ((flags & has_key) != 0) length += 4;
  if ((flags & has_sequence) != 0) length += 4;
  if ((flags & 7U) == 1 && (flags & has_ack) != 0) length += 4;
  if (!walk.have(length, "GRE")) return;
  if ((flags & has_route) != 0) {
    const auto after = skip_routes(walk, length);
    if (!after || *after > walk.left()) return walk.stop("a GRE source route without an end");
    length = *after;
  }
  walk.take("gre", length);
  go_gre(walk, flags, type);
}

Step of_udp_tunnel(const Walk& walk) {
  const auto at = [&](std::uint16_t port) { return walk.target_port == port || walk.source_port == port; };
  if (at(4789)) return vxlan;
  if (at(6081)) return geneve;
  if (at(2152)) return gtp_user;
  if (at(3544) && teredo_header(walk)) return teredo;
  if (at(6635)) return mpls;
  if (at(4754)) return gre;
  if (at(1701)) return l2tp;
  return nullptr;
}

}  // namespace exhibit::decoding
