#include <algorithm>
#include <map>

#include "base/text.h"
#include "packet/capture_read.h"
#include "packet/flow.h"
#include "sensorproto/sim/scenario.h"

/// Any capture file as the sensor's traffic.
namespace exhibit::sim {
namespace {

constexpr std::size_t alerts_max = 200;

struct Seen {
  WallTime time;
  Bytes bytes;
  std::uint32_t original_length = 0, link_type = 0;
  std::optional<FlowPacket> flow;
};

struct FlowAlert {
  std::size_t first = 0;              ///< Index of the flow's first packet.
  std::optional<std::size_t> loaded;  ///< Index of its first packet with payload.
  [[nodiscard]] std::size_t trigger() const { return loaded.value_or(first); }
};

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case ip_protocol::tcp: return "tcp";
    case ip_protocol::udp: return "udp";
    case ip_protocol::icmp:
    case ip_protocol::icmpv6: return "icmp";
    default: return cat("IP protocol ", protocol);
  }
}

class Capture final : public Scenario {
 public:
  Capture(std::vector<Seen> packets, std::vector<FlowAlert> alerts)
      : packets_(std::move(packets)), alerts_(std::move(alerts)) {}

  bool play(Stage& stage, std::chrono::milliseconds, WallTime now) override {
    if (!moved_) move_to(now);
    while (next_ < alerts_.size() && stage.can_record(attacker_of(alerts_[next_]))) raise(stage, alerts_[next_++]);
    return next_ < alerts_.size();
  }

 private:
  [[nodiscard]] std::string attacker_of(const FlowAlert& alert) const {
    return packets_[alert.first].flow->sender.address.text();
  }

  void move_to(WallTime now);
  void raise(Stage& stage, const FlowAlert& alert) const;
  [[nodiscard]] SimAlert alert_of(const FlowAlert& alert) const;
  [[nodiscard]] std::vector<Heard> traffic_after(const FlowAlert& alert) const;

  std::vector<Seen> packets_;
  std::vector<FlowAlert> alerts_;
  std::size_t next_ = 0;
  bool moved_ = false;
};

void Capture::move_to(WallTime now) {
  moved_ = true;
  const auto latest =
      std::max_element(packets_.begin(), packets_.end(), [](const Seen& a, const Seen& b) { return a.time < b.time; });
  const Nanoseconds shift = now - latest->time;
  for (Seen& packet : packets_) packet.time += shift;
}

SimAlert Capture::alert_of(const FlowAlert& alert) const {
  const FlowPacket& flow = *packets_[alert.first].flow;
  const std::string protocol = protocol_name(flow.key.protocol);
  const std::string where = flow.has_ports ? cat(protocol, " port ", flow.receiver.port) : protocol;
  SimAlert made{.signature = {.id = 100'000U * flow.key.protocol + flow.receiver.port,
                              .name = cat("Recorded traffic to ", where),
                              .details = cat("First packet of a recorded flow to ", where),
                              .version = "S1",
                              .type = "other",
                              .mars_category = "Info/AllSession"},
                .protocol = protocol,
                .attacker = {flow.sender.address.text(), flow.sender.port},
                .targets = {{flow.receiver.address.text(), flow.receiver.port}}};
  made.trigger = packets_[alert.trigger()].bytes;
  return made;
}

/// Every later packet from or to the attacker. A classic capture has one link type, so others are left out.
std::vector<Heard> Capture::traffic_after(const FlowAlert& alert) const {
  const IpAddress attacker = packets_[alert.first].flow->sender.address;
  const Seen& trigger = packets_[alert.trigger()];
  std::vector<Heard> traffic;
  for (std::size_t i = alert.trigger() + 1; i < packets_.size(); ++i) {
    const Seen& packet = packets_[i];
    if (!packet.flow || packet.link_type != trigger.link_type) continue;
    if (packet.flow->sender.address != attacker && packet.flow->receiver.address != attacker) continue;
    traffic.push_back({packet.time - trigger.time, packet.bytes, packet.original_length});
  }
  return traffic;
}

void Capture::raise(Stage& stage, const FlowAlert& alert) const {
  Recording recording{.link_type = packets_[alert.trigger()].link_type};
  // An open log holds all later packets of this attacker already.
  if (!stage.recording(attacker_of(alert))) recording.traffic = traffic_after(alert);
  stage.raise(alert_of(alert), recording, packets_[alert.trigger()].time);
}

std::vector<Seen> packets_of(CaptureReader& reader) {
  std::vector<Seen> packets;
  WallTime last{};
  while (const auto packet = reader.next()) {
    if (packet->link_type == link_type::not_a_packet) continue;
    last = packet->time.value_or(last);
    packets.push_back({.time = last,
                       .bytes = Bytes(packet->bytes.begin(), packet->bytes.end()),
                       .original_length = packet->length,
                       .link_type = packet->link_type,
                       .flow = flow_of(decode(packet->bytes, packet->link_type, packet->length))});
  }
  return packets;
}

std::vector<FlowAlert> alerts_of(const std::vector<Seen>& packets) {
  std::vector<FlowAlert> alerts;
  std::map<FlowKey, std::size_t> places;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (!packets[i].flow) continue;
    const auto [place, fresh] = places.emplace(packets[i].flow->key, alerts.size());
    if (fresh) alerts.push_back({.first = i, .loaded = std::nullopt});
    FlowAlert& alert = alerts[place->second];
    if (!alert.loaded && packets[i].flow->payload_length > 0) alert.loaded = i;
  }
  if (alerts.size() > alerts_max) alerts.resize(alerts_max);
  return alerts;
}

}  // namespace

Result<std::unique_ptr<Scenario>> capture_scenario(const Bytes& file) {
  Result<CaptureReader> reader = CaptureReader::open(file);
  if (!reader) return reader.error();
  std::vector<Seen> packets = packets_of(*reader);
  std::vector<FlowAlert> alerts = alerts_of(packets);
  if (alerts.empty()) return Error{Errc::bad_input, "the capture holds no IP flow"};
  return std::unique_ptr<Scenario>(std::make_unique<Capture>(std::move(packets), std::move(alerts)));
}

}  // namespace exhibit::sim
