#include "packet/summary.h"

#include <algorithm>

#include "base/json.h"
#include "base/plants.h"
#include "base/text.h"
#include "base/utc.h"

namespace exhibit {
namespace {

constexpr std::size_t quoted_max = 120;  // Of a foreign text inside a line.

std::string quoted(std::string_view foreign) {
  const bool cut = foreign.size() > quoted_max;
  const std::string_view shown = cut ? cut_utf8(foreign, quoted_max) : foreign;
  return cat(planted(Plant::terminal_raw) ? std::string(shown) : harmless(shown), cut ? "..." : "");
}

std::string addresses(const IpPair& pair) { return cat(pair.source.text(), " > ", pair.target.text()); }

std::string_view family(const IpPair& pair) { return pair.source.is_v6() ? "IPv6" : "IPv4"; }

std::string arp_text(const ArpInfo& arp) {
  if (arp.operation == 1) return cat("who has ", arp.target.text(), "? tell ", arp.sender.text());
  if (arp.operation == 2) return cat(arp.sender.text(), " answers ", arp.target.text());
  return cat("operation ", arp.operation);
}

std::string quoted_packet_text(const QuotedPacket& packet) {
  std::string out = cat(to_upper(ip_protocol_text(packet.protocol)), ' ', packet.source.text());
  if (packet.source_port) out += cat(':', *packet.source_port);
  out += cat(" > ", packet.target.text());
  if (packet.target_port) out += cat(':', *packet.target_port);
  return out;
}

/// What carries the innermost packet, for the analyst who wonders about the addresses.
std::string around(const Decoded& decoded) {
  std::string out;
  for (const std::uint16_t id : decoded.vlan) out += cat("VLAN ", id, "; ");
  std::size_t ip = 0;
  for (const Layer& layer : decoded.layers) {
    if (layer.name == "ipv4" || layer.name == "ipv6") {
      if (ip + 1 >= decoded.ip.size()) break;
      out += cat(family(decoded.ip[ip]), ' ', addresses(decoded.ip[ip]), "; ");
      ++ip;
    } else if (layer.name == "gre" || layer.name == "vxlan" || layer.name == "geneve" || layer.name == "gtp" ||
               layer.name == "teredo" || layer.name == "erspan" || layer.name == "l2tp") {
      out += cat(to_upper(layer.name), "; ");
    }
  }
  return out;
}

std::string transport(const Decoded& decoded) {
  const std::size_t innermost = decoded.ip.size() - 1;
  if (!decoded.ports.empty() && decoded.ports.back().ip_index == innermost) {
    const PortPair& ports = decoded.ports.back();
    std::string out = cat("; ", to_upper(ip_protocol_text(ports.protocol)), ' ', ports.source, " > ", ports.target);
    if (ports.protocol == ip_protocol::tcp && decoded.tcp_flags) out += cat(' ', tcp_flags_text(*decoded.tcp_flags));
    return out;
  }
  const IpPair& ip = decoded.ip.back();
  if (ip.later_fragment)
    return cat("; ", to_upper(ip_protocol_text(ip.protocol)), " fragment at ", ip.fragment_offset, " of id ",
               ip.fragment_id);
  if (decoded.icmp) return decoded.icmp->v6 ? "; ICMPv6" : "; ICMP";
  const std::string name = ip_protocol_text(ip.protocol);
  return cat("; ", parse_number<int>(name) ? cat("IP protocol ", name) : to_upper(name));
}

std::string http_text(const HttpInfo& http) {
  if (http.status) return cat("HTTP ", *http.status, http.reason.empty() ? "" : " ", quoted(http.reason));
  return cat("HTTP ", quoted(http.method), ' ', quoted(http.uri));
}

std::string tls_text(const Decoded& decoded) {
  const TlsInfo& tls = *decoded.tls;
  if (tls.client_hello) return cat("TLS ClientHello", decoded.sni ? " " : "", decoded.sni ? quoted(*decoded.sni) : "");
  if (tls.server_hello) return "TLS ServerHello";
  if (tls.alert_description) return cat("TLS alert ", tls_alert_text(*tls.alert_description));
  return "TLS";
}

std::string dns_text(const Decoded& decoded) {
  const DnsInfo& dns = *decoded.dns_info;
  const std::string names = decoded.dns.empty() ? "" : cat(' ', quoted(decoded.dns.front()));
  const std::string more = decoded.dns.size() > 1 ? cat(" and ", decoded.dns.size() - 1, " more") : "";
  if (!dns.response) return cat("DNS query", names, more);
  if (dns.code != 0)
    return cat("DNS answer", names, more, ": ", dns.code == 3 ? "no such name" : cat("error ", dns.code));
  std::string answers;
  for (std::size_t i = 0; i < std::min<std::size_t>(dns.answers.size(), 3); ++i)
    answers += cat(i == 0 ? ": " : ", ", quoted(dns.answers[i]));
  return cat("DNS answer", names, more, answers);
}

std::string stopped_text(const Decoded& decoded) { return decoded.stopped.empty() ? "" : harmless(decoded.stopped); }

/// Epoch seconds with nine decimals.
std::string stamp_text(const CaptureTime& stamp) {
  const std::string digits = std::to_string(stamp.nanoseconds);
  return cat(stamp.seconds, '.', std::string(9 - std::min<std::size_t>(digits.size(), 9), '0'), digits);
}

template <typename Value>
void optional_member(JsonWriter& json, std::string_view name, const std::optional<Value>& value) {
  value ? json.member(name, *value) : json.key(name).null();
}

void write_pairs(JsonWriter& json, const Decoded& decoded) {
  json.key("ip").array();
  for (const IpPair& pair : decoded.ip)
    json.object().member("src", pair.source.text()).member("dst", pair.target.text()).end();
  json.end().key("ports").array();
  for (const PortPair& pair : decoded.ports) json.object().member("src", pair.source).member("dst", pair.target).end();
  json.end();
}

void write_http(JsonWriter& json, const Decoded& decoded) {
  json.key("http");
  if (!decoded.http) {
    json.null();
    return;
  }
  const HttpInfo& http = *decoded.http;
  json.object();
  json.text_or_null("method", escape_ill_formed(http.method));
  if (planted(Plant::json_raw))
    json.key("uri").raw(cat('"', http.uri, '"'));
  else
    json.text_or_null("uri", escape_ill_formed(http.uri));
  json.text_or_null("host", escape_ill_formed(http.host));
  optional_member(json, "status", http.status);
  json.end();
}

}  // namespace

std::string summary(const Decoded& decoded, ByteView bytes) {
  if (!decoded.ip.empty()) {
    const IpPair& ip = decoded.ip.back();
    return cat(around(decoded), family(ip), ' ', addresses(ip), " ttl ", ip.hops, transport(decoded));
  }
  if (decoded.arp) return cat(around(decoded), "ARP ", arp_text(*decoded.arp));
  if (!decoded.layers.empty())
    return cat(around(decoded), to_upper(decoded.layers.back().name), ", ", bytes.size(), " bytes");
  return cat(bytes.size(), " bytes that could not be read");
}

std::string meaning(const Decoded& decoded, ByteView /*bytes*/) {
  if (decoded.icmp)
    return cat(icmp_text(*decoded.icmp), decoded.quoted ? cat(" for ", quoted_packet_text(*decoded.quoted)) : "");
  if (decoded.http) return http_text(*decoded.http);
  if (decoded.tls) return tls_text(decoded);
  if (decoded.dns_info) return dns_text(decoded);
  if (!decoded.first_line.empty()) return quoted(decoded.first_line);
  if (decoded.ports.empty() || decoded.payload_length == 0) return "";
  return cat(grouped(decoded.payload_length), decoded.payload_length == 1 ? " byte" : " bytes", " of payload");
}

std::string summary_line(const Decoded& decoded, ByteView bytes) {
  const std::string said = meaning(decoded, bytes), why = stopped_text(decoded);
  return cat(summary(decoded, bytes), said.empty() ? "" : "; ", said, why.empty() ? "" : " [", why,
             why.empty() ? "" : "]");
}

std::string hex_dump(ByteView bytes, std::size_t bytes_max) {
  constexpr std::size_t width = 16;
  const ByteView shown = bytes.first(std::min(bytes.size(), bytes_max));
  std::string out;
  out.reserve(shown.size() / width * 78 + 80);
  for (std::size_t at = 0; at < shown.size(); at += width) {
    const ByteView line = shown.subspan(at, std::min(width, shown.size() - at));
    const std::uint8_t offset[] = {static_cast<std::uint8_t>(at >> 16 & 0xFF),
                                   static_cast<std::uint8_t>(at >> 8 & 0xFF), static_cast<std::uint8_t>(at & 0xFF)};
    out += cat(to_hex(offset), "  ");
    for (std::size_t i = 0; i < width; ++i) {
      out += i < line.size() ? cat(to_hex(line.subspan(i, 1)), ' ') : "   ";
      if (i == 7) out += ' ';
    }
    out += ' ';
    for (const std::uint8_t byte : line) out += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '.';
    out += '\n';
  }
  if (shown.size() < bytes.size()) out += cat("(", grouped(bytes.size() - shown.size()), " more bytes)\n");
  return out;
}

std::string decode_json_line(const CapturePacket& packet, const Decoded& decoded) {
  JsonWriter json;
  json.object().member("frame", packet.number);
  json.text_or_null("time", packet.stamp ? stamp_text(*packet.stamp) : "");
  json.member("length", packet.length).member("captured", packet.captured);
  json.key("layers").array();
  for (const Layer& layer : decoded.layers) json.value(layer.name);
  json.end().key("vlan").array();
  for (const std::uint16_t id : decoded.vlan) json.value(id);
  json.end();
  write_pairs(json, decoded);
  optional_member(json, "tcp_flags", decoded.tcp_flags);
  json.key("dns").array();
  for (const std::string& name : decoded.dns) json.value(escape_ill_formed(name));
  json.end();
  write_http(json, decoded);
  decoded.sni ? json.member("sni", escape_ill_formed(*decoded.sni)) : json.key("sni").null();
  json.member("summary", summary_line(decoded, packet.bytes)).member("guessed_link", decoded.guessed_link);
  json.text_or_null("stopped", stopped_text(decoded));
  return json.end().take();
}

std::string decode_text_line(const CapturePacket& packet, const Decoded& decoded) {
  return cat(packet.number, ' ', packet.time ? iso_utc(*packet.time) : "(no time)", ' ', packet.captured,
             packet.captured == packet.length ? "" : cat("/", packet.length), "  ", summary_line(decoded, packet.bytes),
             decoded.guessed_link ? cat(" (link type guessed: ", link_type::name_of(decoded.link_type), ")") : "");
}

}  // namespace exhibit
