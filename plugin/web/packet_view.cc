#include "web/packet_view.h"

#include <algorithm>

#include "base/text.h"
#include "base/utc.h"
#include "packet/filter.h"
#include "packet/flow.h"
#include "packet/summary.h"

namespace exhibit::web {
namespace {

constexpr std::size_t payload_shown = 16'384, info_max = 240;

bool fits(const FlowPacket& packet, const FlowEnd& from, const FlowEnd& to, const AlertFlow& flow) {
  const auto port_fits = [&](const std::optional<std::uint16_t>& wanted, std::uint16_t port) {
    return !wanted || !packet.has_ports || *wanted == port;
  };
  return from.address == flow.attacker && to.address == flow.target && port_fits(flow.attacker_port, from.port) &&
         port_fits(flow.target_port, to.port) && (!flow.protocol || *flow.protocol == packet.key.protocol);
}

void mark_flow(PacketRow& row, const Decoded& decoded, const std::optional<AlertFlow>& flow) {
  const std::optional<FlowPacket> packet = flow ? flow_of(decoded) : std::nullopt;
  if (!packet) return;
  row.from_target = fits(*packet, packet->receiver, packet->sender, *flow);
  row.answers = row.from_target && packet->payload_length > 0;
  row.in_flow = row.from_target || fits(*packet, packet->sender, packet->receiver, *flow);
}

std::string end_text(const IpAddress& address, std::optional<std::uint16_t> port) {
  if (!port) return address.text();
  return address.is_v6() ? cat("[", address.text(), "]:", *port) : cat(address.text(), ":", *port);
}

/// The addresses have columns of their own, so what remains: "TCP PSH,ACK · HTTP GET /x".
std::string info_text(const Decoded& decoded, ByteView bytes) {
  std::string info;
  if (!decoded.ports.empty()) {
    info = to_upper(ip_protocol_text(decoded.ports.back().protocol));
    if (decoded.tcp_flags) info += cat(" ", tcp_flags_text(*decoded.tcp_flags));
  } else if (!decoded.layers.empty()) {
    info = to_upper(decoded.layers.back().name);
  }
  const std::string said = meaning(decoded, bytes);
  if (!said.empty()) info += cat(info.empty() ? "" : " · ", said);
  if (!decoded.stopped.empty()) info += cat(" (decoded this far: ", decoded.stopped, ")");
  return std::string(cut_utf8(info, info_max));
}

std::string since_text(const CapturePacket& packet, const std::optional<WallTime>& first) {
  if (!packet.time || !first) return "-";
  const std::int64_t micros = (*packet.time - *first).count() / 1000;
  const std::string digits = cat(std::abs(micros) % 1'000'000);
  return cat(micros < 0 ? "-" : "", std::abs(micros) / 1'000'000, ".", std::string(6 - digits.size(), '0'), digits);
}

PacketRow row_of(const CapturePacket& packet, const std::optional<WallTime>& first,
                 const std::optional<AlertFlow>& flow) {
  const Decoded decoded = decode(packet.bytes, packet.link_type, packet.length);
  PacketRow row;
  row.number = packet.number;
  row.time = since_text(packet, first);
  row.info = info_text(decoded, packet.bytes);
  if (!decoded.ip.empty()) {
    const IpPair& ip = decoded.ip.back();
    const bool ports = !decoded.ports.empty() && decoded.ports.back().ip_index + 1 == decoded.ip.size();
    row.source = end_text(ip.source, ports ? std::optional(decoded.ports.back().source) : std::nullopt);
    row.target = end_text(ip.target, ports ? std::optional(decoded.ports.back().target) : std::nullopt);
  }
  mark_flow(row, decoded, flow);
  return row;
}

bool is_text(std::string_view payload) {
  const auto printable = std::count_if(payload.begin(), payload.end(), [](char c) {
    return (c >= 0x20 && c < 0x7F) || c == '\r' || c == '\n' || c == '\t';
  });
  return !payload.empty() && static_cast<std::size_t>(printable) * 100 >= payload.size() * 85;
}

}  // namespace

Result<PacketList> list_packets(ByteView file, const std::optional<AlertFlow>& flow, std::string_view filter,
                                std::uint64_t skip) {
  Result<CaptureReader> reader = CaptureReader::open(file);
  if (!reader) return reader.error();
  PacketList list;
  std::optional<Filter> chosen;
  std::optional<WallTime> first;
  while (const std::optional<CapturePacket> packet = reader->next()) {
    ++list.packets;
    if (!first) first = packet->time;
    if (!chosen) {
      Result<Filter> compiled = Filter::compile(filter, packet->link_type);
      if (!compiled) return compiled.error();
      chosen.emplace(std::move(*compiled));
    }
    if (!chosen->matches(*packet)) continue;
    ++list.matching;
    if (list.matching <= skip)
      ++list.skipped;
    else if (list.rows.size() < rows_max)
      list.rows.push_back(row_of(*packet, first, flow));
  }
  if (reader->broken()) list.broken = reader->broken()->text;
  return list;
}

PacketDetail packet_detail(ByteView bytes, std::uint32_t link_type, std::size_t original_length) {
  const Decoded decoded = decode(bytes, link_type, original_length);
  PacketDetail detail;
  detail.summary = summary_line(decoded, bytes);
  detail.layers = layered_text(decoded, bytes);
  const ByteView payload = payload_of(decoded, bytes);
  const std::string_view said = as_text(payload.first(std::min(payload.size(), payload_shown)));
  if (is_text(said)) detail.payload = std::string(said.substr(0, said.find_last_not_of("\r\n") + 1));
  detail.hex = hex_dump(bytes, payload_shown);
  return detail;
}

Result<PacketDetail> packet_detail(ByteView file, std::uint64_t number) {
  Result<CaptureReader> reader = CaptureReader::open(file);
  if (!reader) return reader.error();
  while (const std::optional<CapturePacket> packet = reader->next()) {
    if (packet->number != number) continue;
    PacketDetail detail = packet_detail(packet->bytes, packet->link_type, packet->length);
    detail.number = number;
    if (packet->time) detail.time_utc = iso_utc(*packet->time);
    return detail;
  }
  return Error{Errc::not_found, "the capture has no packet of this number"};
}

}  // namespace exhibit::web
