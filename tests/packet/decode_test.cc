#include "packet/decode.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "base/text.h"
#include "compose.h"
#include "packet/capture_read.h"
#include "packet/summary.h"

namespace exhibit {
namespace {

using compose::operator+;
using namespace compose;
using testing::ElementsAre;

std::vector<std::string_view> names_of(const Decoded& decoded) {
  std::vector<std::string_view> names;
  for (const Layer& layer : decoded.layers) names.push_back(layer.name);
  return names;
}

TEST(Decode, EveryProtocolIsReadFromTheLinkToThePayload) {
  for (const Sample& sample : samples()) {
    const Decoded decoded = decode(sample.bytes, sample.link);
    EXPECT_EQ(names_of(decoded), sample.layers) << sample.about << ": " << decoded.stopped;
    EXPECT_FALSE(decoded.guessed_link) << sample.about;
  }
}

/// The invariants of any decode of any bytes.
void expect_sound(const Decoded& decoded, ByteView bytes, const std::string& about) {
  ASSERT_LE(decoded.layers.size(), static_cast<std::size_t>(limits::layers_per_packet)) << about;
  for (const Layer& layer : decoded.layers) ASSERT_LE(std::size_t{layer.offset} + layer.length, bytes.size()) << about;
  ASSERT_LE(std::size_t{decoded.payload_offset} + decoded.payload_length, bytes.size()) << about;
  for (const PortPair& ports : decoded.ports) ASSERT_LT(ports.ip_index, decoded.ip.size()) << about;
  ASSERT_TRUE(is_utf8(summary_line(decoded, bytes))) << about;
  for (const std::string& line : layered_text(decoded, bytes)) ASSERT_TRUE(is_utf8(line)) << about;
}

TEST(Decode, APacketCutAtAnyByteIsReadAsFarAsItGoes) {
  for (const Sample& sample : samples())
    for (std::size_t length = 0; length < sample.bytes.size(); ++length) {
      const Bytes cut(sample.bytes.begin(), sample.bytes.begin() + static_cast<std::ptrdiff_t>(length));
      for (const std::uint32_t link : {sample.link, link_unknown})
        expect_sound(decode(cut, link, sample.bytes.size()), cut, cat(sample.about, " cut at ", length));
    }
}

TEST(Decode, AnyFlippedBitIsBorne) {
  for (const Sample& sample : samples()) {
    Bytes bytes = sample.bytes;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      for (const std::uint32_t link : {sample.link, link_unknown, link_type::raw})
        expect_sound(decode(bytes, link), bytes, cat(sample.about, " bit ", bit));
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
  }
}

TEST(Decode, ATriggerPacketWithoutLinkTypeIsGuessedAndSaysSo) {
  const Bytes ip = ipv4({}, tcp({}, http_request()));
  for (const auto& [bytes, link] : {std::pair{eth(0x0800, ip), link_type::ethernet}, {ip, link_type::raw}}) {
    const Decoded decoded = decode(bytes, link_unknown);
    EXPECT_TRUE(decoded.guessed_link);
    EXPECT_EQ(decoded.link_type, link);
    ASSERT_TRUE(decoded.http);
    EXPECT_EQ(decoded.http->host, "www.example.com");
  }
}

TEST(Decode, HeadersOfOtherCapturesAreGuessedByTheIpPacketBehindThem) {
  for (const Sample& sample : samples()) {
    if (!sample.about.starts_with("Linux cooked") && sample.about != "BSD loopback" && sample.about != "Cisco HDLC" &&
        sample.about != "PPP")
      continue;
    const Decoded decoded = decode(sample.bytes, link_unknown);
    EXPECT_EQ(decoded.link_type, sample.link) << sample.about;
    EXPECT_TRUE(decoded.guessed_link) << sample.about;
  }
}

TEST(Decode, ALinkTypeThatLiesIsOverruledOnlyByProof) {
  const Bytes ip = ipv4({}, tcp({}, http_request()));
  EXPECT_TRUE(decode(ip, link_type::ethernet).guessed_link);
  EXPECT_TRUE(decode(ip, link_type::ethernet).has("http"));
  EXPECT_TRUE(decode(eth(0x0800, ip), link_type::raw).has("http"));
  EXPECT_TRUE(decode(eth(0x0800, ip), 147).has("http"));
  const Decoded odd = decode(eth(0x1234, zeros(40)), link_type::ethernet);
  EXPECT_FALSE(odd.guessed_link);
  EXPECT_EQ(odd.stopped, "EtherType 0x1234 is not decoded");
}

TEST(Decode, NothingFitsIsSaid) {
  const Decoded decoded = decode(Bytes(40, 0xAA), link_unknown);
  EXPECT_FALSE(decoded.guessed_link);
  EXPECT_EQ(decoded.stopped, "the link type is unknown, and neither Ethernet nor IP fits");
  EXPECT_EQ(decode({}, link_unknown).stopped, decoded.stopped);
}

TEST(Decode, WhatAnIcmpErrorQuotesIsKeptApart) {
  const Bytes quote = ipv4({.protocol = 17}, udp(50000, 161, {}));
  const Bytes bytes =
      ipv4({.source = "198.51.100.20", .target = "192.0.2.10", .protocol = 1}, icmp(3, 3, zeros(4) + quote));
  const Decoded decoded = decode(bytes, link_type::raw);
  EXPECT_EQ(decoded.ip.size(), 1U);
  EXPECT_TRUE(decoded.ports.empty());
  ASSERT_TRUE(decoded.quoted);
  EXPECT_EQ(decoded.quoted->source.text(), "192.0.2.10");
  EXPECT_EQ(decoded.quoted->target_port, 161);
}

TEST(Decode, ALaterFragmentHasNoPortsAndSaysWhy) {
  const Decoded decoded = decode(ipv4({.fragment = 0x2010}, tcp({}, {})), link_type::raw);
  EXPECT_TRUE(decoded.ports.empty());
  EXPECT_EQ(decoded.ip[0].fragment_offset, 128U);
  EXPECT_THAT(decoded.stopped, testing::StartsWith("a later fragment"));
}

TEST(Decode, EthernetPaddingIsNoPayload) {
  const Decoded decoded = decode(eth(0x0800, ipv4({}, tcp({}, {})) + zeros(6)), link_type::ethernet);
  EXPECT_EQ(decoded.payload_length, 0U);
}

TEST(Decode, ASegmentThatTheSnapshotLengthCutTellsItsTrueLength) {
  const Bytes whole = eth(0x0800, ipv4({}, tcp({}, Bytes(1000, 'x'))));
  const Bytes cut(whole.begin(), whole.begin() + 100);
  const Decoded decoded = decode(cut, link_type::ethernet, whole.size());
  EXPECT_EQ(decoded.payload_length, 46U);
  EXPECT_EQ(decoded.payload_claimed, 1000U);
}

TEST(Decode, LayersAndNameJumpsAreBounded) {
  Bytes nested = tcp({}, {});
  std::uint8_t protocol = 6;
  for (int i = 0; i < 100; ++i) {
    nested = ipv4({.protocol = protocol}, nested);
    protocol = 4;
  }
  const Decoded deep = decode(nested, link_type::raw);
  EXPECT_EQ(deep.layers.size(), 32U);
  EXPECT_EQ(deep.stopped, "more than 32 layers");

  const Bytes loop = num(0xC00C, 2);  // A name that points at itself.
  const Decoded dns = decode(ipv4({.protocol = 17}, udp(5300, 53, dns_query(loop))), link_type::raw);
  EXPECT_TRUE(dns.dns.empty());
  EXPECT_EQ(dns.stopped, "DNS question 1 of 1 cannot be read");
}

TEST(Decode, HttpIsReadWithoutBeingRepaired) {
  const auto http = [](std::string_view text) {
    return decode(ipv4({}, tcp({}, bytes_of(text))), link_type::raw).http;
  };
  EXPECT_EQ(http("GET /a b HTTP/1.1\r\nhOST:  h \r\n\r\n")->uri, "/a b");
  EXPECT_EQ(http("GET /a b HTTP/1.1\r\nhOST:  h \r\n\r\n")->host, "h");
  EXPECT_EQ(http("DEBUG / HTTP/1.1\r\n\r\n")->method, "DEBUG");
  EXPECT_EQ(http("GET /old\r\n")->uri, "/old");
  EXPECT_FALSE(http("GET /cut-in-the-mid")->header_complete);
  EXPECT_EQ(http("HTTP/1.1 404 Not Found\r\nContent-Length: 209\r\n\r\n")->content_length, 209U);
  EXPECT_FALSE(http("HELLO there\r\n"));
  EXPECT_FALSE(http("HTTP/1.1 xyz\r\n"));
}

TEST(Decode, AClientHelloTellsNameProtocolsAndVersions) {
  const Decoded decoded = decode(ipv4({}, tcp({.target = 8443}, client_hello("www.example.com"))), link_type::raw);
  EXPECT_EQ(decoded.sni, "www.example.com");
  ASSERT_TRUE(decoded.tls);
  EXPECT_THAT(decoded.tls->alpn, ElementsAre("h2", "http/1.1"));
  EXPECT_THAT(decoded.tls->versions, ElementsAre(0x0304, 0x0303));
}

}  // namespace

}  // namespace exhibit
