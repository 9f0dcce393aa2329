#include "engine/shelf.h"

#include <limits>

#include "base/utc.h"

namespace exhibit {

void Shelf::put(const IncidentKey& incident, const Entry& entry) {
  entries_.emplace(incident, entry);
  groups_.emplace(entry.group, incident);
  turns_.insert(Place{entry.waiting.turn, incident});
  deliveries_ += entry.waiting.deliveries;
}

std::optional<Shelf::Entry> Shelf::take(const IncidentId& id) {
  const auto found = entries_.find(IncidentKey::of(id));
  if (found == entries_.end()) return std::nullopt;
  const auto [incident, entry] = *found;
  entries_.erase(found);
  turns_.erase(Place{entry.waiting.turn, incident});
  deliveries_ -= entry.waiting.deliveries;
  auto [at, end] = groups_.equal_range(entry.group);
  while (at != end && at->second != incident) ++at;
  if (at != end) groups_.erase(at);
  return entry;
}

std::vector<IncidentId> Shelf::of_group(std::string_view group) const {
  std::vector<IncidentId> ids;
  const auto [begin, end] = groups_.equal_range(group_hash(group));
  for (auto at = begin; at != end; ++at) ids.push_back(at->second.id());
  return ids;
}

std::vector<IncidentId> Shelf::near(WallTime time, Nanoseconds at_most) const {
  std::vector<IncidentId> ids;
  for (const Place& place : turns_) {  // Not in the order of hashes, which could reach an output.
    const Nanoseconds apart = elapsed(time, entries_.at(place.incident).first_time);
    if (apart <= at_most && apart >= -at_most) ids.push_back(place.incident.id());
  }
  return ids;
}

Shelf::Turns::const_iterator Shelf::behind_severity(const Place& place) const {
  return turns_.upper_bound({{place.severity, MonoTime::max(), std::numeric_limits<std::uint64_t>::max()}, {}});
}

std::vector<IncidentId> Shelf::due(Now now, std::size_t most, const std::optional<Outbox::Turn>& last) const {
  std::vector<IncidentId> ids;
  for (auto at = turns_.begin(); at != turns_.end() && ids.size() < most;) {
    if (last && *last < *at) break;
    if (at->at <= now.mono)
      ids.push_back((at++)->incident.id());
    else
      at = behind_severity(*at);  // Those behind it are due later still.
  }
  return ids;
}

std::optional<MonoTime> Shelf::next_turn() const {
  std::optional<MonoTime> earliest;
  for (auto at = turns_.begin(); at != turns_.end(); at = behind_severity(*at))
    earliest = std::min(earliest.value_or(at->at), at->at);
  return earliest;
}

}  // namespace exhibit
