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
  const std::size_t looked_at = beyond + passed_over_at_most;
  const auto last = outbox_.last_in_turn(looked_at, passed_over_);
  std::size_t left = 0;
  for (const auto& [turn, id] : last) {
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
  // Many may wait for something else, too: the next time it goes on before them, and some time from the end again.
  const bool goes_on = left < beyond && last.size() == looked_at;
  passed_over_ = goes_on ? std::optional(last.back().first) : std::nullopt;
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
      const WallTime time = alert->time.ns ? wall_from_ns(*alert->time.ns) : now.wall;
      want(shelf_.of_group(group_of(said->sensor, *alert), time, settings_.group_window));
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
  const bool ends = std::holds_alternative<DeliveryEnded>(input) || std::holds_alternative<DeliveryLookedUp>(input);
  const std::size_t room = outbox_.room(now) + (ends ? 1 : 0);
  if (room > 0) want(shelf_.due(now, room, outbox_.due_turn(room - 1, now)));
  want(people_.due(now));
  return {wanted.begin(), wanted.end()};
}

void TenantEngine::bring_back(const IncidentRows& rows, Now now) {
  const auto entry = shelf_.take(rows.incident.id);
  if (!entry) return;
  captures_.bring_back(rows.captures);
  Incident& incident = remember(rows.incident, rows.first ? &*rows.first : nullptr);
  for (const ReportRow& report : rows.reports) incident.reports[report.capture] = report.report;
  outbox_.bring_back(rows.deliveries, entry->waiting, now);
}

}  // namespace exhibit
