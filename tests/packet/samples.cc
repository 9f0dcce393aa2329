#include "compose.h"
#include "packet/capture_read.h"

namespace exhibit::compose {
namespace {

Bytes web() { return ipv4({}, tcp({}, http_request())); }
Bytes ask() { return udp(5300, 53, dns_query(name({"www", "example", "com"}))); }
Bytes udp_ip(std::uint16_t port, const Bytes& payload) {
  return eth(0x0800, ipv4({.protocol = 17}, udp(50000, port, payload)));
}
Bytes tcp_ip(std::uint16_t port, const Bytes& payload) { return eth(0x0800, ipv4({}, tcp({.target = port}, payload))); }
Bytes little(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8),
          static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 24)};
}

std::vector<Sample> links() {
  const Bytes snap = Bytes{0xAA, 0xAA, 3, 0, 0, 0} + num(0x0800, 2) + web();
  return {
      {"Ethernet", 1, eth(0x0800, web()), {"eth", "ipv4", "tcp", "http"}},
      {"802.3 with SNAP",
       1,
       eth(static_cast<std::uint16_t>(snap.size()), snap),
       {"eth", "llc", "snap", "ipv4", "tcp", "http"}},
      {"spanning tree", 1, eth(7, Bytes{0x42, 0x42, 3, 0, 0, 0, 0}), {"eth", "llc", "stp"}},
      {"VLAN", 1, eth(0x8100, vlan(12, 0x0800, web())), {"eth", "vlan", "ipv4", "tcp", "http"}},
      {"QinQ",
       1,
       eth(0x88A8, vlan(100, 0x8100, vlan(12, 0x0800, web()))),
       {"eth", "vlan", "vlan", "ipv4", "tcp", "http"}},
      {"MPLS",
       1,
       eth(0x8847, num(16 << 12 | 64, 4) + num(17 << 12 | 0x140, 4) + web()),
       {"eth", "mpls", "mpls", "ipv4", "tcp", "http"}},
      {"pseudowire",
       1,
       eth(0x8847, num(17 << 12 | 0x140, 4) + zeros(4) + eth(0x0800, web())),
       {"eth", "mpls", "pw", "eth", "ipv4", "tcp", "http"}},
      {"PPPoE",
       1,
       eth(0x8864, Bytes{0x11, 0, 0, 7} + num(web().size() + 2, 2) + num(0x21, 2) + web()),
       {"eth", "pppoe", "ppp", "ipv4", "tcp", "http"}},
      {"ARP",
       1,
       eth(0x0806, num(1, 2) + num(0x0800, 2) + Bytes{6, 4, 0, 1} + zeros(6) + Bytes{192, 0, 2, 1} + zeros(6) +
                       Bytes{192, 0, 2, 2}),
       {"eth", "arp"}},
      {"PPP", 9, Bytes{0xFF, 3, 0, 0x21} + web(), {"ppp", "ipv4", "tcp", "http"}},
      {"PPP with a short protocol", 9, Bytes{0x21} + web(), {"ppp", "ipv4", "tcp", "http"}},
      {"Cisco HDLC", 104, Bytes{0x0F, 0, 8, 0} + web(), {"hdlc", "ipv4", "tcp", "http"}},
      {"Linux cooked", 113, zeros(14) + num(0x0800, 2) + web(), {"sll", "ipv4", "tcp", "http"}},
      {"Linux cooked v2", 276, num(0x0800, 2) + zeros(18) + web(), {"sll2", "ipv4", "tcp", "http"}},
      {"NFLOG",
       239,
       Bytes{2, 0, 0, 0, 8, 0, 5, 0, 0, 0, 0, 0} + little(static_cast<std::uint32_t>(web().size() + 4) | 9U << 16) +
           web(),
       {"nflog", "ipv4", "tcp", "http"}},
      {"BSD loopback", 0, little(2) + web(), {"null", "ipv4", "tcp", "http"}},
      {"OpenBSD loopback", 108, num(24, 4) + ipv6(6, tcp({}, http_request())), {"null", "ipv6", "tcp", "http"}},
      {"raw IP", 101, web(), {"ipv4", "tcp", "http"}},
      {"raw IPv6", 229, ipv6(17, ask()), {"ipv6", "udp", "dns"}},
  };
}

