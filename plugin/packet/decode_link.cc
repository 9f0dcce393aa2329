#include "base/text.h"
#include "packet/decode_walk.h"

// Link layers: IEEE 802.3, 802.2, 802.1Q/ad/ah, RFC 1661/1662/2516 (PPP), RFC 3032 (MPLS), RFC 826 (ARP), and the
// pseudo-headers of capture files (https://www.tcpdump.org/linktypes/).

namespace exhibit::decoding {
namespace {

constexpr std::uint16_t type_ipv4 = 0x0800, type_ipv6 = 0x86DD;

std::string hex16(std::uint16_t value) {
  const std::uint8_t both[] = {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value & 0xFF)};
  return cat("0x", to_hex(both));
}

void vlan(Walk& walk) {
  if (!walk.have(4, "VLAN")) return;
  walk.out.vlan.push_back(walk.u16(0) & 0x0FFF);
  const std::uint16_t type = walk.u16(2);
  walk.take("vlan", 4);
  go_ethertype(walk, type);
}

/// IEEE 802.1ah: a service tag, then a whole Ethernet frame.
void backbone_tag(Walk& walk) {
  if (!walk.have(4, "802.1ah")) return;
  walk.take("pbb", 4);
  walk.next = ethernet;
}

void arp(Walk& walk) {
  if (!walk.have(8, "ARP")) return;
  const std::size_t hardware = walk.u8(4), protocol = walk.u8(5), all = 8 + 2 * (hardware + protocol);
  ArpInfo info{.operation = walk.u16(6), .sender = {}, .target = {}};
  if (!walk.have(all, "ARP")) return;
  if (walk.u16(2) == type_ipv4 && protocol == 4) {
    info.sender = walk.address(8 + hardware, 4);
    info.target = walk.address(12 + 2 * hardware, 4);
  }
  walk.out.arp = info;
  walk.take("arp", all);
}

void pppoe_discovery(Walk& walk) {
  if (!walk.have(6, "PPPoE")) return;
  walk.take("pppoed", 6);
}

void named_only(Walk& walk, std::string_view name) { walk.take(name, walk.left()); }

void lldp(Walk& walk) { named_only(walk, "lldp"); }
void eapol(Walk& walk) { named_only(walk, "eapol"); }
void loop_test(Walk& walk) { named_only(walk, "loop"); }
void slow(Walk& walk) { named_only(walk, "slow"); }
void macsec(Walk& walk) {
  named_only(walk, "macsec");
  walk.stop("encrypted by MACsec");
}

/// A pseudowire's Ethernet frame after its control word (RFC 4448). Only the first nibble and luck tell.
void pseudowire(Walk& walk) {
  if (walk.left() < 18) return walk.stop("MPLS payload of an unknown kind");
  const std::uint16_t type = walk.u16(16);
  if (type > 1500 && of_ethertype(type) == nullptr) return walk.stop("MPLS payload of an unknown kind");
  walk.take("pw", 4);
  walk.next = ethernet;
}

void of_mpls_payload(Walk& walk) {
  if (walk.left() == 0) return;
  switch (walk.u8(0) >> 4) {
    case 4: walk.next = ipv4; break;
    case 6: walk.next = ipv6; break;
    case 0: walk.next = pseudowire; break;
    case 1: walk.stop("an MPLS channel header, not a packet"); break;
    default: walk.stop("MPLS payload of an unknown kind");
  }
}

void go_ppp_protocol(Walk& walk, std::uint16_t protocol) {
  switch (protocol) {
    case 0x0021: walk.next = ipv4; break;
    case 0x0057: walk.next = ipv6; break;
    case 0x0281:
    case 0x0283: walk.next = mpls; break;
    case 0xC021: named_only(walk, "lcp"); break;
    case 0xC023: named_only(walk, "pap"); break;
    case 0xC223: named_only(walk, "chap"); break;
    case 0x8021: named_only(walk, "ipcp"); break;
    case 0x8057: named_only(walk, "ipv6cp"); break;
    case 0x80FD: named_only(walk, "ccp"); break;
    default: walk.stop(cat("PPP protocol ", hex16(protocol), " is not decoded"));
  }
}

constexpr std::uint16_t netlink_device = 824;  // ARPHRD_NETLINK

void go_cooked(Walk& walk, std::uint16_t device, std::uint16_t type) {
  if (device == netlink_device) return walk.stop("a netlink message, not a network packet");
  if (type == 4) {
    walk.next = link_layer_control;  // 802.2
    return;
  }
  if (type == 1) return walk.stop("a Novell raw frame");
  go_ethertype(walk, type);
}

}  // namespace

