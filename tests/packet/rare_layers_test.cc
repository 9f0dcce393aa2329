#include <gmock/gmock.h>

#include "base/text.h"
#include "compose.h"
#include "packet/capture_read.h"
#include "packet/decode.h"
#include "packet/summary.h"

namespace exhibit {
namespace {

using compose::operator+;
using namespace compose;
using testing::ElementsAreArray;
using testing::HasSubstr;

std::vector<std::string> layers_of(const Decoded& decoded) {
  std::vector<std::string> names;
  for (const Layer& layer : decoded.layers) names.emplace_back(layer.name);
  return names;
}

Bytes web() { return ipv4({}, tcp({}, http_request())); }

TEST(RareLayers, WhatHasOnlyANameIsNamedAndEndsThere) {
  struct Row {
    std::uint16_t type;
    const char* name;
  };
  for (const auto& [type, name] :
       {Row{0x88CC, "lldp"}, {0x888E, "eapol"}, {0x8809, "slow"}, {0x88E5, "macsec"}, {0x9000, "loop"}})
    EXPECT_THAT(layers_of(decode(eth(type, zeros(46)), 1)), ElementsAreArray({"eth", name}));
  for (const auto& [type, name] :
       {Row{0xC021, "lcp"}, {0xC023, "pap"}, {0xC223, "chap"}, {0x8021, "ipcp"}, {0x8057, "ipv6cp"}, {0x80FD, "ccp"}})
    EXPECT_THAT(layers_of(decode(Bytes{0xFF, 3} + num(type, 2) + zeros(8), 9)), ElementsAreArray({"ppp", name}));
  for (const auto& [service, name] : {Row{0x42, "stp"}, {0xE0, "ipx"}, {0xF0, "netbios"}, {0xFE, "osi"}}) {
    const auto one = static_cast<std::uint8_t>(service);
    EXPECT_THAT(layers_of(decode(eth(20, Bytes{one, one, 3} + zeros(17)), 1)), ElementsAreArray({"eth", "llc", name}));
  }
  EXPECT_THAT(decode(eth(20, Bytes{0x77, 0x77, 3} + zeros(17)), 1).stopped, HasSubstr("LLC service 119"));
  EXPECT_THAT(decode(eth(0x88E5, zeros(46)), 1).stopped, HasSubstr("encrypted"));
}

TEST(RareLayers, FramesInFramesAreReadToTheEnd) {
  EXPECT_THAT(layers_of(decode(eth(0x88E7, num(1, 4) + eth(0x0800, web())), 1)),
              ElementsAreArray({"eth", "pbb", "eth", "ipv4", "tcp", "http"}));
  EXPECT_THAT(layers_of(decode(eth(static_cast<std::uint16_t>(web().size() + 3), Bytes{6, 6, 3} + web()), 1)),
              ElementsAreArray({"eth", "llc", "ipv4", "tcp", "http"}));
  EXPECT_THAT(layers_of(decode(eth(0x0800, ipv4({.protocol = 97}, Bytes{0x30, 0} + eth(0x0800, web()))), 1)),
              ElementsAreArray({"eth", "ipv4", "etherip", "eth", "ipv4", "tcp", "http"}));
  EXPECT_THAT(layers_of(decode(eth(0x0800, ipv4({.protocol = 103}, Bytes{0x21, 0, 0, 0, 0, 0, 0, 0} + web())), 1)),
              ElementsAreArray({"eth", "ipv4", "pim", "ipv4", "tcp", "http"}));
  EXPECT_THAT(layers_of(decode(eth(0x0800, ipv4({.protocol = 103}, Bytes{0x20, 0, 0, 0})), 1)),
              ElementsAreArray({"eth", "ipv4", "pim"}));
  EXPECT_THAT(layers_of(decode(Bytes{0xFF, 3, 0, 0x21} + web(), 0)), ElementsAreArray({"ppp", "ipv4", "tcp", "http"}))
      << "PPP under BSD null";
}

TEST(RareLayers, EachLinkTypeHasItsNameForPeople) {
  struct Row {
    std::uint32_t type;
    const char* name;
  };
  for (const auto& [type, name] : {Row{0, "BSD null"},
                                   {1, "Ethernet"},
                                   {9, "PPP"},
                                   {50, "PPP"},
                                   {51, "PPPoE"},
                                   {12, "raw IP"},
                                   {14, "raw IP"},
                                   {101, "raw IP"},
                                   {104, "Cisco HDLC"},
                                   {108, "OpenBSD loop"},
                                   {113, "Linux cooked"},
                                   {228, "raw IPv4"},
                                   {229, "raw IPv6"},
                                   {239, "NFLOG"},
                                   {276, "Linux cooked v2"},
                                   {147, "link type 147"},
                                   {link_type::not_a_packet, "record that is no packet"}})
    EXPECT_EQ(link_type::name_of(type), name);
}

TEST(RareLayers, TheCommandsOfSmbAreNamed) {
  const auto said = [](std::uint8_t command) {
    const Bytes smb = Bytes{0, 0, 0, 32, 0xFF, 'S', 'M', 'B', command} + zeros(27);
    return decode(eth(0x0800, ipv4({}, tcp({.target = 445}, smb))), 1).first_line;
  };
  EXPECT_THAT(said(0x72), HasSubstr("Negotiate"));
  EXPECT_THAT(said(0x73), HasSubstr("Session Setup"));
  EXPECT_THAT(said(0x25), HasSubstr("Transaction"));
  EXPECT_THAT(said(0xA2), HasSubstr("NT Create"));
  EXPECT_THAT(said(0x01), HasSubstr("command 1"));
}

}  // namespace
}  // namespace exhibit
