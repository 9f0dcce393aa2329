#include "packet/answer_records.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "packet/summary.h"

namespace exhibit::answering {
namespace {

/// The bytes of the outermost IP packet, without link header and padding: what a trigger packet and its record in a
/// capture have in common.
ByteView ip_packet(const Decoded& decoded, ByteView bytes) {
  for (const Layer& layer : decoded.layers)
    if (layer.name == "ipv4" || layer.name == "ipv6") {
      const IpPair& ip = decoded.ip.front();
      const std::size_t end = std::min<std::size_t>(bytes.size(), std::size_t{ip.payload_offset} + ip.payload_length);
      return end > layer.offset ? bytes.subspan(layer.offset, end - layer.offset) : ByteView{};
    }
  return {};
}

/// Equal as far as both were captured, and that is more than two headers.
bool same_packet(ByteView left, ByteView right) {
  constexpr std::size_t telling = 40;
  const std::size_t common = std::min(left.size(), right.size());
  if (common == 0 || (common < telling && left.size() != right.size())) return false;
  return std::equal(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(common), right.begin());
}

struct Direction {
  std::size_t ip_index = 0;
  bool from_target = false;
};

/// Where a host attacks itself, only the ports tell who speaks.
bool speaks_from_target(const Decoded& decoded, std::size_t ip_index, const AlertFlow& flow) {
  for (const PortPair& ports : decoded.ports)
    if (ports.ip_index == ip_index)
      return ports.source == flow.target_port || (flow.attacker_port && ports.target == flow.attacker_port);
  return false;
}

/// The innermost header that runs between the two.
std::optional<Direction> direction_of(const Decoded& decoded, const AlertFlow& flow) {
  for (std::size_t i = decoded.ip.size(); i-- > 0;) {
    const IpPair& ip = decoded.ip[i];
    if (ip.source == flow.attacker && ip.target == flow.target && flow.attacker == flow.target)
      return Direction{i, speaks_from_target(decoded, i, flow)};
    if (ip.source == flow.attacker && ip.target == flow.target) return Direction{i, false};
    if (ip.source == flow.target && ip.target == flow.attacker) return Direction{i, true};
  }
  return std::nullopt;
}

bool port_fits(const std::optional<std::uint16_t>& wanted, const std::optional<std::uint16_t>& found) {
  return !wanted || (found && *found == *wanted);
}

bool fits(const AlertFlow& flow, const Record& record) {
  if (flow.protocol && record.protocol != *flow.protocol) return false;
  return port_fits(flow.attacker_port, record.attacker_port) && port_fits(flow.target_port, record.target_port);
}

void note_payload(Record& record, const Decoded& decoded, ByteView bytes) {
  record.payload = payload_of(decoded, bytes);
  record.on_wire = decoded.payload_claimed;
  if (decoded.http) {
    record.request = !decoded.http->method.empty();
    record.status = decoded.http->status;
    record.reason = decoded.http->reason;
    record.content_length = decoded.http->content_length;
  }
  if (decoded.tls) {
    constexpr std::uint8_t application_data = 23;
    record.tls = true;
    record.tls_data = !record.payload.empty() && record.payload[0] == application_data;
    record.tls_alert = decoded.tls->alert_description;
  }
  if (decoded.dns_info || !decoded.first_line.empty() || (decoded.tls && decoded.tls->server_hello))
    record.meaning = meaning(decoded, bytes);
}

Record record_of(const CapturePacket& packet, const Decoded& decoded, Direction direction) {
  const IpPair& ip = decoded.ip[direction.ip_index];
  Record record;
  record.time = packet.time;
  record.from_target = direction.from_target;
  record.protocol = ip.protocol;
  record.fragment = ip.fragment;
  record.later_fragment = ip.later_fragment;
  record.fragment_id = ip.fragment_id;
  record.fragment_offset = ip.fragment_offset;
  for (const PortPair& ports : decoded.ports) {
    if (ports.ip_index != direction.ip_index) continue;
    record.attacker_port = direction.from_target ? ports.target : ports.source;
    record.target_port = direction.from_target ? ports.source : ports.target;
  }
  if (direction.ip_index + 1 != decoded.ip.size()) {  // The two are a tunnel's ends; what it carries is payload.
    record.on_wire = ip.payload_length;
    return record;
  }
  if (decoded.tcp && record.target_port) {
    record.sequence = decoded.tcp->sequence;
    record.acknowledgement = decoded.tcp->acknowledgement;
    record.tcp_flags = decoded.tcp->flags;
  }
  record.transport_header = decoded.payload_offset - std::min(decoded.payload_offset, ip.payload_offset);
  note_payload(record, decoded, packet.bytes);
  return record;
}

/// An ICMP error about a packet of the attacker to the target, whoever sent it: to the attacker it is an answer.
std::optional<Record> icmp_record(const CapturePacket& packet, const Decoded& decoded, const AlertFlow& flow) {
  if (!decoded.icmp || !decoded.quoted) return std::nullopt;
  const QuotedPacket& quoted = *decoded.quoted;
  if (quoted.source != flow.attacker || quoted.target != flow.target) return std::nullopt;
  Record record;
  record.time = packet.time;
  record.from_target = true;
  record.protocol = quoted.protocol;
  record.attacker_port = quoted.source_port;
  record.target_port = quoted.target_port;
  record.icmp_error = icmp_text(*decoded.icmp);
  if (decoded.ip.front().source != flow.target)
    record.icmp_error += cat(", said by ", decoded.ip.front().source.text());
  return record;
}

/// Gives later fragments the ports of their first one, and their place in the stream.
void resolve_fragments(std::vector<Record>& records) {
  using Key = std::tuple<bool, std::uint8_t, std::uint32_t>;
  const auto key = [](const Record& record) { return Key{record.from_target, record.protocol, record.fragment_id}; };
  std::map<Key, std::size_t> firsts;
  for (std::size_t i = 0; i < records.size(); ++i)
    if (records[i].fragment && !records[i].later_fragment) firsts.emplace(key(records[i]), i);
  for (Record& record : records) {
    const auto found = record.later_fragment ? firsts.find(key(record)) : firsts.end();
    if (found == firsts.end()) continue;
    const Record& first = records[found->second];
    record.attacker_port = first.attacker_port;
    record.target_port = first.target_port;
    record.sequence = first.sequence + record.fragment_offset - first.transport_header;
    record.acknowledgement = first.acknowledgement;
    record.tcp_flags = first.tcp_flags & static_cast<std::uint16_t>(~unsigned{tcp_flag::rst});
  }
}

void note_packet(CaptureReport& report, const CapturePacket& packet, const Decoded& decoded, const AlertFlow& flow) {
  ++report.packets;
  report.bytes += packet.length;
  if (packet.time) {
    report.first = std::min(report.first.value_or(*packet.time), *packet.time);
    report.last = std::max(report.last.value_or(*packet.time), *packet.time);
  }
  for (const IpPair& ip : decoded.ip)
    for (const IpAddress& address : {ip.source, ip.target})
      if (address == flow.attacker || address == flow.target) report.addresses_match = true;
}

}  // namespace

Result<Collected> collect(ByteView file, const AlertFlow& flow, ByteView trigger_packet) {
  auto reader = CaptureReader::open(file);
  if (!reader) return reader.error();
  const Decoded trigger_decoded = decode(trigger_packet, link_unknown);
  const ByteView trigger = ip_packet(trigger_decoded, trigger_packet);
  Collected collected;
  CaptureReport& report = collected.report;
  while (const auto packet = reader->next()) {
    const Decoded decoded = decode(packet->bytes, packet->link_type, packet->length);
    note_packet(report, *packet, decoded, flow);
    const bool is_trigger = same_packet(trigger, ip_packet(decoded, packet->bytes));
    report.trigger_inside = report.trigger_inside || is_trigger;
    std::optional<Record> record = icmp_record(*packet, decoded, flow);
    const auto direction = direction_of(decoded, flow);
    if (!record && direction) record = record_of(*packet, decoded, *direction);
    if (!record) continue;
    record->is_trigger = is_trigger;
    collected.records.push_back(std::move(*record));
  }
  resolve_fragments(collected.records);
  for (Record& record : collected.records) {
    record.in_flow = fits(flow, record);
    if (!record.in_flow) continue;
    ++report.flow_packets;
    if (record.from_target) report.attacker_only = false;
  }
  report.broken = reader->broken().has_value();
  if (report.broken) report.broken_text = reader->broken()->text;
  return collected;
}

}  // namespace exhibit::answering
