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
  std::vector<IncidentId> leaving;
  std::size_t to_look_at = beyond + passed_over_at_most;
  std::optional<Turn> last;
  outbox_.from_the_last(passed_over_, [&](const IncidentId& id, const Turn& turn) {
    if (may_be_put_aside(id)) leaving.push_back(id);
    last = turn;
    return leaving.size() < beyond && --to_look_at > 0;
  });
  for (const IncidentId& id : leaving) {
    const IncidentRow& row = incidents_.at(id).row;
    shelf_.put(IncidentKey::of(id), {Shelf::group_hash(row.group), row.first_time, outbox_.waits(id).value()});
    leave_memory(id);
  }
  // Many may wait for something else, too: the next time it goes on before them, and some time from the end again.
  passed_over_ = to_look_at == 0 ? last : std::nullopt;
  return leaving.size();
}

/// It waits for its desk and for nothing else. A ticket that stands is polled and answered; what has none is heard of by
/// nobody else.
bool TenantEngine::may_be_put_aside(const IncidentId& id) const {
  const Incident& incident = incidents_.at(id);
  return !incident.row.ticket_at && !waits_for_captures(incident) && !people_.holds(id) && outbox_.waits(id) &&
         !IncidentKey::of(id).nobodys();
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
