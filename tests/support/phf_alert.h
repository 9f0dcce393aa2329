#pragma once

#include <array>
#include <string>

#include "base/base64.h"
#include "base/text.h"
#include "incident/normalize.h"
#include "sensorproto/sdee/event_reader.h"

/// The alert of the golden examples: an old web attack from 192.0.2.10 on 198.51.100.20, made here.
namespace exhibit::test {

/// When the examples happen.
inline const WallTime noon = wall_from_ns(1'795'313'561'123'000'000);

inline std::string phf_request() {
  return "GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd HTTP/1.0\r\nHost: www.example.com\r\nCookie: "
         "sid=abcdefghijkl\r\n\r\n";
}

/// Ethernet, IPv4, TCP around a payload; checksums are left zero, as they are on many captures.
inline Bytes frame(std::string_view payload, std::uint16_t source_port = 40112, std::uint16_t target_port = 80,
                   bool answer = false, std::uint8_t flags = 0x18) {
  Bytes bytes = {0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0x5e, 0, 0x53, 2, 8, 0};
  const auto u16 = [&](std::size_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value));
  };
  bytes.insert(bytes.end(), {0x45, 0});
  u16(40 + payload.size());
  bytes.insert(bytes.end(), {0x12, 0x67, 0x40, 0, 52, 6, 0, 0});
  const Bytes attacker = {192, 0, 2, 10}, target = {198, 51, 100, 20};
  const std::array<Bytes, 2> addresses = answer ? std::array{target, attacker} : std::array{attacker, target};
  for (const Bytes& address : addresses) bytes.insert(bytes.end(), address.begin(), address.end());
  u16(answer ? target_port : source_port);
  u16(answer ? source_port : target_port);
  bytes.insert(bytes.end(), {0, 0, 3, 0xe8, 0, 0, 7, 0xd0, 0x50, flags, 0x20, 0, 0, 0, 0, 0});
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

struct AlertXml {
  std::string event_id = "1182522900045587005", severity = "high", time_ns = "1795313561123000000", signature = "3200",
              name = "WWW phf";
  std::string attacker = "192.0.2.10", target = "198.51.100.20", target_port = "80", log = "1734556221", extra;
  int risk = 85;
  Bytes packet = frame(phf_request());

  [[nodiscard]] std::string text() const {
    return cat(
        "<sd:evIdsAlert xmlns:sd='s' xmlns:cid='c' eventId='", event_id, "' severity='", severity,
        "' vendor='Cisco'><sd:originator><sd:hostId>acme-ips1</sd:hostId></sd:originator><sd:time>", time_ns,
        "</sd:time><sd:signature description='", name, "' id='", signature,
        "' cid:version='S37'><cid:subsigId>0</cid:subsigId></sd:signature><sd:interfaceGroup>vs0</sd:interfaceGroup>",
        "<sd:participants><sd:attacker><sd:addr cid:locality='OUT'>", attacker,
        "</sd:addr><sd:port>40112</sd:port></sd:attacker><sd:target><sd:addr cid:locality='IN'>", target,
        "</sd:addr><sd:port>", target_port,
        "</sd:port><cid:os idSource='learned' type='linux'/></sd:target></sd:participants>",
        log.empty() ? "" : cat("<cid:ipLogIds><cid:ipLogId>", log, "</cid:ipLogId></cid:ipLogIds>"),
        packet.empty() ? "" : cat("<cid:triggerPacket>", encode_base64(packet), "</cid:triggerPacket>"),
        "<cid:riskRatingValue>", risk, "</cid:riskRatingValue><cid:threatRatingValue>", risk,
        "</cid:threatRatingValue><cid:interface>ge0_1</cid:interface><cid:protocol>tcp</cid:protocol>", extra,
        "</sd:evIdsAlert>");
  }
  [[nodiscard]] IdsAlert wire() const { return std::get<IdsAlert>(*read_event(text())); }
  [[nodiscard]] Alert alert(WallTime received) const { return normalize(wire(), {"acme"}, {"acme-ips1"}, received); }
};

}  // namespace exhibit::test
