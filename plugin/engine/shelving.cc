#include <algorithm>
#include <set>

#include "engine/tenant_engine.h"

/// What leaves the memory while it waits for its desk, and what brings it back.
namespace exhibit {
namespace {

constexpr std::size_t put_aside_at_once = 1000;
constexpr std::size_t passed_over_at_most = 64;  // Those that wait for something else, too.

}  // namespace

std::size_t TenantEngine::put_aside() {
  const std::size_t waiting = outbox_.waiting();
  if (waiting <= settings_.waiting_in_memory) return 0;
  const std::size_t beyond = std::min(waiting - settings_.waiting_in_memory, put_aside_at_once);
  std::size_t left = 0;
  for (const IncidentId& id : outbox_.last_in_turn(beyond + passed_over_at_most)) {
    if (left == beyond) break;
    const Incident& incident = incidents_.at(id);
    const auto place = outbox_.waits(id);
    const IncidentKey key = IncidentKey::of(id);
    // A ticket that stands is polled and answered; what has none is heard of by nobody else.
    if (!place || incident.row.ticket_at || people_.holds(id) || waits_for_captures(incident) || key.id() != id)
      continue;
    shelf_.put(key, {Shelf::group_hash(incident.row.group), incident.row.first_time, *place});
    leave_memory(id);
    ++left;
  }
  return left;
}

std::vector<IncidentId> TenantEngine::absent(const Input& input, Now now) const {
  if (shelf_.empty()) return {};
  std::set<IncidentId> wanted;
  const auto want = [&](const std::vector<IncidentId>& ids) {
    for (const IncidentId& id : ids)
      if (shelf_.contains(id)) wanted.insert(id);
  };
  const auto want_of = [&](const SensorId& sensor, std::string_view event_id) {
    if (const auto known = seen_.incident_of(sensor, event_id)) want({*known});
  };
  if (const auto* said = std::get_if<SensorSaid>(&input)) {
    for (const SensorEvent& event : said->batch.events) {
      const auto* const alert = std::get_if<IdsAlert>(&event);
      if (!alert) continue;
      want(shelf_.of_group(group_of(said->sensor, *alert)));
      if (alert->summary) want_of(said->sensor, alert->summary->initial_alert);
    }
  }
  if (const auto* asked = std::get_if<AdoptAsked>(&input)) {
    const AdoptionRow& order = asked->order;
    if (order.event_id.empty())
      want(shelf_.near(order.time, adoption_tolerance));
    else
      want_of(order.sensor, order.event_id);
  }
  // Those whose turn comes: as many as may go now, and one more when this input ends a call.
  const std::size_t room = outbox_.room(now) + (std::holds_alternative<DeliveryEnded>(input) ? 1 : 0);
  if (room > 0) want(shelf_.due(now, room, outbox_.due_turn(room - 1, now)));
  want(people_.due(now));
  return {wanted.begin(), wanted.end()};
}

void TenantEngine::bring_back(const Snapshot& rows, Now now, Reaction& out) {
  captures_.bring_back(rows.captures);
  for (const IncidentRow& row : rows.incidents) {
    const auto entry = shelf_.take(row.id);
    if (!entry) continue;
    const auto first = std::find_if(rows.alerts.begin(), rows.alerts.end(),
                                    [&](const AlertRow& alert) { return alert.identity == row.first_alert; });
    Incident& incident = remember(row, first == rows.alerts.end() ? nullptr : &*first);
    for (const ReportRow& report : rows.reports)
      if (report.incident == row.id) incident.reports[report.capture] = report.report;
    outbox_.bring_back(row.id, rows.deliveries, entry->waiting, now);
    for (const CaptureKey& key : row.captures)  // One that was fetched once more, meanwhile.
      if (const CaptureRow* capture = captures_.find(key); capture && awaits_report(incident, *capture))
        examine(*capture, incident, out);
  }
}

}  // namespace exhibit
