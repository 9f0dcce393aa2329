#include <array>

#include "base/text.h"
#include "packet/summary.h"

// Numbers of the IANA registries as the words that analysts use.

namespace exhibit {
namespace {

struct IcmpName {
  std::uint8_t type;
  int code;  // -1: any
  std::string_view text;
};

constexpr std::array icmp_names = {
    IcmpName{0, -1, "echo reply"},
    IcmpName{3, 0, "network unreachable"},
    IcmpName{3, 1, "host unreachable"},
    IcmpName{3, 2, "protocol unreachable"},
    IcmpName{3, 3, "port unreachable"},
    IcmpName{3, 4, "fragmentation needed"},
    IcmpName{3, 9, "network prohibited"},
    IcmpName{3, 10, "host prohibited"},
    IcmpName{3, 13, "administratively prohibited"},
    IcmpName{3, -1, "destination unreachable"},
    IcmpName{4, -1, "source quench"},
    IcmpName{5, -1, "redirect"},
    IcmpName{8, -1, "echo request"},
    IcmpName{9, -1, "router advertisement"},
    IcmpName{10, -1, "router solicitation"},
    IcmpName{11, 0, "time to live exceeded"},
    IcmpName{11, -1, "reassembly time exceeded"},
    IcmpName{12, -1, "parameter problem"},
    IcmpName{13, -1, "timestamp request"},
    IcmpName{14, -1, "timestamp reply"},
};

constexpr std::array icmpv6_names = {
    IcmpName{1, 0, "no route to destination"},
    IcmpName{1, 1, "administratively prohibited"},
    IcmpName{1, 3, "address unreachable"},
    IcmpName{1, 4, "port unreachable"},
    IcmpName{1, -1, "destination unreachable"},
    IcmpName{2, -1, "packet too big"},
    IcmpName{3, -1, "hop limit exceeded"},
    IcmpName{4, -1, "parameter problem"},
    IcmpName{128, -1, "echo request"},
    IcmpName{129, -1, "echo reply"},
    IcmpName{130, -1, "multicast listener query"},
    IcmpName{131, -1, "multicast listener report"},
    IcmpName{132, -1, "multicast listener done"},
    IcmpName{133, -1, "router solicitation"},
    IcmpName{134, -1, "router advertisement"},
    IcmpName{135, -1, "neighbor solicitation"},
    IcmpName{136, -1, "neighbor advertisement"},
    IcmpName{137, -1, "redirect"},
    IcmpName{143, -1, "multicast listener report"},
};

template <std::size_t N>
std::string_view find_icmp(const std::array<IcmpName, N>& table, const IcmpInfo& icmp) {
  for (const IcmpName& each : table)
    if (each.type == icmp.type && (each.code == -1 || each.code == icmp.code)) return each.text;
  return {};
}

std::string_view tls_alert_name(std::uint8_t description) {
  switch (description) {
    case 0: return "close notify";
    case 10: return "unexpected message";
    case 20: return "bad record MAC";
    case 22: return "record overflow";
    case 40: return "handshake failure";
    case 42: return "bad certificate";
    case 43: return "unsupported certificate";
    case 44: return "certificate revoked";
    case 45: return "certificate expired";
    case 46: return "certificate unknown";
    case 47: return "illegal parameter";
    case 48: return "unknown CA";
    case 49: return "access denied";
    case 50: return "decode error";
    case 51: return "decrypt error";
    case 70: return "protocol version";
    case 71: return "insufficient security";
    case 80: return "internal error";
    case 86: return "inappropriate fallback";
    case 90: return "user canceled";
    case 100: return "no renegotiation";
    case 109: return "missing extension";
    case 110: return "unsupported extension";
    case 112: return "unrecognized name";
    case 113: return "bad certificate status response";
    case 115: return "unknown PSK identity";
    case 116: return "certificate required";
    case 120: return "no application protocol";
    default: return "alert";
  }
}

}  // namespace

std::string tcp_flags_text(std::uint16_t flags) {
  constexpr std::array<std::pair<std::uint16_t, std::string_view>, 9> names = {{{tcp_flag::syn, "SYN"},
                                                                                {tcp_flag::fin, "FIN"},
                                                                                {tcp_flag::rst, "RST"},
                                                                                {tcp_flag::psh, "PSH"},
                                                                                {tcp_flag::ack, "ACK"},
                                                                                {tcp_flag::urg, "URG"},
                                                                                {tcp_flag::ece, "ECE"},
                                                                                {tcp_flag::cwr, "CWR"},
                                                                                {256, "AE"}}};
  std::string out;
  for (const auto& [bit, name] : names)
    if ((flags & bit) != 0) out += cat(out.empty() ? "" : ",", name);
  return out.empty() ? "none" : out;
}

std::string ip_protocol_text(std::uint8_t protocol) {
  switch (protocol) {
    case ip_protocol::icmp: return "icmp";
    case ip_protocol::igmp: return "igmp";
    case ip_protocol::ipip: return "ipip";
    case ip_protocol::tcp: return "tcp";
    case ip_protocol::udp: return "udp";
    case ip_protocol::ipv6: return "ipv6";
    case ip_protocol::gre: return "gre";
    case ip_protocol::esp: return "esp";
    case ip_protocol::ah: return "ah";
    case ip_protocol::icmpv6: return "icmpv6";
    case ip_protocol::ospf: return "ospf";
    case ip_protocol::pim: return "pim";
    case ip_protocol::sctp: return "sctp";
    default: return std::to_string(protocol);
  }
}

std::string tls_alert_text(std::uint8_t description) {
  return cat(tls_alert_name(description), " (", description, ")");
}

std::string tls_version_text(std::uint16_t version) {
  switch (version) {
    case 0x0002: return "SSL 2.0";
    case 0x0300: return "SSL 3.0";
    case 0x0301: return "TLS 1.0";
    case 0x0302: return "TLS 1.1";
    case 0x0303: return "TLS 1.2";
    case 0x0304: return "TLS 1.3";
    default: return cat("version ", version);
  }
}

std::string icmp_text(const IcmpInfo& icmp) {
  const std::string_view found = icmp.v6 ? find_icmp(icmpv6_names, icmp) : find_icmp(icmp_names, icmp);
  return found.empty() ? cat("type ", icmp.type, " code ", icmp.code) : std::string(found);
}

}  // namespace exhibit
