#include "packet/summary.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "compose.h"

namespace exhibit {
namespace {

using namespace compose;
using compose::operator+;
using testing::ElementsAre;

std::string line_of(const Bytes& bytes, std::uint32_t link = link_type::raw) {
  return summary_line(decode(bytes, link), bytes);
}

TEST(Summary, TheTicketsLineNamesAddressesPortsAndFlags) {
  const Bytes bytes = ipv4({}, tcp({}, http_request()));
  EXPECT_EQ(summary(decode(bytes, link_type::raw), bytes),
            "IPv4 192.0.2.10 > 198.51.100.20 ttl 52; TCP 40112 > 80 PSH,ACK");
}

TEST(Summary, ThePacketListSaysWhatThePayloadMeans) {
  const std::string head = "IPv4 192.0.2.10 > 198.51.100.20 ttl 52; ";
  EXPECT_EQ(line_of(ipv4({}, tcp({}, bytes_of("GET /x HTTP/1.0\r\n\r\n")))),
            head + "TCP 40112 > 80 PSH,ACK; HTTP GET /x");
  EXPECT_EQ(line_of(ipv4({}, tcp({.target = 443}, client_hello("www.example.com")))),
            head + "TCP 40112 > 443 PSH,ACK; TLS ClientHello www.example.com");
  EXPECT_EQ(line_of(ipv4({}, tcp({.target = 443}, Bytes{21, 3, 3, 0, 2, 2, 40}))),
            head + "TCP 40112 > 443 PSH,ACK; TLS alert handshake failure (40)");
  EXPECT_EQ(line_of(ipv4({.protocol = 17}, udp(5300, 53, dns_answer(name({"example", "com"}))))),
            head + "UDP 5300 > 53; DNS answer example.com: 203.0.113.7");
  EXPECT_EQ(line_of(ipv4({.protocol = 1}, icmp(3, 3, zeros(4) + ipv4({.protocol = 17}, udp(50000, 161, {}))))),
            head + "ICMP; port unreachable for UDP 192.0.2.10:50000 > 198.51.100.20:161");
  EXPECT_EQ(line_of(ipv4({}, tcp({}, Bytes(94, 1)))), head + "TCP 40112 > 80 PSH,ACK; 94 bytes of payload");
  EXPECT_EQ(line_of(ipv4({.fragment = 0x2010}, zeros(8))),
            head + "TCP fragment at 128 of id 6699 [a later fragment: its ports stand in the first one]");
}

TEST(Summary, TunnelsAreNamedBeforeWhatTheyCarry) {
  const Bytes inner = ipv4({.source = "203.0.113.1", .target = "203.0.113.2"}, tcp({.flags = tcp_flag::syn}, {}));
  EXPECT_EQ(line_of(eth(0x8100, vlan(12, 0x0800, ipv4({.protocol = 47}, num(0x0800, 4) + inner))), link_type::ethernet),
            "VLAN 12; IPv4 192.0.2.10 > 198.51.100.20; GRE; IPv4 203.0.113.1 > 203.0.113.2 ttl 52; TCP 40112 > 80 SYN");
}

TEST(Summary, ForeignBytesCannotMoveTheCursor) {
  const std::string line = line_of(ipv4({}, tcp({}, bytes_of("GET /\x1b[2J\xE2\x80\xAE HTTP/1.0\r\n\r\n"))));
  EXPECT_THAT(line, testing::HasSubstr("GET /\\x1b[2J\\u{202E}"));
}

TEST(Summary, LayersTellTheirFields) {
  const Bytes bytes = eth(0x8100, vlan(12, 0x0800, ipv4({}, tcp({.options = Bytes{2, 4, 5, 0xB4}}, http_request()))));
  EXPECT_THAT(layered_text(decode(bytes, link_type::ethernet), bytes),
              ElementsAre("Ethernet: 02:00:5e:00:53:02 > 02:00:5e:00:53:01", "VLAN: id 12",
                          "IPv4: 192.0.2.10 > 198.51.100.20, ttl 52, carries tcp, id 6699, total length 130",
                          "TCP: 40112 > 80 PSH,ACK, seq 1000, ack 5000, window 64240, MSS 1460",
                          "HTTP: GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd, host www.example.com",
                          "Payload: 86 bytes at offset 62"));
}

TEST(Summary, HexHasOffsetsBytesAndText) {
  EXPECT_EQ(hex_dump(bytes_of("GET / HTTP/1.0\r\nHost")),
            "000000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 30 0d 0a  GET / HTTP/1.0..\n"
            "000010  48 6f 73 74                                       Host\n");
  EXPECT_THAT(hex_dump(Bytes(100, 0), 16), testing::EndsWith("(84 more bytes)\n"));
}

TEST(Summary, TheJsonLineHasEveryMemberAndNullsForWhatIsAbsent) {
  const Bytes bytes = ipv4({}, tcp({}, bytes_of("GET /\xFF HTTP/1.0\r\n\r\n")));
  const CapturePacket packet{.number = 7,
                             .time = std::nullopt,
                             .stamp = CaptureTime{1'182'522'961, 5},
                             .captured = 61,
                             .length = 61,
                             .link_type = link_type::raw,
                             .interface = 0,
                             .bytes = bytes};
  EXPECT_EQ(
      decode_json_line(packet, decode(bytes, link_type::raw)),
      R"({"frame":7,"time":"1182522961.000000005","length":61,"captured":61,"layers":["ipv4","tcp","http"],"vlan":[],)"
      R"("ip":[{"src":"192.0.2.10","dst":"198.51.100.20"}],"ports":[{"src":40112,"dst":80}],"tcp_flags":24,"dns":[],)"
      R"("http":{"method":"GET","uri":"/\\xff","host":null,"status":null},"sni":null,)"
      R"("summary":"IPv4 192.0.2.10 > 198.51.100.20 ttl 52; TCP 40112 > 80 PSH,ACK; HTTP GET /\\xff",)"
      R"("guessed_link":false,"stopped":null})");
}

}  // namespace
}  // namespace exhibit