Step of_ethertype(std::uint16_t type) {
  switch (type) {
    case type_ipv4: return ipv4;
    case type_ipv6: return ipv6;
    case 0x0806: return arp;
    case 0x8100:
    case 0x88A8:
    case 0x9100:
    case 0x9200: return vlan;
    case 0x88E7: return backbone_tag;
    case 0x8847:
    case 0x8848: return mpls;
    case 0x8863: return pppoe_discovery;
    case 0x8864: return pppoe_session;
    case 0x880B: return ppp;
    case 0x6558: return ethernet;
    case 0x88CC: return lldp;
    case 0x888E: return eapol;
    case 0x8809: return slow;
    case 0x88E5: return macsec;
    case 0x9000: return loop_test;
    default: return nullptr;
  }
}

void go_ethertype(Walk& walk, std::uint16_t type) {
  if (type <= 1500) {
    walk.bound(type);
    walk.next = link_layer_control;
    return;
  }
  walk.next = of_ethertype(type);
  if (walk.next == nullptr) walk.stop(cat("EtherType ", hex16(type), " is not decoded"));
}

void ethernet(Walk& walk) {
  if (!walk.have(14, "Ethernet")) return;
  const std::uint16_t type = walk.u16(12);
  walk.take("eth", 14);
  go_ethertype(walk, type);
}

void link_layer_control(Walk& walk) {
  if (!walk.have(3, "LLC")) return;
  const std::uint8_t target = walk.u8(0), source = walk.u8(1);
  if (target == 0xFF && source == 0xFF) return named_only(walk, "ipx");  // Novell's "raw" 802.3
  const std::size_t control = (walk.u8(2) & 3) == 3 ? 1 : 2;             // Unnumbered frames have one byte.
  if (!walk.have(2 + control, "LLC")) return;
  const bool snap = target == 0xAA && source == 0xAA && control == 1;
  walk.take("llc", 2 + control);
  if (snap) {
    if (!walk.have(5, "SNAP")) return;
    const std::uint32_t organisation = walk.u32(0) >> 8;
    const std::uint16_t type = walk.u16(3);
    walk.take("snap", 5);
    if (organisation == 0x00000C && type == 0x2000) return named_only(walk, "cdp");
    // 0x0000F8: bridged from Ethernet; 0x080007: AppleTalk.
    if (organisation == 0 || organisation == 0x0000F8) return go_ethertype(walk, type);
    return walk.stop(cat("SNAP protocol ", hex16(type), " is not decoded"));
  }
  if (target == 0x42) return named_only(walk, "stp");
  if (target == 0x06) {
    walk.next = ipv4;
    return;
  }
  if (target == 0xE0) return named_only(walk, "ipx");
  if (target == 0xF0) return named_only(walk, "netbios");
  if (target == 0xFE) return named_only(walk, "osi");
  walk.stop(cat("LLC service ", static_cast<int>(target), " is not decoded"));
}

void null_loopback(Walk& walk) {
  if (!walk.have(4, "loopback")) return;
  // An address family in the byte order of the machine that captured; PPP framing has been seen here, too.
  if (walk.u16(0) == 0xFF03) {
    walk.next = ppp;
    return;
  }
  if (walk.u16(0) == 0x0F00 || walk.u16(0) == 0x8F00) {  // And so has Cisco's.
    walk.next = hdlc;
    return;
  }
  const std::uint32_t big = walk.u32(0), first = walk.u8(0);
  const std::uint32_t family = big > 0xFFFF ? first : big;
  walk.take("null", 4);
  switch (family) {
    case 2: walk.next = ipv4; break;
    case 10:
    case 23:
    case 24:
    case 28:
    case 30: walk.next = ipv6; break;
    default:
      if (family > 1500) return go_ethertype(walk, static_cast<std::uint16_t>(family));
      walk.stop(cat("address family ", family, " is not decoded"));
  }
}

