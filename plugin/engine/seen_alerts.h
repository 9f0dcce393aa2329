#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/values.h"
#include "engine/incident_key.h"

namespace exhibit {

/// Remembers every alert identity that the store holds or remembers, so that a batch that comes twice, even days later,
/// has no effect; and which incident an event belongs to, while that is in memory or on the shelf, so that a summary
/// finds the incident of its first alert. About 50 bytes an alert, and 60 more while its incident is known.
class SeenAlerts {
 public:
  /// False: seen before.
  bool insert(std::string_view identity) { return identities_.insert(key_of(identity)).second; }
  [[nodiscard]] bool contains(std::string_view identity) const { return identities_.contains(key_of(identity)); }
  void forget(std::string_view identity) { identities_.erase(key_of(identity)); }
  [[nodiscard]] std::size_t size() const { return identities_.size(); }

  void belongs(const SensorId& sensor, std::string_view event_id, const IncidentId& incident) {
    incidents_.insert_or_assign(key_of(sensor, event_id), IncidentKey::of(incident));
  }
  [[nodiscard]] std::optional<IncidentId> incident_of(const SensorId& sensor, std::string_view event_id) const {
    const auto found = incidents_.find(key_of(sensor, event_id));
    return found == incidents_.end() ? std::nullopt : std::optional(found->second.id());
  }

  /// Those whose incident left the memory.
  template <typename Left>
  void forget_events(Left left) {
    std::erase_if(incidents_, [&](const auto& entry) { return left(entry.second); });
  }

 private:
  /// All 128 bits: with half of them two alerts among billions could meet.
  struct Key {
    std::uint64_t high = 0, low = 0;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept { return static_cast<std::size_t>(key.low); }
  };
  static Key key_of(std::string_view identity);
  /// Two hashes instead of two texts: among the events of one sensor that are known at a time, 64 bits are enough.
  static Key key_of(const SensorId& sensor, std::string_view event_id) {
    return {std::hash<std::string_view>{}(sensor.text), std::hash<std::string_view>{}(event_id)};
  }

  std::unordered_set<Key, Hash> identities_;
  std::unordered_map<Key, IncidentKey, Hash> incidents_;
};

}  // namespace exhibit
