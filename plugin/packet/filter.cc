#include "packet/filter.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/limits.h"
#include "base/text.h"
#include "packet/address.h"

namespace exhibit {
namespace {

/// The words of the language (pcap-filter(7)). All other words would be looked up as names.
constexpr auto words = std::to_array<std::string_view>({"src",
                                                        "dst",
                                                        "host",
                                                        "net",
                                                        "mask",
                                                        "port",
                                                        "portrange",
                                                        "less",
                                                        "greater",
                                                        "proto",
                                                        "protochain",
                                                        "and",
                                                        "or",
                                                        "not",
                                                        "len",
                                                        "ether",
                                                        "link",
                                                        "ip",
                                                        "ip6",
                                                        "arp",
                                                        "rarp",
                                                        "tcp",
                                                        "udp",
                                                        "sctp",
                                                        "icmp",
                                                        "icmp6",
                                                        "igmp",
                                                        "igrp",
                                                        "pim",
                                                        "vrrp",
                                                        "carp",
                                                        "ah",
                                                        "esp",
                                                        "broadcast",
                                                        "multicast",
                                                        "inbound",
                                                        "outbound",
                                                        "vlan",
                                                        "mpls",
                                                        "pppoed",
                                                        "pppoes",
                                                        "geneve",
                                                        "llc",
                                                        "stp",
                                                        "ipx",
                                                        "netbeui",
                                                        "iso",
                                                        "clnp",
                                                        "esis",
                                                        "isis",
                                                        "ppp",
                                                        "radio",
                                                        "wlan",
                                                        "type",
                                                        "subtype",
                                                        "ifname",
                                                        "on",
                                                        "fddi",
                                                        "tr",
                                                        "slip",
                                                        "icmptype",
                                                        "icmpcode",
                                                        "icmp6type",
                                                        "icmp6code",
                                                        "tcpflags",
                                                        "tcp-fin",
                                                        "tcp-syn",
                                                        "tcp-rst",
                                                        "tcp-push",
                                                        "tcp-ack",
                                                        "tcp-urg",
                                                        "tcp-ece",
                                                        "tcp-cwr",
                                                        "icmp-echo",
                                                        "icmp-echoreply",
                                                        "icmp-unreach",
                                                        "icmp-redirect",
                                                        "icmp-timxceed",
                                                        "icmp-paramprob",
                                                        "icmp-sourcequench",
                                                        "icmp-tstamp",
                                                        "icmp-tstampreply",
                                                        "icmp-routeradvert",
                                                        "icmp-routersolicit",
                                                        "icmp6-echo",
                                                        "icmp6-echoreply",
                                                        "icmp6-destinationunreach",
                                                        "icmp6-packettoobig",
                                                        "icmp6-timeexceeded",
                                                        "icmp6-neighborsolicit",
                                                        "icmp6-neighboradvert"});

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == ':' || c == '-' || c == '/' || static_cast<unsigned char>(c) >= 0x80;
}

bool all_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

/// Numbers, ranges of them, addresses, networks and MAC addresses: what libpcap reads without asking anybody.
bool is_numeric(std::string_view token) {
  if (all_of(token, "0123456789.-/:")) return true;
  if (token.starts_with("0x") || token.starts_with("0X")) return all_of(token.substr(2), "0123456789abcdefABCDEF:");
  const std::string_view address = token.substr(0, token.find('/'));
  if (IpAddress::parse(address)) return true;
  const bool mac = std::count(token.begin(), token.end(), ':') == 5 && all_of(token, "0123456789abcdefABCDEF:");
  return mac;
}

bool is_word_or_number(std::string_view token) {
  return std::find(words.begin(), words.end(), token) != words.end() || is_numeric(token);
}

/// "tcp-syn" is one word, "len-40" is a subtraction.
bool is_known(std::string_view token) {
  if (is_word_or_number(token)) return true;
  const auto parts = split(token, "-/:");
  return std::all_of(parts.begin(), parts.end(), is_word_or_number);
}

std::optional<Error> refusal_of(std::string_view text) {
  constexpr std::size_t token_max = 64;
  if (text.size() > Filter::text_max)
    return Error{Errc::too_large,
                 cat("a filter may have ", Filter::text_max, " characters, this one has ", text.size())};
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\\' || text[at] == '"' || text[at] == '\0')
      return Error{Errc::bad_input, "a filter may not hold backslashes or quotes: write the protocol's number"};
    std::size_t end = at;
    while (end < text.size() && is_name_character(text[end])) ++end;
    const std::string_view token = text.substr(at, end - at);
    at = end == at ? at + 1 : end;
    if (token.empty()) continue;
    if (token.size() > token_max || !is_known(token))
      return Error{Errc::bad_input, cat("\"", harmless(cut_utf8(token, 40)),
                                        "\" is neither a word of the filter language nor a number; names "
                                        "are not looked up: write the address, the port or the protocol as a number")};
  }
  return std::nullopt;
}

struct Program {
  bpf_program code{};
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { pcap_freecode(&code); }
};

Result<std::unique_ptr<Program>> compile_for(const std::string& text, std::uint32_t link_type) {
  constexpr auto snaplen = static_cast<int>(limits::packet_bytes);
  // libpcap numbers raw IP by the system's DLT, which on Linux is 12; a file says 101.
  const int dlt = link_type == link_type::raw ? DLT_RAW : static_cast<int>(link_type);
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> dead(pcap_open_dead(dlt, snaplen), &pcap_close);
  if (!dead) return Error{Errc::unavailable, "libpcap could not start"};
  auto program = std::make_unique<Program>();
  if (pcap_compile(dead.get(), &program->code, text.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
    return Error{Errc::bad_input, cat("filter: ", harmless(pcap_geterr(dead.get())))};
  return program;
}

}  // namespace

struct Filter::Programs {
  static constexpr std::size_t link_types_max = 64;

  std::string text;
  std::map<std::uint32_t, std::unique_ptr<Program>> by_link;  // Empty pointer: does not compile for that link.

  const bpf_program* of(std::uint32_t link_type) {
    auto found = by_link.find(link_type);
    if (found == by_link.end()) {
      if (by_link.size() >= link_types_max) return nullptr;
      auto compiled = compile_for(text, link_type);
      found = by_link.emplace(link_type, compiled ? std::move(*compiled) : nullptr).first;
    }
    return found->second ? &found->second->code : nullptr;
  }
};

Filter::Filter(std::unique_ptr<Programs> programs) : programs_(std::move(programs)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

Result<Filter> Filter::compile(std::string_view text, std::uint32_t link_type) {
  if (auto refused = refusal_of(text)) return *refused;
  auto compiled = compile_for(std::string(text), link_type);
  if (!compiled) return compiled.error();
  auto programs = std::make_unique<Programs>();
  programs->text = std::string(text);
  programs->by_link.emplace(link_type, std::move(*compiled));
  return Filter(std::move(programs));
}

bool Filter::matches(const CapturePacket& packet) {
  const bpf_program* program = programs_->of(packet.link_type);
  if (program == nullptr) return false;
  pcap_pkthdr header{};
  header.caplen = static_cast<bpf_u_int32>(packet.bytes.size());
  header.len = packet.length;
  return pcap_offline_filter(program, &header, packet.bytes.data()) != 0;
}

}  // namespace exhibit
