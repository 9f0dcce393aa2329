#include <algorithm>

#include "base/plants.h"
#include "engine/tenant_engine.h"
#include "incident/normalize.h"
#include "sensorproto/sdee/event_reader.h"

/// From rows to the engine that wrote them.
namespace exhibit {
namespace {

/// So long a sensor may still hold alerts whose tickets no row knows any more.
constexpr Nanoseconds doubt_after_rebuild = std::chrono::hours{24 * 7};

std::shared_ptr<const Alert> alert_of(const AlertRow& row, const TenantId& tenant) {
  Result<SensorEvent> event = read_event(row.raw);
  if (!event || !std::holds_alternative<IdsAlert>(*event)) return nullptr;
  return std::make_shared<const Alert>(
      normalize(std::move(std::get<IdsAlert>(*event)), tenant, row.sensor, row.received));
}

/// An incident whose first alert this version cannot read any more still owes what it owes.
std::shared_ptr<const Alert> what_is_left(const IncidentRow& row, const TenantId& tenant) {
  auto alert = std::make_shared<Alert>();
  alert->identity = row.first_alert;
  alert->tenant = tenant;
  alert->sensor = {row.group.substr(0, row.group.find(' '))};
  alert->time = row.first_time;
  alert->received = row.opened;
  alert->severity = row.severity;
  alert->signature_name = "an alert that cannot be read again";
  return alert;
}

}  // namespace

Reaction TenantEngine::restore(Snapshot rows, Now now) {
  Reaction out;
  seen_ = std::move(rows.seen);
  std::map<std::string, const AlertRow*> raw;
  for (const AlertRow& row : rows.alerts) {
    if (seen_.insert(row.identity)) seen_.belongs(row.sensor, row.event_id, row.incident);
    if (!row.raw.empty()) raw[row.identity] = &row;
  }
  for (const IncidentRow& row : rows.incidents) {
    const auto found = raw.find(row.first_alert);
    remember(row, found == raw.end() ? nullptr : found->second);
  }
  for (const AdoptionRow& row : rows.adoptions) adoptions_[row.id()] = row;
  poll_cursor_ = rows.poll_cursor;
  for (const ReportRow& row : rows.reports)
    if (const auto found = incidents_.find(row.incident); found != incidents_.end())
      found->second.reports[row.capture] = row.report;
  sequence_ = planted(Plant::sequence_forgotten) ? 0 : rows.sequence;
  counts_.alerts = rows.alerts_total;
  counts_.incidents = rows.incidents_total;
  counts_.gaps = rows.gaps_total;
  captures_.restore(rows.captures, rows.earlier_captures, now);
  operator_.restore(rows, now, out);
  expect_tickets(now);
  std::vector<DeliveryRow> ours;
  for (const DeliveryRow& row : rows.deliveries)
    if (!operator_.owns(row.id) && !people_.owns(row) && incidents_.contains(row.incident)) ours.push_back(row);
  people_.restore(rows.deliveries, now, out.facts);
  outbox_.restore(ours, now, out.facts);
  for (const WaitingRow& row : rows.waiting)
    shelf_.put(row.incident,
               {row.group, row.first_time, outbox_.place_of(row.severity, row.not_before, row.deliveries, now)});
  if (rows.rebuilt_at) after_rebuild(*rows.rebuilt_at, now, out);
  for (const DeliveryRow& row : outbox_.dead()) tell_of_dead(row, out);
  for (const auto& [id, incident] : incidents_)
    for (const CaptureKey& key : incident.row.captures)
      if (const CaptureRow* row = captures_.find(key); row && awaits_report(incident, *row))
        examine(*row, incident, out);
  pump(now, out);
  return out;
}

TenantEngine::Incident& TenantEngine::remember(const IncidentRow& row, const AlertRow* first) {
  auto alert = first ? alert_of(*first, settings_.tenant) : nullptr;
  if (!alert) alert = what_is_left(row, settings_.tenant);
  std::vector<IncidentId>& group = groups_[row.group];
  const auto later = [&](const IncidentId& other) { return incidents_.at(other).row.opened > row.opened; };
  group.insert(std::find_if(group.begin(), group.end(), later), row.id);
  if (!row.ticket.empty()) tickets_[row.ticket] = row.id;
  return incidents_.insert_or_assign(row.id, Incident{row, alert, alert, {}}).first->second;
}

/// Tickets stand that no row knows. They are found before any is made, for as long as old alerts may come again.
void TenantEngine::after_rebuild(WallTime rebuilt_at, Now now, Reaction& out) {
  const bool recent = now.wall - rebuilt_at < doubt_after_rebuild;
  if (recent) outbox_.doubt(rebuilt_at, rebuilt_at + doubt_after_rebuild);
  const TellOperator told{
      "store/rebuilt",
      recent
          ? "the store was damaged or gone, and was begun anew: what its sensors still hold is read again, tickets are "
            "found by their correlation ids, sealed captures by their files; the rest is a gap"
          : "",
      recent};
  operator_.tell(told, now, out.facts);
  out.effects.emplace_back(told);
}

}  // namespace exhibit
