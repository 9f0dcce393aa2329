#include "runner/egress.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>

namespace exhibit::egress {
namespace {

bool reaches(const char* address) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (::inet_pton(AF_INET, address, &v4.sin_addr) == 1) return may_reach(reinterpret_cast<const sockaddr*>(&v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  EXPECT_EQ(::inet_pton(AF_INET6, address, &v6.sin6_addr), 1) << address;
  return may_reach(reinterpret_cast<const sockaddr*>(&v6));
}

class Egress : public ::testing::Test {
 protected:
  void TearDown() override { ASSERT_TRUE(allow({})); }
};

TEST_F(Egress, InnerAddressesAreOutOfReachInEveryForm) {
  for (const char* inner : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
                            "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1",
                            "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "ff02::1"})
    EXPECT_FALSE(reaches(inner)) << inner;
  for (const char* outer : {"198.51.100.7", "172.32.0.1", "2001:db8::1", "100.128.0.1"})
    EXPECT_TRUE(reaches(outer)) << outer;
}

TEST_F(Egress, WhatIsAllowedIsReachedAndNothingBesideIt) {
  ASSERT_TRUE(allow({"10.1.0.0/16", "127.0.0.1", "fd00::/8"}));
  for (const char* inside : {"10.1.2.3", "127.0.0.1", "fd12::1", "::ffff:10.1.0.1"})
    EXPECT_TRUE(reaches(inside)) << inside;
  for (const char* beside : {"10.2.0.1", "127.0.0.2", "fe80::1"}) EXPECT_FALSE(reaches(beside)) << beside;
}

TEST_F(Egress, ANetworkThatIsNoneIsRefused) {
  for (const char* bad : {"", "10.0.0.0/33", "host", "10.0.0.0/x", "fd00::/129"}) EXPECT_FALSE(allow({bad})) << bad;
}

TEST_F(Egress, TheProcessOwnConnectObeys) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), -1);
  EXPECT_EQ(errno, EACCES);
  ::close(fd);
}

}  // namespace
}  // namespace exhibit::egress
