#include <array>

#include "base/text.h"
#include "packet/decode_walk.h"

// What a payload is: by its first bytes where they tell, else by its port.

namespace exhibit::decoding {
namespace {

constexpr std::size_t first_line_max = 512;

struct Named {
  std::uint16_t port;
  std::string_view name;
};

/// Protocols whose first line a person can read.
constexpr std::array text_ports = {Named{21, "ftp"},   Named{25, "smtp"},    Named{110, "pop3"},   Named{119, "nntp"},
                                   Named{143, "imap"}, Named{465, "smtp"},   Named{514, "syslog"}, Named{587, "smtp"},
                                   Named{5060, "sip"}, Named{6379, "redis"}, Named{6667, "irc"}};

/// Protocols that are only named.
constexpr std::array tcp_ports = {
    Named{23, "telnet"},  Named{88, "kerberos"},   Named{111, "rpc"},     Named{179, "bgp"},   Named{389, "ldap"},
    Named{502, "modbus"}, Named{1433, "tds"},      Named{1521, "oracle"}, Named{1935, "rtmp"}, Named{3306, "mysql"},
    Named{3389, "rdp"},   Named{5432, "postgres"}, Named{5900, "vnc"}};
constexpr std::array udp_ports = {
    Named{67, "dhcp"},     Named{68, "dhcp"},    Named{69, "tftp"},    Named{88, "kerberos"}, Named{111, "rpc"},
    Named{123, "ntp"},     Named{137, "nbns"},   Named{138, "nbdgm"},  Named{161, "snmp"},    Named{162, "snmp"},
    Named{500, "isakmp"},  Named{520, "rip"},    Named{546, "dhcpv6"}, Named{547, "dhcpv6"},  Named{1812, "radius"},
    Named{1813, "radius"}, Named{4500, "isakmp"}};

template <std::size_t N>
std::string_view name_at(const std::array<Named, N>& table, const Walk& walk) {
  for (const std::uint16_t port : {walk.target_port, walk.source_port})
    for (const Named& each : table)
      if (each.port == port) return each.name;
  return {};
}

bool printable(std::uint8_t byte) { return byte == '\t' || (byte >= 0x20 && byte != 0x7F); }

/// Up to the line end; empty if it does not look like text.
std::string_view text_line(ByteView payload) {
  std::size_t length = 0;
  while (length < payload.size() && length < first_line_max && payload[length] != '\r' && payload[length] != '\n') {
    if (!printable(payload[length])) return {};
    ++length;
  }
  return as_text(payload.first(length));
}

bool read_text(Walk& walk, std::string_view name) {
  const std::string_view line = text_line(walk.rest());
  if (line.empty()) return false;
  walk.out.first_line = std::string(line);
  walk.take(name, walk.left());
  return true;
}

bool either_port(const Walk& walk, std::uint16_t port) { return walk.source_port == port || walk.target_port == port; }

/// DNS in TCP: two bytes of length, then the message. Only a message that begins in this segment can be read.
bool read_dns_stream(Walk& walk) {
  if (walk.left() < 14) return false;
  const std::size_t length = walk.u16(0);
  if (length < 12) return false;
  walk.at += 2;
  walk.bound(length);
  read_dns(walk, "dns");
  return true;
}

}  // namespace

void tcp_payload(Walk& walk) {
  if (read_http(walk) || read_tls(walk) || read_smb(walk)) return;
  if (as_text(walk.rest()).starts_with("SSH-") && read_text(walk, "ssh")) return;
  if (either_port(walk, 53) && read_dns_stream(walk)) return;
  if (const auto name = name_at(text_ports, walk); !name.empty() && read_text(walk, name)) return;
  if (const auto name = name_at(tcp_ports, walk); !name.empty()) return walk.take(name, walk.left());
  if (either_port(walk, 22)) walk.take("ssh", walk.left());
}

void udp_payload(Walk& walk) {
  if (either_port(walk, 53)) return read_dns(walk, "dns");
  if (either_port(walk, 5353)) return read_dns(walk, "mdns");
  if (either_port(walk, 5355)) return read_dns(walk, "llmnr");
  if (either_port(walk, 1900) && read_http(walk)) return;
  if (const auto name = name_at(text_ports, walk); !name.empty() && read_text(walk, name)) return;
  if (const auto name = name_at(udp_ports, walk); !name.empty()) return walk.take(name, walk.left());
  const bool quic_port = either_port(walk, 443) || either_port(walk, 4433);
  if (quic_port && (walk.u8(0) & 0xC0) == 0xC0 && walk.left() >= 7) walk.take("quic", walk.left());
}

namespace {

constexpr std::array<std::string_view, 19> smb2_commands = {
    "Negotiate",       "Session Setup", "Logoff",     "Tree Connect", "Tree Disconnect", "Create", "Close",
    "Flush",           "Read",          "Write",      "Lock",         "Ioctl",           "Cancel", "Echo",
    "Query Directory", "Change Notify", "Query Info", "Set Info",     "Oplock Break"};

std::string smb1_command(std::uint8_t command) {
  switch (command) {
    case 0x04: return "Close";
    case 0x24: return "Locking";
    case 0x25: return "Transaction";
    case 0x2B: return "Echo";
    case 0x2D: return "Open";
    case 0x2E: return "Read";
    case 0x2F: return "Write";
    case 0x32: return "Transaction2";
    case 0x71: return "Tree Disconnect";
    case 0x72: return "Negotiate";
    case 0x73: return "Session Setup";
    case 0x74: return "Logoff";
    case 0x75: return "Tree Connect";
    case 0xA0: return "NT Transaction";
    case 0xA2: return "NT Create";
    default: return cat("command ", command);
  }
}

}  // namespace

/// Behind the four bytes of the NetBIOS session service (RFC 1002 4.3).
bool read_smb(Walk& walk) {
  if (walk.left() < 9 || walk.u8(0) != 0) return false;
  const std::string_view magic = as_text(walk.view(4, 4));
  const bool first = magic == "\xffSMB", second = magic == "\xfeSMB";
  if (!first && !second) return false;
  walk.take("nbss", 4);
  if (first) {
    const bool reply = walk.left() > 9 && (walk.u8(9) & 0x80) != 0;
    walk.out.first_line = cat("SMB ", smb1_command(walk.u8(4)), reply ? " response" : " request");
  } else if (walk.left() >= 20) {
    const unsigned command = unsigned{walk.u8(12)} | unsigned{walk.u8(13)} << 8;
    const bool reply = (walk.u8(16) & 1) != 0;
    walk.out.first_line = cat("SMB2 ", command < smb2_commands.size() ? smb2_commands[command] : "unknown command",
                              reply ? " response" : " request");
  }
  walk.take(first ? "smb" : "smb2", walk.left());
  return true;
}

}  // namespace exhibit::decoding