std::vector<Sample> networks() {
  const Bytes quote = ipv4({.protocol = 17}, udp(50000, 161, {}));
  const Bytes options = Bytes{0x94, 4, 0, 0};
  return {
      {"IPv4 options", 101, ipv4({.options = options}, tcp({}, {})), {"ipv4", "tcp"}},
      {"first fragment", 101, ipv4({.fragment = 0x2000}, tcp({}, http_request())), {"ipv4", "tcp", "http"}},
      {"later fragment", 101, ipv4({.fragment = 0x2010}, bytes_of("the rest")), {"ipv4"}},
      {"IPv6 extensions",
       101,
       ipv6(0, Bytes{43, 0, 1, 4, 0, 0, 0, 0} + Bytes{60, 0, 0, 0, 0, 0, 0, 0} + Bytes{6, 0, 1, 4, 0, 0, 0, 0} +
                   tcp({}, {})),
       {"ipv6", "ipv6-hop", "ipv6-routing", "ipv6-dest", "tcp"}},
      {"IPv6 fragment", 101, ipv6(44, Bytes{17, 0, 0, 1, 0, 0, 0, 9} + ask()), {"ipv6", "ipv6-fragment", "udp", "dns"}},
      {"AH", 101, ipv4({.protocol = 51}, Bytes{6, 4, 0, 0} + zeros(20) + tcp({}, {})), {"ipv4", "ah", "tcp"}},
      {"ESP", 101, ipv4({.protocol = 50}, zeros(24)), {"ipv4", "esp"}},
      {"ICMP echo", 101, ipv4({.protocol = 1}, icmp(8, 0, zeros(12))), {"ipv4", "icmp"}},
      {"ICMP error", 101, ipv4({.protocol = 1}, icmp(3, 3, zeros(4) + quote)), {"ipv4", "icmp"}},
      {"ICMPv6 error", 101, ipv6(58, icmp(1, 4, zeros(4) + ipv6(17, udp(50000, 161, {})))), {"ipv6", "icmpv6"}},
      {"TCP options",
       101,
       ipv4({}, tcp({.flags = tcp_flag::syn, .options = Bytes{2, 4, 5, 0xB4, 1, 3, 3, 7}}, {})),
       {"ipv4", "tcp"}},
      {"SCTP",
       101,
       ipv4({.protocol = 132}, num(5000, 2) + num(80, 2) + zeros(8) + Bytes{1, 0, 0, 4}),
       {"ipv4", "sctp"}},
  };
}

std::vector<Sample> tunnels() {
  const Bytes inner = ipv4({.source = "203.0.113.1", .target = "203.0.113.2"}, tcp({}, http_request()));
  const auto gre = [](std::uint16_t flags, std::uint16_t type, const Bytes& rest) {
    return ipv4({.protocol = 47}, num(flags, 2) + num(type, 2) + rest);
  };
  const Bytes teredo6 = ipv6(58, icmp(128, 0, zeros(4)));
  return {
      {"GRE", 101, gre(0, 0x0800, inner), {"ipv4", "gre", "ipv4", "tcp", "http"}},
      {"GRE with all fields", 101, gre(0xB000, 0x0800, zeros(12) + inner), {"ipv4", "gre", "ipv4", "tcp", "http"}},
      {"GRE version 1",
       101,
       gre(0x3081, 0x880B, zeros(12) + num(0x21, 2) + inner),
       {"ipv4", "gre", "ppp", "ipv4", "tcp", "http"}},
      {"ERSPAN I", 101, gre(0, 0x88BE, eth(0x0800, inner)), {"ipv4", "gre", "erspan", "eth", "ipv4", "tcp", "http"}},
      {"ERSPAN II",
       101,
       gre(0x1000, 0x88BE, zeros(4) + Bytes{0x10, 0, 0, 0, 0, 0, 0, 0} + eth(0x0800, inner)),
       {"ipv4", "gre", "erspan", "eth", "ipv4", "tcp", "http"}},
      {"ERSPAN III",
       101,
       gre(0x1000, 0x22EB, zeros(4) + Bytes{0x20} + zeros(11) + eth(0x0800, inner)),
       {"ipv4", "gre", "erspan", "eth", "ipv4", "tcp", "http"}},
      {"IP in IP", 101, ipv4({.protocol = 4}, inner), {"ipv4", "ipv4", "tcp", "http"}},
      {"IPv6 in IPv4", 101, ipv4({.protocol = 41}, ipv6(6, tcp({}, {}))), {"ipv4", "ipv6", "tcp"}},
      {"Teredo",
       101,
       ipv4({.protocol = 17}, udp(50000, 3544, num(0, 2) + zeros(6) + teredo6)),
       {"ipv4", "udp", "teredo", "ipv6", "icmpv6"}},
      {"VXLAN",
       1,
       udp_ip(4789, Bytes{8, 0, 0, 0, 0, 0, 7, 0} + eth(0x0800, inner)),
       {"eth", "ipv4", "udp", "vxlan", "eth", "ipv4", "tcp", "http"}},
      {"Geneve",
       1,
       udp_ip(6081, Bytes{1, 0, 0x65, 0x58, 0, 0, 7, 0} + zeros(4) + eth(0x0800, inner)),
       {"eth", "ipv4", "udp", "geneve", "eth", "ipv4", "tcp", "http"}},
      {"GTP-U",
       1,
       udp_ip(2152, Bytes{0x34, 255} + num(inner.size() + 8, 2) + zeros(4) + Bytes{0, 0, 0, 0x85, 1, 0, 9, 0} + inner),
       {"eth", "ipv4", "udp", "gtp", "ipv4", "tcp", "http"}},
      {"L2TP",
       1,
       udp_ip(1701, num(2, 2) + zeros(4) + Bytes{0xFF, 3, 0, 0x21} + inner),
       {"eth", "ipv4", "udp", "l2tp", "ppp", "ipv4", "tcp", "http"}},
  };
}

