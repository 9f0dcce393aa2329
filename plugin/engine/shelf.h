#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/incident_key.h"
#include "engine/outbox.h"

namespace exhibit {

/// Incidents that wait for their desk and for nothing else, while it owes more than memory should hold: of each only
/// what finds it when its turn comes or an alert belongs to it. Its rows hold the rest.
///
///   in memory --beyond `waiting_in_memory`, the last in turn first--> on the shelf
///      ^                                                                 |
///      +--- its turn came, an alert joins, a person asks: read again ----+
///
/// Some 220 bytes each, where an incident in memory takes 5,000; what finds alerts that came before (`SeenAlerts`)
/// stays. Pure; its tenant's engine owns it.
class Shelf {
 public:
  struct Entry {
    std::size_t group = 0;  ///< Hash of the group's name.
    WallTime first_time{};
    Outbox::Waiting waiting;
  };

  [[nodiscard]] static std::size_t group_hash(std::string_view group) { return std::hash<std::string_view>{}(group); }

  void put(const IncidentKey& incident, const Entry& entry);
  /// Nothing when it is not here.
  std::optional<Entry> take(const IncidentId& id);
  [[nodiscard]] bool contains(const IncidentId& id) const { return contains(IncidentKey::of(id)); }
  [[nodiscard]] bool contains(const IncidentKey& key) const { return entries_.contains(key); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// Of all that are here, not done.
  [[nodiscard]] std::size_t deliveries() const { return deliveries_; }

  /// Those whose first alert's time is at most so far from this one.
  [[nodiscard]] std::vector<IncidentId> near(WallTime time, Nanoseconds at_most) const;
  /// The same of those that may be of this group; another group's only where two names have one hash.
  [[nodiscard]] std::vector<IncidentId> of_group(std::string_view group, WallTime time, Nanoseconds at_most) const;
  /// The first `most` whose turn has come, but none behind `last`.
  [[nodiscard]] std::vector<IncidentId> due(Now now, std::size_t most, const std::optional<Turn>& last) const;
  /// Of the first whose turn has come.
  [[nodiscard]] std::optional<Turn> first_due(Now now) const;
  [[nodiscard]] std::optional<MonoTime> next_turn() const { return exhibit::next_turn(turns_); }

 private:
  struct Place : Turn {
    IncidentKey incident;
  };

  [[nodiscard]] bool is_near(const IncidentKey& key, WallTime time, Nanoseconds at_most) const;

  std::unordered_map<IncidentKey, Entry> entries_;
  std::unordered_multimap<std::size_t, IncidentKey> groups_;
  std::set<Place, std::less<Turn>> turns_;
  std::size_t deliveries_ = 0;
};

}  // namespace exhibit
