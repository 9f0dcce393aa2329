#pragma once

#include <string>
#include <vector>

#include "packet/capture_read.h"
#include "packet/decode.h"

/// Decoded packets as text for people and programs. Pure, any thread; everything that came from the packet is
/// `harmless`.
namespace exhibit {

/// "IPv4 192.0.2.10 > 198.51.100.20 ttl 52; TCP 40112 > 80 PSH,ACK": the innermost addresses (tunnels are named before
/// them), without what the payload says. This is the line in the ticket.
std::string summary(const Decoded& decoded, ByteView bytes);

/// What the payload says, short: "HTTP GET /x", "HTTP 404 Not Found", "DNS query www.example.com", "TLS ClientHello
/// www.example.com", "SSH-2.0-OpenSSH_9.2", "Echo request", "94 bytes of payload"; empty when there is nothing to say.
std::string meaning(const Decoded& decoded, ByteView bytes);

/// Both in one line, for the packet list and `exhibit decode`.
std::string summary_line(const Decoded& decoded, ByteView bytes);

/// One entry a layer with its most telling fields: "IPv4: 192.0.2.10 > 198.51.100.20, ttl 52, id 0x1a2b, 60 bytes".
/// The last entry says why decoding stopped, if it did.
std::vector<std::string> layered_text(const Decoded& decoded, ByteView bytes);

/// Offset, sixteen bytes, ASCII; lines end in "\n". At most `bytes_max` bytes are shown and the rest is counted.
std::string hex_dump(ByteView bytes, std::size_t bytes_max = 65'536);

/// One object, no line end: {"frame", "time", "length", "captured", "layers", "vlan", "ip", "ports", "tcp_flags",
/// "dns", "http", "sni", "summary", "guessed_link", "stopped"}; absent is [] or null, never missing.
std::string decode_json_line(const CapturePacket& packet, const Decoded& decoded);
/// Number, time in UTC, lengths, summary_line; no line end.
std::string decode_text_line(const CapturePacket& packet, const Decoded& decoded);

/// "PSH,ACK"; "none" for 0.
std::string tcp_flags_text(std::uint16_t flags);
/// "tcp", "udp", "icmp", else the number.
std::string ip_protocol_text(std::uint8_t protocol);
/// "handshake failure (40)" (RFC 8446 6).
std::string tls_alert_text(std::uint8_t description);
/// "TLS 1.2", "SSL 3.0", else the number.
std::string tls_version_text(std::uint16_t version);
/// "echo request", "port unreachable", else type and code.
std::string icmp_text(const IcmpInfo& icmp);

}  // namespace exhibit
