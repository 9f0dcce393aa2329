#include "incident/ticket_words.h"

#include <algorithm>

#include "base/text.h"
#include "base/utc.h"

namespace exhibit {

bool is_ours(const TicketView& view, const std::string& address) {
  const auto parsed = IpAddress::parse(address);
  return parsed &&
         std::any_of(view.networks.begin(), view.networks.end(), [&](const Network& n) { return n.contains(*parsed); });
}

std::string attacker_name(const Alert& alert) { return alert.attacker ? alert.attacker->address : "unknown source"; }

std::string target_name(const Alert& alert) {
  if (alert.targets.empty()) return "unknown target";
  if (alert.targets.size() == 1) return address_with_port(alert.targets.front());
  return cat(alert.targets.size(), " targets");
}

std::string signature_name(const Alert& alert) {
  const std::string name = alert.signature_name.empty() ? alert.signature_details : alert.signature_name;
  return name.empty() ? cat("signature ", defanged(cut_short(alert.signature_id, 20))) : defanged(cut_short(name, 120));
}

std::string short_block(const Alert& alert) {
  switch (alert.block.kind) {
    case Block::Kind::blocked: return "blocked";
    case Block::Kind::not_performed: return "would have been blocked";
    case Block::Kind::none_reported: break;
  }
  return "no block reported";
}

std::string who_to_whom(const Alert& alert) {
  if (!alert.attacker && alert.targets.empty()) return cat("sensor ", harmless(alert.sensor.text), " saw");
  return cat(attacker_name(alert), " > ", target_name(alert));
}

std::string spoken_time(const Zone& zone, WallTime time) {
  const Zone::Local local = zone.at(time);
  const std::string here = cat(long_date(local.civil), " ", clock_seconds(local.civil), " ", local.abbreviation);
  return zone.is_utc() ? here : cat(here, " (", clock_seconds(civil_of(time)), " UTC)");
}

std::string clock_zone(const Zone& zone, WallTime time) {
  const Zone::Local local = zone.at(time);
  return cat(clock_seconds(local.civil), " ", local.abbreviation);
}

std::string minute_zone(const Zone& zone, WallTime time, WallTime day) {
  const Zone::Local local = zone.at(time);
  const std::string clock = cat(clock_seconds(local.civil).substr(0, 5), " ", local.abbreviation);
  const std::string date = long_date(local.civil);
  return date == long_date(zone.at(day).civil) ? clock : cat(std::string_view(date).substr(0, 6), " ", clock);
}

std::string capture_words(const TicketView& view, const CaptureView& capture) {
  switch (capture.state) {
    case CaptureState::expected:
      if (capture.on_demand) return "on the sensor, fetched on demand: open the link and ask for it";
      [[fallthrough]];
    case CaptureState::recording:
    case CaptureState::due:
    case CaptureState::fetching:
      return capture.ready_expected ? cat("recording, expected about ", clock_zone(view.zone, *capture.ready_expected),
                                          "; this link will fill in")
                                    : "pending; this link will fill in";
    case CaptureState::sealed_complete: return "ready at the link";
    case CaptureState::sealed_partial:
      return cat("ready at the link, not complete",
                 capture.cause == CaptureCause::none ? "" : cat(": ", sentence(capture.cause)));
    case CaptureState::lost: return cat("LOST: ", sentence(capture.cause));
  }
  return {};
}

std::string endpoint_words(const TicketView& view, const Endpoint& endpoint) {
  std::string place = is_ours(view, endpoint.address)                 ? cat(view.tenant_name, ", inside")
                      : equal_ignoring_case(endpoint.locality, "OUT") ? "outside"
                      : equal_ignoring_case(endpoint.locality, "IN")  ? "inside"
                                                                      : defanged(cut_short(endpoint.locality, 40));
  if (!endpoint.os.empty()) place += cat(place.empty() ? "" : "; ", defanged(cut_short(endpoint.os, 60)));
  return cat(address_with_port(endpoint), place.empty() ? "" : cat(" (", place, ")"));
}

std::string signature_words(const Alert& alert) {
  std::string words = cat(defanged(cut_short(alert.signature_id, 20)));
  if (!alert.subsignature_id.empty()) words += cat("/", defanged(cut_short(alert.subsignature_id, 10)));
  words += cat(" ", signature_name(alert));
  if (!alert.signature_version.empty()) words += cat(", ", defanged(cut_short(alert.signature_version, 30)));
  words += cat(", severity ", token(alert.severity));
  if (alert.risk) words += cat(", risk ", *alert.risk);
  if (alert.threat) words += cat(", threat ", *alert.threat);
  return words;
}

std::string sensor_words(const Alert& alert) {
  std::string words = harmless(alert.sensor.text);
  for (const std::string& part : {alert.virtual_sensor, alert.interface})
    if (!part.empty()) words += cat(" ", defanged(cut_short(part, 30)));
  if (!alert.vlan.empty()) words += cat(" vlan ", defanged(cut_short(alert.vlan, 8)));
  return cat(words, ", event ", defanged(cut_short(alert.event_id, 24)));
}

std::string answer_words(const TicketView& view) {
  if (view.captures.empty()) return "cannot be told (no capture).";
  const CaptureView& capture = view.captures.front();
  if (is_sealed(capture.state)) {
    if (!capture.report || !capture.report->answer) return "this flow is not in the capture.";
    return cat(answer_text(*capture.report->answer), ".");
  }
  return capture.state == CaptureState::lost ? "cannot be told from packets (capture lost)."
                                             : "NOT YET KNOWN (capture pending).";
}

}  // namespace exhibit
