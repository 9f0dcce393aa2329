#include "engine/shelf.h"

#include "base/assert.h"
#include "base/utc.h"

namespace exhibit {

void Shelf::put(const IncidentKey& incident, const Entry& entry) {
  EXHIBIT_ASSERT(entries_.emplace(incident, entry).second);
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

bool Shelf::is_near(const IncidentKey& key, WallTime time, Nanoseconds at_most) const {
  const Nanoseconds apart = elapsed(time, entries_.at(key).first_time);
  return apart <= at_most && apart >= -at_most;
}

std::vector<IncidentId> Shelf::near(WallTime time, Nanoseconds at_most) const {
  std::vector<IncidentId> ids;
  for (const Place& place : turns_)  // Not in the order of hashes, which could reach an output.
    if (is_near(place.incident, time, at_most)) ids.push_back(place.incident.id());
  return ids;
}

std::vector<IncidentId> Shelf::of_group(std::string_view group, WallTime time, Nanoseconds at_most) const {
  std::vector<IncidentId> ids;
  const auto [begin, end] = groups_.equal_range(group_hash(group));
  for (auto at = begin; at != end; ++at)
    if (is_near(at->second, time, at_most)) ids.push_back(at->second.id());
  return ids;
}

std::vector<IncidentId> Shelf::due(Now now, std::size_t most, const std::optional<Turn>& last) const {
  std::vector<IncidentId> ids;
  for_each_due(turns_, now, [&](const Place& place) {
    if (ids.size() == most || (last && *last < place)) return false;
    ids.push_back(place.incident.id());
    return true;
  });
  return ids;
}

std::optional<Turn> Shelf::first_due(Now now) const {
  std::optional<Turn> first;
  for_each_due(turns_, now, [&](const Place& place) { return first = place, false; });
  return first;
}

}  // namespace exhibit
