#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "packet/capture_read.h"
#include "packet/decode.h"

/// Inside of decode: one packet on its way through its layers. Each step reads one header and names the next step, so
/// there is no recursion and one place that counts layers.
namespace exhibit::decoding {

struct Walk;
using Step = void (*)(Walk&);

struct Walk {
  ByteView bytes;           ///< All that was captured.
  std::size_t at = 0;       ///< Where the next header begins.
  std::size_t end = 0;      ///< Where the captured bytes of the innermost length field end.
  std::size_t claimed = 0;  ///< Where they end on the wire.
  Decoded& out;
  Step next = nullptr;
  std::uint16_t source_port = 0, target_port = 0;  ///< Of the innermost transport.

  [[nodiscard]] std::size_t left() const { return end - at; }
  [[nodiscard]] std::uint8_t u8(std::size_t offset) const { return bytes[at + offset]; }
  [[nodiscard]] std::uint16_t u16(std::size_t offset) const {
    return static_cast<std::uint16_t>(bytes[at + offset] << 8 | bytes[at + offset + 1]);
  }
  [[nodiscard]] std::uint32_t u32(std::size_t offset) const {
    return std::uint32_t{u16(offset)} << 16 | u16(offset + 2);
  }
  [[nodiscard]] ByteView view(std::size_t offset, std::size_t length) const {
    return bytes.subspan(at + offset, length);
  }
  [[nodiscard]] ByteView rest() const { return bytes.subspan(at, left()); }
  [[nodiscard]] IpAddress address(std::size_t offset, std::size_t length) const {
    return IpAddress::from_bytes(view(offset, length));
  }

  /// True when so many captured bytes are left; else the walk ends with the layer's name in the reason.
  bool have(std::size_t count, std::string_view layer);
  /// True when no layer has room any more; then the walk ends.
  bool full();
  /// Notes a layer and steps over its header. The caller has made sure of the bytes.
  void take(std::string_view name, std::size_t length);
  /// The rest is at most `length` bytes long from here: what follows is padding.
  void bound(std::size_t length);
  void stop(std::string reason);
  /// The payload that the reader of a ticket looks at begins here.
  void mark_payload();
};

// Links.
void ethernet(Walk& walk);
void link_layer_control(Walk& walk);
void null_loopback(Walk& walk);
void ppp(Walk& walk);
void ppp_or_hdlc(Walk& walk);
void hdlc(Walk& walk);
void pppoe_session(Walk& walk);
void linux_cooked(Walk& walk);
void linux_cooked2(Walk& walk);
void nflog(Walk& walk);
void mpls(Walk& walk);
/// The step for an EtherType, or none.
Step of_ethertype(std::uint16_t type);
/// The same, and the reason when there is none; small numbers are lengths of an 802.3 frame.
void go_ethertype(Walk& walk, std::uint16_t type);

// Networks.
void ip_any(Walk& walk);
void ipv4(Walk& walk);
void ipv6(Walk& walk);
void icmp(Walk& walk);
void icmpv6(Walk& walk);
void go_protocol(Walk& walk, std::uint8_t protocol);
/// An IPv4 header with a true checksum and length, or an IPv6 header whose length fits: proof enough to guess by.
bool looks_like_ip(ByteView bytes);

// Transports.
void tcp(Walk& walk);
void udp(Walk& walk);
void sctp(Walk& walk);

// Tunnels.
void gre(Walk& walk);
/// The step for a tunnel inside UDP at these ports, or none.
Step of_udp_tunnel(const Walk& walk);

// Payloads.
void tcp_payload(Walk& walk);
void udp_payload(Walk& walk);
bool read_http(Walk& walk);
bool read_tls(Walk& walk);
void read_dns(Walk& walk, std::string_view layer);
bool read_smb(Walk& walk);

}  // namespace exhibit::decoding
