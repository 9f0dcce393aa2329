#include "incident/normalize.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "incident/identity.h"
#include "packet/address.h"

namespace exhibit {
namespace {

struct Action {
  std::string_view wire, says;
};
constexpr std::array<Action, 9> blocking = {{{"droppedPacket", "packet dropped"},
                                             {"deniedFlow", "connection denied"},
                                             {"deniedAttacker", "attacker denied"},
                                             {"deniedAttackerServicePair", "attacker denied on this port"},
                                             {"deniedAttackerVictimPair", "attacker denied to this target"},
                                             {"tcpResetSent", "TCP reset sent"},
                                             {"tcpOneWayResetSent", "TCP reset sent"},
                                             {"shunRequested", "block requested from another device"},
                                             {"blockConnectionRequested", "block requested from another device"}}};

Endpoint endpoint_of(Participant& wire) {
  std::string os = wire.os_type == "unknown" ? "" : wire.os_type;
  if (!os.empty() && !wire.os_source.empty()) os = cat(wire.os_source, " OS: ", os);
  return {
      .address = canonical_address(wire.address), .port = wire.port, .locality = std::move(wire.locality), .os = std::move(os)};
}

Block block_of(const std::vector<std::string>& actions) {
  std::vector<std::string> done;
  bool wished = false;
  for (const std::string& action : actions) {
    const auto known =
        std::find_if(blocking.begin(), blocking.end(), [&](const Action& a) { return a.wire == action; });
    if (known != blocking.end() && std::find(done.begin(), done.end(), known->says) == done.end())
      done.emplace_back(known->says);
    wished = wished || action.ends_with("RequestedNotPerformed");
  }
  if (!done.empty()) return {Block::Kind::blocked, join(done, ", ")};
  return {wished ? Block::Kind::not_performed : Block::Kind::none_reported, {}};
}

bool asks_for_log(const std::string& action) {
  return action == "ipLoggingActivated" || (action.starts_with("log") && action.ends_with("PacketsActivated"));
}

}  // namespace

std::string canonical_address(const std::string& wire) {
  const auto parsed = IpAddress::parse(trim(wire));
  return parsed ? parsed->text() : defanged(cut_short(wire, 64));
}

std::string_view token(Severity severity) {
  constexpr std::array<std::string_view, 4> words = {"informational", "low", "medium", "high"};
  return words[static_cast<std::size_t>(severity)];
}

std::optional<Severity> parse_severity(std::string_view text) {
  for (const Severity severity : {Severity::informational, Severity::low, Severity::medium, Severity::high})
    if (equal_ignoring_case(text, token(severity))) return severity;
  return std::nullopt;
}

Alert normalize(IdsAlert&& event, const TenantId& tenant, const SensorId& sensor, WallTime received) {
  Alert alert;
  alert.identity = alert_identity(tenant, sensor, event.originator.host_id, event.event_id, event.time.raw);
  alert.tenant = tenant;
  alert.sensor = sensor;
  alert.host_id = std::move(event.originator.host_id);
  alert.event_id = std::move(event.event_id);
  alert.time_from_sensor = event.time.ns.has_value();
  alert.time = event.time.ns ? wall_from_ns(*event.time.ns) : received;
  alert.received = received;
  alert.signature_id = std::move(event.signature.id);
  alert.subsignature_id = std::move(event.signature.subsig_id);
  alert.signature_name = std::move(event.signature.description);
  alert.signature_details = std::move(event.signature.details);
  alert.signature_version = std::move(event.signature.version);
  alert.severity = parse_severity(trim(event.severity)).value_or(Severity::high);
  alert.risk = event.risk_rating;
  alert.threat = event.threat_rating;
  if (!event.attackers.empty()) alert.attacker = endpoint_of(event.attackers.front());
  alert.targets.reserve(event.targets.size());
  for (Participant& target : event.targets) alert.targets.push_back(endpoint_of(target));
  alert.block = block_of(event.actions);
  for (const IpLogId log : event.ip_logs) alert.logs.push_back(cat(log));
  alert.logging_requested = std::any_of(event.actions.begin(), event.actions.end(), asks_for_log);
  alert.actions = std::move(event.actions);
  alert.trigger_packet = std::move(event.trigger_packet.bytes);
  alert.trigger_problem = std::move(event.trigger_packet.problem);
  alert.context_from_attacker = std::move(event.context_from_attacker.bytes);
  alert.context_from_target = std::move(event.context_from_target.bytes);
  if (event.summary) alert.sum = AlertSum{event.summary->firings, std::move(event.summary->initial_alert)};
  alert.virtual_sensor = std::move(event.interface_group);
  alert.interface = std::move(event.interface);
  if (event.vlan != "0") alert.vlan = std::move(event.vlan);
  alert.protocol = to_lower(event.protocol);
  alert.details = std::move(event.alert_details);
  alert.altered = event.altered;
  return alert;
}

}  // namespace exhibit
