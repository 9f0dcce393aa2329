#include <algorithm>
#include <array>

#include "base/text.h"
#include "packet/summary.h"

namespace exhibit {
namespace {

constexpr std::size_t foreign_max = 256;

std::string shown(std::string_view foreign) { return harmless(cut_utf8(foreign, foreign_max)); }

std::uint16_t u16(ByteView bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

std::string mac(ByteView bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) out += cat(i == 0 ? "" : ":", to_hex(bytes.subspan(i, 1)));
  return out;
}

std::string_view title_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 30> titles = {
      {{"eth", "Ethernet"},  {"vlan", "VLAN"},        {"llc", "LLC"},
       {"snap", "SNAP"},     {"sll", "Linux cooked"}, {"sll2", "Linux cooked v2"},
       {"null", "Loopback"}, {"nflog", "NFLOG"},      {"ppp", "PPP"},
       {"pppoe", "PPPoE"},   {"hdlc", "Cisco HDLC"},  {"mpls", "MPLS"},
       {"arp", "ARP"},       {"ipv4", "IPv4"},        {"ipv6", "IPv6"},
       {"tcp", "TCP"},       {"udp", "UDP"},          {"sctp", "SCTP"},
       {"icmp", "ICMP"},     {"icmpv6", "ICMPv6"},    {"gre", "GRE"},
       {"erspan", "ERSPAN"}, {"vxlan", "VXLAN"},      {"geneve", "Geneve"},
       {"gtp", "GTP-U"},     {"teredo", "Teredo"},    {"http", "HTTP"},
       {"tls", "TLS"},       {"dns", "DNS"},          {"ipv6-fragment", "IPv6 fragment"}}};
  for (const auto& [each, title] : titles)
    if (each == name) return title;
  return {};
}

std::string ip_fields(const IpPair& ip, ByteView header) {
  std::string out = cat(ip.source.text(), " > ", ip.target.text(), ip.source.is_v6() ? ", hop limit " : ", ttl ",
                        ip.hops, ", carries ", ip_protocol_text(ip.protocol));
  if (!ip.source.is_v6()) out += cat(", id ", u16(header, 4), ", total length ", u16(header, 2));
  if (ip.fragment) out += cat(", fragment at ", ip.fragment_offset, ip.more_fragments ? ", more follow" : ", the last");
  if (header.size() > 20 && !ip.source.is_v6()) out += cat(", ", header.size() - 20, " bytes of options");
  return out;
}

/// MSS, window scale and the like; stops at the first option that does not fit.
std::string tcp_options(ByteView options) {
  std::string out;
  for (std::size_t at = 0; at < options.size() && options[at] != 0;) {
    if (options[at] == 1) {
      ++at;
      continue;
    }
    if (at + 1 >= options.size() || options[at + 1] < 2 || at + options[at + 1] > options.size()) break;
    const std::uint8_t kind = options[at], length = options[at + 1];
    if (kind == 2 && length == 4) out += cat(", MSS ", u16(options, at + 2));
    if (kind == 3 && length == 3) out += cat(", window scale ", options[at + 2]);
    if (kind == 4) out += ", SACK permitted";
    if (kind == 5) out += cat(", ", (length - 2) / 8, " SACK blocks");
    if (kind == 8) out += ", timestamps";
    at += length;
  }
  return out;
}

std::uint32_t u32(ByteView bytes, std::size_t at) { return std::uint32_t{u16(bytes, at)} << 16 | u16(bytes, at + 2); }

std::string tcp_fields(ByteView header) {
  const auto flags = static_cast<std::uint16_t>(u16(header, 12) & 0x0FFF);
  return cat(u16(header, 0), " > ", u16(header, 2), ' ', tcp_flags_text(flags), ", seq ", u32(header, 4), ", ack ",
             u32(header, 8), ", window ", u16(header, 14), tcp_options(header.subspan(20)));
}

std::string http_fields(const HttpInfo& http) {
  std::string out =
      http.status ? cat(*http.status, ' ', shown(http.reason)) : cat(shown(http.method), ' ', shown(http.uri));
  if (!http.host.empty()) out += cat(", host ", shown(http.host));
  if (!http.user_agent.empty()) out += cat(", user agent ", shown(http.user_agent));
  if (!http.server.empty()) out += cat(", server ", shown(http.server));
  if (!http.content_type.empty()) out += cat(", ", shown(http.content_type));
  if (http.content_length) out += cat(", body of ", *http.content_length, " bytes");
  if (!http.header_complete) out += ", header goes on in a later packet";
  return out;
}

std::string tls_fields(const Decoded& decoded) {
  const TlsInfo& tls = *decoded.tls;
  std::string out = cat(tls.client_hello   ? "ClientHello, "
                        : tls.server_hello ? "ServerHello, "
                                           : "",
                        tls_version_text(tls.version));
  if (decoded.sni) out += cat(", server name ", shown(*decoded.sni));
  for (const std::string& name : tls.alpn) out += cat(", ALPN ", shown(name));
  for (const std::uint16_t version : tls.versions)
    if (version >= 0x0300 && version <= 0x0304) out += cat(", offers ", tls_version_text(version));
  if (tls.alert_description) out += cat(", alert ", tls_alert_text(*tls.alert_description));
  return out;
}

std::string dns_fields(const Decoded& decoded) {
  const DnsInfo& dns = *decoded.dns_info;
  std::string out = cat(dns.response ? "answer" : "query", ", id ", dns.id);
  if (dns.response) out += cat(", code ", dns.code);
  constexpr std::size_t names_max = 16;
  for (std::size_t i = 0; i < std::min(names_max, decoded.dns.size()); ++i)
    out += cat(", asks ", shown(decoded.dns[i]));
  for (std::size_t i = 0; i < std::min(names_max, dns.answers.size()); ++i)
    out += cat(", says ", shown(dns.answers[i]));
  return out;
}

/// Which headers of a kind have been told already: their values stand in Decoded in the same order.
struct Told {
  std::size_t ip = 0, vlan = 0;
};

std::string link_fields(const Layer& layer, const Decoded& decoded, ByteView header, Told& told) {
  if (layer.name == "eth") return cat(mac(header.subspan(6, 6)), " > ", mac(header.first(6)));
  if (layer.name == "vlan" && told.vlan < decoded.vlan.size()) return cat("id ", decoded.vlan[told.vlan++]);
  if (layer.name == "mpls") return cat("label ", u32(header, 0) >> 12, ", ttl ", header[3]);
  if (layer.name == "vxlan" || layer.name == "geneve") return cat("network ", u32(header, 4) >> 8);
  if (layer.name == "gtp") return cat("tunnel ", u32(header, 4));
  if (layer.name == "pppoe") return cat("session ", u16(header, 2));
  if (layer.name == "arp" && decoded.arp)
    return cat(decoded.arp->sender.text(), " > ", decoded.arp->target.text(), ", operation ", decoded.arp->operation);
  return "";
}

std::string fields_of(const Layer& layer, const Decoded& decoded, ByteView header, Told& told) {
  if ((layer.name == "ipv4" || layer.name == "ipv6") && told.ip < decoded.ip.size())
    return ip_fields(decoded.ip[told.ip++], header);
  if (layer.name == "tcp") return tcp_fields(header);
  if (layer.name == "udp" || layer.name == "sctp") return cat(u16(header, 0), " > ", u16(header, 2));
  if ((layer.name == "icmp" || layer.name == "icmpv6") && decoded.icmp) return meaning(decoded, {});
  if (layer.name == "http" && decoded.http) return http_fields(*decoded.http);
  if (layer.name == "tls" && decoded.tls) return tls_fields(decoded);
  if (decoded.dns_info && &layer == &decoded.layers.back()) return dns_fields(decoded);
  if (!decoded.first_line.empty() && &layer == &decoded.layers.back()) return shown(decoded.first_line);
  return link_fields(layer, decoded, header, told);
}

}  // namespace

std::vector<std::string> layered_text(const Decoded& decoded, ByteView bytes) {
  std::vector<std::string> lines;
  Told told;
  for (const Layer& layer : decoded.layers) {
    const ByteView header = bytes.subspan(layer.offset, layer.length);
    const std::string_view title = title_of(layer.name);
    std::string fields = fields_of(layer, decoded, header, told);
    if (fields.empty()) fields = cat(layer.length, " bytes");
    lines.push_back(cat(title.empty() ? layer.name : title, ": ", fields));
  }
  const bool payload = !decoded.ports.empty() && decoded.payload_length > 0;
  if (payload) lines.push_back(cat("Payload: ", decoded.payload_length, " bytes at offset ", decoded.payload_offset));
  if (!decoded.stopped.empty()) lines.push_back(cat("Stopped: ", harmless(decoded.stopped)));
  return lines;
}

}  // namespace exhibit
