#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/values.h"
#include "packet/address.h"
#include "packet/decode.h"

/// Packets composed from the inside out: `eth(0x0800, ipv4({...}, tcp({...}, "GET / ...")))`. Addresses are those that
/// RFC 5737 and RFC 3849 keep for documents.
namespace exhibit::compose {

inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// Big-endian.
inline Bytes num(std::uint64_t value, int width) {
  Bytes out;
  for (int i = width - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return out;
}

inline Bytes zeros(std::size_t count) { return Bytes(count, 0); }

inline Bytes eth(std::uint16_t type, const Bytes& payload) {
  return Bytes{0x02, 0, 0x5E, 0, 0x53, 1, 0x02, 0, 0x5E, 0, 0x53, 2} + num(type, 2) + payload;
}

inline Bytes vlan(std::uint16_t id, std::uint16_t type, const Bytes& payload) {
  return num(id, 2) + num(type, 2) + payload;
}

struct Ip {
  std::string source = "192.0.2.10", target = "198.51.100.20";
  std::uint8_t protocol = ip_protocol::tcp;
  std::uint8_t ttl = 52;
  std::uint16_t id = 0x1A2B;
  std::uint16_t fragment = 0;  ///< Flags and offset as on the wire.
  Bytes options{};
};

inline Bytes ipv4(const Ip& ip, const Bytes& payload) {
  const std::size_t header = 20 + ip.options.size();
  Bytes out = Bytes{static_cast<std::uint8_t>(0x40 | header / 4), 0} + num(header + payload.size(), 2) + num(ip.id, 2) +
              num(ip.fragment, 2) + Bytes{ip.ttl, ip.protocol, 0, 0};
  for (const IpAddress& address : {*IpAddress::parse(ip.source), *IpAddress::parse(ip.target)})
    out.insert(out.end(), address.bytes().begin(), address.bytes().end());
  out = out + ip.options;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < out.size(); i += 2) sum += std::uint32_t{out[i]} << 8 | out[i + 1];
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  out[10] = static_cast<std::uint8_t>(~sum >> 8);
  out[11] = static_cast<std::uint8_t>(~sum);
  return out + payload;
}

inline Bytes ipv6(std::uint8_t next, const Bytes& payload, std::string_view source = "2001:db8::10",
                  std::string_view target = "2001:db8:0:1::20") {
  Bytes out = Bytes{0x60, 0, 0, 0} + num(payload.size(), 2) + Bytes{next, 64};
  for (const IpAddress& address : {*IpAddress::parse(source), *IpAddress::parse(target)})
    out.insert(out.end(), address.bytes().begin(), address.bytes().end());
  return out + payload;
}

struct Tcp {
  std::uint16_t source = 40112, target = 80;
  std::uint32_t sequence = 1000, acknowledgement = 5000;
  std::uint16_t flags = tcp_flag::psh | tcp_flag::ack;
  Bytes options{};
};

inline Bytes tcp(const Tcp& tcp, const Bytes& payload) {
  const std::size_t words = 5 + tcp.options.size() / 4;
  return num(tcp.source, 2) + num(tcp.target, 2) + num(tcp.sequence, 4) + num(tcp.acknowledgement, 4) +
         num(words << 12 | tcp.flags, 2) + num(64240, 2) + zeros(4) + tcp.options + payload;
}

inline Bytes udp(std::uint16_t source, std::uint16_t target, const Bytes& payload) {
  return num(source, 2) + num(target, 2) + num(8 + payload.size(), 2) + zeros(2) + payload;
}

inline Bytes name(std::initializer_list<std::string_view> labels) {
  Bytes out;
  for (const std::string_view label : labels) out = out + num(label.size(), 1) + bytes_of(label);
  return out + zeros(1);
}

inline Bytes dns_query(const Bytes& asked, std::uint16_t type = 1) {
  return num(0xBEEF, 2) + num(0x0100, 2) + num(1, 2) + zeros(6) + asked + num(type, 2) + num(1, 2);
}

inline Bytes dns_answer(const Bytes& asked) {
  return num(0xBEEF, 2) + num(0x8180, 2) + num(1, 2) + num(1, 2) + zeros(4) + asked + num(1, 2) + num(1, 2) +
         num(0xC00C, 2) + num(1, 2) + num(1, 2) + num(60, 4) + num(4, 2) + Bytes{203, 0, 113, 7};
}

inline Bytes with_length(int width, const Bytes& body) { return num(body.size(), width) + body; }

inline Bytes client_hello(std::string_view server) {
  const Bytes sni = num(0, 2) + with_length(2, with_length(2, num(0, 1) + with_length(2, bytes_of(server))));
  const Bytes alpn =
      num(16, 2) +
      with_length(2, with_length(2, with_length(1, bytes_of("h2")) + with_length(1, bytes_of("http/1.1"))));
  const Bytes versions = num(43, 2) + with_length(2, with_length(1, num(0x0304, 2) + num(0x0303, 2)));
  const Bytes hello = num(0x0303, 2) + zeros(32) + with_length(1, zeros(32)) + with_length(2, num(0x1301, 2)) +
                      with_length(1, zeros(1)) + with_length(2, sni + alpn + versions);
  return num(22, 1) + num(0x0301, 2) + with_length(2, num(1, 1) + with_length(3, hello));
}

inline Bytes icmp(std::uint8_t type, std::uint8_t code, const Bytes& rest) { return Bytes{type, code, 0, 0} + rest; }

inline Bytes http_request() {
  return bytes_of("GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd HTTP/1.0\r\nHost: www.example.com\r\n\r\n");
}

/// One packet of each kind that the decoder knows, with the link type it belongs to and the layers it has.
struct Sample {
  std::string about;
  std::uint32_t link;
  Bytes bytes;
  std::vector<std::string_view> layers;
};
std::vector<Sample> samples();

}  // namespace exhibit::compose
