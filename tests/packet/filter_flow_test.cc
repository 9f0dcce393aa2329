#include <gmock/gmock.h>

#include "compose.h"
#include "packet/capture_read.h"
#include "packet/filter.h"
#include "packet/flow.h"

namespace exhibit {
namespace {

using namespace compose;
using compose::operator+;
using testing::HasSubstr;

CapturePacket packet_of(const Bytes& bytes, std::uint32_t link) {
  CapturePacket packet;
  packet.captured = packet.length = static_cast<std::uint32_t>(bytes.size());
  packet.link_type = link;
  packet.bytes = bytes;
  return packet;
}

bool matches(std::string_view text, const Bytes& bytes, std::uint32_t link = link_type::ethernet) {
  auto filter = Filter::compile(text, link_type::ethernet);
  EXPECT_TRUE(filter) << text << ": " << (filter ? "" : filter.error().text);
  return filter && filter->matches(packet_of(bytes, link));
}

TEST(Filter, SpeaksTheLanguageOfLibpcap) {
  const Bytes web = eth(0x0800, ipv4({}, tcp({}, http_request())));
  for (const char* text :
       {"", "tcp port 80", "host 192.0.2.10 and not udp", "net 198.51.100.0/24", "tcp[tcpflags] & tcp-push != 0",
        "ip[8] == 52", "portrange 79-81", "less 2000", "ether host 02:00:5e:00:53:01", "len > 20"})
    EXPECT_TRUE(matches(text, web)) << text;
  EXPECT_FALSE(matches("udp", web));
  EXPECT_TRUE(matches("host 2001:db8::10", eth(0x86DD, ipv6(6, tcp({}, {})))));
}

TEST(Filter, FollowsAPacketOfAnotherLinkType) {
  EXPECT_TRUE(matches("tcp port 80", ipv4({}, tcp({}, {})), link_type::raw));
  EXPECT_FALSE(matches("ether host 02:00:5e:00:53:01", ipv4({}, tcp({}, {})), link_type::raw));
}

TEST(Filter, ANameIsRefusedBeforeAnybodyIsAsked) {
  for (const char* text : {"host www.example.com", "port http", "net mynet", "gateway gw", "ether host nas",
                           "ip proto \\tcp", "host dead.beef", "host 192.0.2.1x", "src \"a\""}) {
    const auto filter = Filter::compile(text, link_type::ethernet);
    EXPECT_FALSE(filter) << text;
  }
  EXPECT_THAT(Filter::compile("port http", 1).error().text, HasSubstr("\"http\" is neither"));
}

TEST(Filter, MistakesAreToldInLibpcapsWordsAndLengthIsBounded) {
  EXPECT_THAT(Filter::compile("tcp port", 1).error().text, HasSubstr("filter: "));
  EXPECT_EQ(Filter::compile(std::string(3000, '('), 1).error().code, Errc::too_large);
  EXPECT_FALSE(Filter::compile(std::string(2000, '('), 1));
}

TEST(Flow, BothDirectionsHaveOneKeyAndEachItsSender) {
  const auto there = flow_of(decode(ipv4({}, tcp({}, http_request())), link_type::raw));
  const auto back = flow_of(
      decode(ipv4({.source = "198.51.100.20", .target = "192.0.2.10"}, tcp({.source = 80, .target = 40112}, {})),
             link_type::raw));
  ASSERT_TRUE(there && back);
  EXPECT_EQ(there->key, back->key);
  EXPECT_EQ(there->sender, back->receiver);
  EXPECT_EQ(there->sender.port, 40112);
  EXPECT_EQ(there->payload_length, http_request().size());
}

TEST(Flow, OnlyTheOutermostHeaderCounts) {
  const Bytes inner = ipv4({.source = "203.0.113.1", .target = "203.0.113.2"}, tcp({}, {}));
  const auto tunnel = flow_of(decode(ipv4({.protocol = 47}, num(0x0800, 4) + inner), link_type::raw));
  ASSERT_TRUE(tunnel);
  EXPECT_EQ(tunnel->key.protocol, ip_protocol::gre);
  EXPECT_FALSE(tunnel->has_ports);
  EXPECT_EQ(tunnel->sender, (FlowEnd{*IpAddress::parse("192.0.2.10"), 0}));
}

TEST(Flow, LaterFragmentsHaveNoPortsAndOtherPacketsNoFlow) {
  EXPECT_FALSE(flow_of(decode(ipv4({.fragment = 0x2010}, tcp({}, {})), link_type::raw))->has_ports);
  EXPECT_FALSE(flow_of(decode(eth(7, Bytes{0x42, 0x42, 3, 0, 0, 0, 0}), link_type::ethernet)));
}

}  // namespace
}  // namespace exhibit
