#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/values.h"
#include "packet/address.h"

/// What stands in one packet, as if it came alone: an alert carries one packet, so nothing is remembered from one call
/// to the next, nothing is reassembled, and a later fragment has no ports.
///
/// Pure; never throws (but for memory); at most limits::layers_per_packet layers and limits::name_jumps jumps in a
/// name. Takes foreign bytes of any kind. Any thread. Texts are foreign bytes as they stood: show them through
/// `harmless`.
namespace exhibit {

/// For packets whose link type nobody told, such as an alert's trigger packet: sniffed, and marked as guessed.
inline constexpr std::uint32_t link_unknown = 0xFFFF'FFFF;

namespace ip_protocol {
inline constexpr std::uint8_t icmp = 1, igmp = 2, ipip = 4, tcp = 6, udp = 17, ipv6 = 41, routing = 43, fragment = 44,
                              gre = 47, esp = 50, ah = 51, icmpv6 = 58, none = 59, options = 60, ospf = 89, pim = 103,
                              sctp = 132;
}

namespace tcp_flag {
inline constexpr std::uint16_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32, ece = 64, cwr = 128;
}

/// One header, outermost first. `name` is short and lower-case ("eth", "vlan", "ipv4", "tcp", "http") and lives for
/// ever.
struct Layer {
  std::string_view name;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;  ///< Of the header; for the last layer of what was understood of it.

  bool operator==(const Layer&) const = default;
};

/// One IP header.
struct IpPair {
  IpAddress source, target;
  std::uint8_t protocol = 0;    ///< What follows the extension headers (ip_protocol::).
  std::uint8_t hops = 0;        ///< TTL or hop limit.
  bool fragment = false;        ///< Any part of a fragmented packet.
  bool later_fragment = false;  ///< Not the first part: no ports, no payload protocols.
  std::uint32_t fragment_id = 0;
  std::uint32_t fragment_offset = 0;  ///< In bytes.
  bool more_fragments = false;
  std::uint32_t payload_offset = 0;  ///< After all extension headers.
  std::uint32_t payload_length = 0;  ///< As the header claims it, so it may reach beyond what was captured.
};

/// One TCP, UDP or SCTP header.
struct PortPair {
  std::uint16_t source = 0, target = 0;
  std::uint8_t protocol = 0;   ///< ip_protocol::tcp, udp or sctp.
  std::uint32_t ip_index = 0;  ///< Which entry of Decoded::ip carries it.
};

struct TcpInfo {
  std::uint32_t sequence = 0, acknowledgement = 0;
  std::uint16_t flags = 0;  ///< 12 bits.
  std::uint16_t window = 0;
};

struct HttpInfo {
  std::string method, uri, host;  ///< Request; else empty.
  std::optional<int> status;      ///< Response.
  std::string reason, server, user_agent, content_type;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool header_complete = false;     ///< The blank line is inside this packet.
  std::uint32_t header_length = 0;  ///< From the start of the payload to after the blank line (or to the end).
};

struct TlsInfo {
  bool client_hello = false, server_hello = false;
  std::uint16_t version = 0;            ///< Of the hello, else of the first record.
  std::vector<std::uint16_t> versions;  ///< supported_versions.
  std::vector<std::string> alpn;
  std::optional<std::uint8_t> alert_level;  ///< Only of alerts in clear text.
  std::optional<std::uint8_t> alert_description;
};

struct IcmpInfo {
  bool v6 = false;
  std::uint8_t type = 0, code = 0;
  [[nodiscard]] bool is_error() const {
    return v6 ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
  }
};

/// The packet that an ICMP error quotes; never mixed with the packet's own addresses.
struct QuotedPacket {
  IpAddress source, target;
  std::uint8_t protocol = 0;
  std::optional<std::uint16_t> source_port, target_port;
};

struct DnsInfo {
  std::uint16_t id = 0;
  bool response = false;
  int code = 0;                      ///< RCODE.
  std::vector<std::string> answers;  ///< Addresses and names of the answer section, at most 64.
};

struct ArpInfo {
  std::uint16_t operation = 0;
  IpAddress sender, target;
};

struct Decoded {
  std::vector<Layer> layers;
  bool guessed_link = false;
  std::uint32_t link_type = 0;  ///< What it was read as: the given type, or the guess.
  std::string stopped;          ///< Why decoding ended early; empty when all was read.

  std::vector<std::uint16_t> vlan;         ///< Outermost first.
  std::vector<IpPair> ip;                  ///< Outermost first, without what ICMP errors quote.
  std::vector<PortPair> ports;             ///< Outermost first.
  std::optional<std::uint16_t> tcp_flags;  ///< 12 bits, of the innermost TCP header.
  std::optional<TcpInfo> tcp;              ///< Of the innermost TCP header.
  std::optional<IcmpInfo> icmp;
  std::optional<QuotedPacket> quoted;
  std::optional<ArpInfo> arp;

  std::vector<std::string> dns;  ///< Names asked for, in text form.
  std::optional<DnsInfo> dns_info;
  std::optional<HttpInfo> http;
  std::optional<TlsInfo> tls;
  std::optional<std::string> sni;
  std::string first_line;  ///< SMTP, FTP, SSH, SIP and other text protocols; SMB: the command's name.

  /// The payload of the innermost TCP, UDP or SCTP header, else of the innermost IP header, as far as it was captured.
  std::uint32_t payload_offset = 0, payload_length = 0;
  /// The same as the headers claim it: larger when the capture cut the packet.
  std::uint32_t payload_claimed = 0;

  [[nodiscard]] bool has(std::string_view layer) const;
};

/// `original_length` is the length on the wire (0: the same as `bytes`).
Decoded decode(ByteView bytes, std::uint32_t link_type, std::size_t original_length = 0);

/// The captured payload of the innermost transport.
inline ByteView payload_of(const Decoded& decoded, ByteView bytes) {
  return bytes.subspan(decoded.payload_offset, decoded.payload_length);
}

}  // namespace exhibit
