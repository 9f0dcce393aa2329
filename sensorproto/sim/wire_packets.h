#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/values.h"

/// Hand-made Ethernet frames with right lengths and checksums, for what the simulated sensor saw.
namespace exhibit::sim {

struct Peer {
  std::string address;  ///< IPv4, dotted.
  std::uint16_t port = 0;
};

/// One TCP connection as the wire shows it; sequence numbers follow from what was sent.
class TcpTalk {
 public:
  /// `vlan` 0: untagged.
  TcpTalk(Peer attacker, Peer target, std::uint16_t vlan = 0);

  static constexpr std::uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16;

  Bytes attacker(std::string_view payload, std::uint8_t flags = psh | ack);
  Bytes target(std::string_view payload, std::uint8_t flags = psh | ack);
  /// The attacker's frame once more, with the same sequence number: a retransmission.
  Bytes attacker_again(std::string_view payload);

 private:
  Bytes frame(bool from_attacker, std::string_view payload, std::uint8_t flags);

  Peer attacker_, target_;
  std::uint16_t vlan_;
  std::uint32_t sequence_[2] = {1000, 500'000};  // Attacker, target.
  std::uint16_t packet_id_[2] = {4711, 815};
};

/// An ICMP echo request.
Bytes icmp_echo(const std::string& source, const std::string& target, std::uint16_t sequence);

/// A UDP datagram.
Bytes udp_datagram(const Peer& source, const Peer& target, std::string_view payload);

}  // namespace exhibit::sim
