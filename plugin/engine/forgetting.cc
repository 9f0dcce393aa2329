#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>

#include "engine/tenant_engine.h"

/// What leaves the memory: by age and by number, and with its rows.
namespace exhibit {
namespace {

constexpr Nanoseconds memory_of_incidents = std::chrono::hours{25};
constexpr Nanoseconds memory_of_open_tickets = std::chrono::hours{24 * 7};
constexpr std::size_t forgotten_until_events_are = 1000;

template <typename Incidents>
std::set<CaptureKey> named_by(const Incidents& incidents) {
  std::set<CaptureKey> keys;
  for (const auto& [id, incident] : incidents) keys.insert(incident.row.captures.begin(), incident.row.captures.end());
  return keys;
}

}  // namespace

bool TenantEngine::waits(const Incident& incident) const {
  return outbox_.holds(incident.row.id) || people_.holds(incident.row.id) || waits_for_captures(incident);
}

bool TenantEngine::waits_for_captures(const Incident& incident) const {
  const std::vector<CaptureKey>& named = incident.row.captures;
  return std::any_of(named.begin(), named.end(), [&](const CaptureKey& key) {
    const CaptureRow* capture = captures_.find(key);
    return capture && (!is_settled(capture->state) || awaits_report(incident, *capture));
  });
}

/// A ticket is polled by the desk's own id; what has none, as at a webhook, nobody can ask about.
bool TenantEngine::is_followed(const Incident& incident, Now now) const {
  const IncidentRow& row = incident.row;
  return settings_.round_trip && !row.ticket.empty() && !row.closed_at &&
         row.opened >= now.wall - memory_of_open_tickets;
}

bool TenantEngine::may_go(const IncidentId& id, Now now) const {
  const auto found = incidents_.find(id);
  if (found == incidents_.end()) return !shelf_.contains(id);
  return !waits(found->second) && !is_followed(found->second, now);
}

void TenantEngine::forget(const IncidentId& id) {
  if (!incidents_.contains(id)) return;
  people_.forget(id);
  leave_memory(id);
  if (++forgotten_ < forgotten_until_events_are) return;
  forgotten_ = 0;
  std::unordered_set<IncidentKey> known;
  for (const auto& [incident, row] : incidents_) known.insert(IncidentKey::of(incident));
  seen_.forget_events([&](const IncidentKey& held) { return !known.contains(held) && !shelf_.contains(held); });
}

void TenantEngine::leave_memory(const IncidentId& id) {
  const auto found = incidents_.find(id);
  const IncidentRow& row = found->second.row;
  const auto group = groups_.find(row.group);
  if (group != groups_.end() && std::erase(group->second, id) > 0 && group->second.empty()) groups_.erase(group);
  tickets_.erase(row.ticket);
  outbox_.forget(id);
  incidents_.erase(found);
}

void TenantEngine::gone(const RowsGone& rows) {
  for (const IncidentId& id : rows.incidents) forget(id);
  for (const CaptureKey& key : rows.captures) captures_.gone(key);
  for (const std::string& identity : rows.identities) seen_.forget(identity);
}

/// What nothing can touch any more leaves the memory; its rows stay.
void TenantEngine::forget_old(Now now) {
  last_forgetting_ = now.mono;
  const WallTime before = now.wall - memory_of_incidents;
  std::vector<IncidentId> old;
  for (const auto& [id, incident] : incidents_)
    if (incident.row.opened < before && !waits(incident) && !is_followed(incident, now)) old.push_back(id);
  for (const IncidentId& id : old) forget(id);
  captures_.forget_settled_before(before, named_by(incidents_));
}

/// In a storm those that nothing waits for go before their time: first those whose tickets nobody follows, then the
/// oldest. An alert of such a group opens an incident of its own.
void TenantEngine::forget_beyond(std::size_t most, Now now) {
  std::vector<std::tuple<bool, WallTime, IncidentId>> candidates;
  for (const auto& [id, incident] : incidents_)
    if (!waits(incident)) candidates.emplace_back(is_followed(incident, now), incident.row.opened, id);
  std::sort(candidates.begin(), candidates.end());
  const std::size_t count = std::min(candidates.size(), incidents_.size() > most ? incidents_.size() - most : 0);
  for (std::size_t i = 0; i < count; ++i) forget(std::get<2>(candidates[i]));
  // Not again before there are noticeably more, however many of them wait.
  incidents_until_forgetting_ = std::max(most, incidents_.size()) / 8 * 9;
  captures_.forget_settled_before(now.wall - settings_.group_window, named_by(incidents_));
}

}  // namespace exhibit