void ppp(Walk& walk) {
  if (!walk.have(1, "PPP")) return;
  const std::size_t framing = walk.left() >= 2 && walk.u16(0) == 0xFF03 ? 2 : 0;
  if (!walk.have(framing + 1, "PPP")) return;
  const bool compressed = (walk.u8(framing) & 1) != 0;  // RFC 1661 6.5: an odd first byte is the last.
  if (!compressed && !walk.have(framing + 2, "PPP")) return;
  const std::uint16_t protocol = compressed ? walk.u8(framing) : walk.u16(framing);
  walk.take("ppp", framing + (compressed ? 1 : 2));
  go_ppp_protocol(walk, protocol);
}

void ppp_or_hdlc(Walk& walk) {
  const bool cisco = walk.left() >= 4 && (walk.u8(0) == 0x0F || walk.u8(0) == 0x8F) && walk.u8(1) == 0;
  walk.next = cisco ? hdlc : ppp;
}

void hdlc(Walk& walk) {
  if (!walk.have(4, "HDLC")) return;
  const std::uint16_t type = walk.u16(2);
  walk.take("hdlc", 4);
  if (type == 0x8035) return named_only(walk, "slarp");
  if (type == 0x2000) return named_only(walk, "cdp");
  go_ethertype(walk, type);
}

void pppoe_session(Walk& walk) {
  if (!walk.have(6, "PPPoE")) return;
  const std::uint16_t length = walk.u16(4);
  walk.take("pppoe", 6);
  walk.bound(length);
  walk.next = ppp;
}

void linux_cooked(Walk& walk) {
  if (!walk.have(16, "Linux cooked")) return;
  const std::uint16_t device = walk.u16(2), type = walk.u16(14);
  walk.take("sll", 16);
  go_cooked(walk, device, type);
}

void linux_cooked2(Walk& walk) {
  if (!walk.have(20, "Linux cooked v2")) return;
  const std::uint16_t device = walk.u16(8), type = walk.u16(0);
  walk.take("sll2", 20);
  go_cooked(walk, device, type);
}

/// A header of four bytes, then attributes {length, type, value} in the byte order of the machine that captured.
void nflog(Walk& walk) {
  if (!walk.have(8, "NFLOG")) return;
  const std::uint8_t family = walk.u8(0);
  const bool big = walk.u8(4) == 0 && walk.u8(5) != 0;  // Attributes are short, so the zero is the high byte.
  const auto half = [&](std::size_t at) {
    const std::uint16_t value = walk.u16(at);
    return big ? value : static_cast<std::uint16_t>(value << 8 | value >> 8);
  };
  constexpr std::uint16_t payload = 9;
  for (std::size_t at = 4; at + 4 <= walk.left();) {
    const std::size_t length = half(at);
    if (length < 4 || length > walk.left() - at) return walk.stop("an NFLOG attribute of impossible length");
    if ((half(at + 2) & 0x7FFF) == payload) {
      walk.take("nflog", at + 4);
      walk.bound(length - 4);
      walk.next = family == 2 ? ipv4 : family == 10 ? ipv6 : ip_any;
      return;
    }
    at += (length + 3) / 4 * 4;
  }
  named_only(walk, "nflog");
}

void mpls(Walk& walk) {
  if (!walk.have(4, "MPLS")) return;
  const bool bottom = (walk.u8(2) & 1) != 0;
  walk.take("mpls", 4);
  if (!bottom) {
    walk.next = mpls;
    return;
  }
  of_mpls_payload(walk);
}

}  // namespace exhibit::decoding
