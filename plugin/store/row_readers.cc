#include "store/row_readers.h"

#include "base/text.h"
#include "engine/outbox.h"

namespace exhibit {

using sqlite::Statement;

IncidentRow read_incident(Statement& s) {
  IncidentRow row;
  row.id = {s.text()};
  row.correlation = {s.text()};
  row.link = {s.text()};
  row.group = s.text();
  row.first_alert = s.text();
  row.first_time = s.time();
  row.opened = s.time();
  row.severity = static_cast<Severity>(s.number());
  row.alerts = static_cast<std::uint64_t>(s.number());
  row.alerts_told = static_cast<std::uint64_t>(s.number());
  const std::string captures = s.text();
  for (const std::string_view key : split(captures, "\n"))
    if (auto parsed = CaptureKey::parse(key)) row.captures.push_back(std::move(*parsed));
  row.no_capture = parse_cause(s.text());
  row.ticket = s.text();
  row.number = s.text();
  row.url = s.text();
  row.ticket_at = s.maybe_time();
  row.remote_state = s.text();
  row.assignee = s.text();
  row.verdict = s.text();
  row.remote_version = s.text();
  row.closed_at = s.maybe_time();
  row.previous = {s.text()};
  row.mailed_at = s.maybe_time();
  return row;
}

CaptureRow read_capture(Statement& s) {
  CaptureRow row;
  row.key = CaptureKey::parse(s.text()).value_or(CaptureKey{});
  row.state = parse_capture_state(s.text()).value_or(CaptureState::lost);
  row.cause = parse_cause(s.text());
  const std::string proof = s.text(), incidents = s.text();
  for (const std::string_view clause : split(proof, "\n")) row.proof.emplace_back(clause);
  for (const std::string_view id : split(incidents, "\n")) row.incidents.push_back({std::string(id)});
  row.severity = static_cast<Severity>(s.number());
  row.on_demand = s.flag();
  row.heard = s.flag();
  row.completed = s.flag();
  row.refused = s.flag();
  row.attempts = static_cast<int>(s.number());
  row.named = s.time();
  row.due.wall = s.time();
  row.safe_until.wall = s.time();
  row.completed_at = s.maybe_time();
  row.settled_at = s.maybe_time();
  if (std::string evidence = s.text(); !evidence.empty()) row.evidence = EvidenceId{std::move(evidence)};
  row.bytes = static_cast<std::uint64_t>(s.number());
  row.trouble = parse_cause(s.text());
  return row;
}

DeliveryRow read_delivery(Statement& s) {
  DeliveryRow row;
  row.incident = {s.text()};
  row.order = static_cast<std::uint64_t>(s.number());
  row.id = delivery_id(row.incident, row.order);
  row.kind = parse_delivery_kind(s.text()).value_or(DeliveryKind::note);
  row.subject = s.text();
  row.state = parse_delivery_state(s.text()).value_or(DeliveryState::unknown);
  row.rung = static_cast<Rung>(s.number());
  row.attempt = static_cast<int>(s.number());
  row.severity = static_cast<Severity>(s.number());
  row.not_before.wall = s.time();
  row.certain_after.wall = s.time();
  row.cause = s.text();
  row.short_because = s.text();
  return row;
}

AdoptionRow read_adoption(Statement& s) {
  AdoptionRow row;
  row.ticket = s.text();
  row.number = s.text();
  row.sensor = {s.text()};
  row.event_id = s.text();
  row.time = s.time();
  row.attacker = s.text();
  row.target = s.text();
  row.by = s.text();
  row.asked = s.time();
  row.used = s.flag();
  return row;
}

ConditionRow read_condition(Statement& s) {
  ConditionRow row;
  row.key = s.text();
  row.id = {s.text()};
  row.text = s.text();
  row.since = s.time();
  row.heard = s.time();
  row.told = s.time();
  row.open = s.flag();
  row.ticket = s.text();
  row.number = s.text();
  return row;
}

CommentRow read_comment(Statement& s) {
  CommentRow row;
  row.incident = {s.text()};
  row.id = s.text();
  row.author = s.text();
  row.text = s.text();
  row.at = s.text();
  row.is_public = s.flag();
  row.heard = s.time();
  return row;
}

AlertRow read_alert(Statement& s) {
  AlertRow row;
  row.identity = s.text();
  row.incident = {s.text()};
  row.sequence = static_cast<std::uint64_t>(s.number());
  row.sensor = {s.text()};
  row.event_id = s.text();
  row.time = s.time();
  row.received = s.time();
  row.raw = s.text();
  return row;
}

}  // namespace exhibit
