#include "packet/address.h"

#include <gmock/gmock.h>

namespace exhibit {
namespace {

std::string canonical(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->text() : "(no address)";
}

TEST(Address, TextIsCanonical) {
  EXPECT_EQ(canonical("192.0.2.10"), "192.0.2.10");
  EXPECT_EQ(canonical("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(canonical("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");  // RFC 5952 4.2.2: one group is not shortened.
  EXPECT_EQ(canonical("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  EXPECT_EQ(canonical("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");  // The first of two equal runs.
  EXPECT_EQ(canonical("::"), "::");
  EXPECT_EQ(canonical("1::"), "1::");
  EXPECT_EQ(canonical("::ffff:192.0.2.1"), "::ffff:192.0.2.1");
  EXPECT_EQ(canonical("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
}

TEST(Address, WhatCouldMeanTwoThingsIsRefused) {
  for (const char* text : {"", "192.0.2", "192.0.2.256", "192.0.2.010", "192.0.2.1.1", " 192.0.2.1", "0x7f.0.0.1",
                           "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":1", "1:", "12345::", "fe80::1%eth0",
                           "[::1]", "::1.2.3", "g::", "1:2:3:4:5:6:7::8"})
    EXPECT_EQ(canonical(text), "(no address)") << text;
}

TEST(Address, ANetworkHoldsItsAddresses) {
  const auto network = Network::parse("198.51.100.0/25");
  ASSERT_TRUE(network);
  EXPECT_TRUE(network->contains(*IpAddress::parse("198.51.100.127")));
  EXPECT_FALSE(network->contains(*IpAddress::parse("198.51.100.128")));
  EXPECT_FALSE(network->contains(*IpAddress::parse("::1")));
  EXPECT_EQ(network->text(), "198.51.100.0/25");
  EXPECT_TRUE(Network::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:7fff::1")));
  EXPECT_FALSE(Network::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:8000::1")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("203.0.113.9")));
  EXPECT_EQ(Network::parse("192.0.2.1")->prefix, 32);
}

TEST(Address, ASlipOfThePenInANetworkIsSeen) {
  for (const char* text :
       {"198.51.100.1/24", "198.51.100.0/33", "198.51.100.0/", "198.51.100.0/-1", "2001:db8::1/64", "/24"})
    EXPECT_FALSE(Network::parse(text)) << text;
}

}  // namespace
}  // namespace exhibit