std::vector<Sample> payloads() {
  const Bytes smb1 = zeros(2) + num(35, 2) + Bytes{0xFF, 'S', 'M', 'B', 0x72} + zeros(30);
  const Bytes smb2 = zeros(2) + num(64, 2) + Bytes{0xFE, 'S', 'M', 'B', 64} + zeros(59);
  return {
      {"HTTP answer",
       1,
       tcp_ip(40000, bytes_of("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")),
       {"eth", "ipv4", "tcp", "http"}},
      {"DNS query", 1, eth(0x0800, ipv4({.protocol = 17}, ask())), {"eth", "ipv4", "udp", "dns"}},
      {"DNS answer", 1, udp_ip(53, dns_answer(name({"example", "com"}))), {"eth", "ipv4", "udp", "dns"}},
      {"DNS in TCP", 1, tcp_ip(53, with_length(2, dns_query(name({"example", "com"})))), {"eth", "ipv4", "tcp", "dns"}},
      {"TLS", 1, tcp_ip(443, client_hello("www.example.com")), {"eth", "ipv4", "tcp", "tls"}},
      {"TLS alert", 1, tcp_ip(443, Bytes{21, 3, 3, 0, 2, 2, 40}), {"eth", "ipv4", "tcp", "tls"}},
      {"SMTP", 1, tcp_ip(25, bytes_of("EHLO client.example\r\n")), {"eth", "ipv4", "tcp", "smtp"}},
      {"FTP", 1, tcp_ip(21, bytes_of("USER anonymous\r\n")), {"eth", "ipv4", "tcp", "ftp"}},
      {"SSH", 1, tcp_ip(2222, bytes_of("SSH-2.0-OpenSSH_9.2\r\n")), {"eth", "ipv4", "tcp", "ssh"}},
      {"SMB", 1, tcp_ip(445, smb1), {"eth", "ipv4", "tcp", "nbss", "smb"}},
      {"SMB2", 1, tcp_ip(445, smb2), {"eth", "ipv4", "tcp", "nbss", "smb2"}},
      {"SIP", 1, udp_ip(5060, bytes_of("OPTIONS sip:a@example.com SIP/2.0\r\n\r\n")), {"eth", "ipv4", "udp", "sip"}},
      {"SNMP", 1, udp_ip(161, Bytes{0x30, 3, 2, 1, 0}), {"eth", "ipv4", "udp", "snmp"}},
  };
}

}  // namespace

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (auto part : {links(), networks(), tunnels(), payloads()})
    all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  return all;
}

}  // namespace exhibit::compose
