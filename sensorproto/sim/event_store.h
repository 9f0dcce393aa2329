#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/values.h"

namespace exhibit::sim {

struct StoredEvent {
  std::uint64_t number = 0;  ///< Order in the store.
  std::string type;          ///< evIdsAlert, evStatus, evError.
  std::string severity;
  WallTime composed;
  std::string xml;
};

/// What one subscription or query wants. Empty sets want everything.
struct EventFilter {
  std::set<std::string, std::less<>> types, alert_severities, error_severities;

  [[nodiscard]] bool wants(const StoredEvent& event) const;
};

struct EventBatch {
  std::vector<const StoredEvent*> events;
  std::size_t remaining = 0;
  bool missed = false;
};

/// The sensor's circular event store and its subscriptions. Reads no clock; not thread-safe.
class EventStore {
 public:
  struct Limits {
    std::size_t bytes = 30U << 20;
    std::size_t subscriptions = 5;
    std::chrono::seconds idle{72 * 3600};
  };
  static constexpr std::size_t batch_max = 500;  ///< The sensor's own cap.
  /// How far `remaining` counts: with a full store counting on would take longer than all else.
  static constexpr std::size_t remaining_max = 1000;

  explicit EventStore(Limits limits) : limits_(limits) {}

  void append(StoredEvent event);

  /// Empty: no slot is free and `force` was not asked; else the id. No start time: only what comes after.
  std::string open(EventFilter filter, std::optional<WallTime> start, bool force, WallTime now, std::string_view salt);
  [[nodiscard]] bool knows(const std::string& id) const { return subscriptions_.contains(id); }
  bool close(const std::string& id) { return subscriptions_.erase(id) != 0; }
  /// All subscriptions are lost, as after a restart.
  void forget_all() { subscriptions_.clear(); }

  /// Without `confirm` the last batch comes again; with it the last batch counts as received.
  EventBatch get(const std::string& id, std::size_t count_max, bool confirm, WallTime now);
  /// True when a `get` with `confirm` would bring something.
  [[nodiscard]] bool has_news(const std::string& id) const;
  [[nodiscard]] EventBatch query(const EventFilter& filter, WallTime from, WallTime to, std::size_t count_max) const;

  /// Every event up to now was handed out to one subscription and acknowledged by it.
  [[nodiscard]] bool all_acknowledged() const { return acknowledged_ >= next_number_; }
  [[nodiscard]] std::size_t subscriptions() const { return subscriptions_.size(); }

 private:
  struct Subscription {
    EventFilter filter;
    std::uint64_t next = 0;       ///< The first event not yet acknowledged.
    std::uint64_t batch_end = 0;  ///< Behind the last event handed out.
    bool handed_out = false;
    bool missed = false;        ///< Since the last batch.
    bool batch_missed = false;  ///< The last batch says so, each time it is sent.
    WallTime opened, used;
  };

  void collect(Subscription& subscription, std::uint64_t end, std::size_t count_max, EventBatch& batch);
  void drop_idle(WallTime now);

  Limits limits_;
  std::deque<StoredEvent> events_;
  std::size_t bytes_ = 0;
  std::uint64_t next_number_ = 0, acknowledged_ = 0, serial_ = 0;
  std::map<std::string, Subscription> subscriptions_;
};

}  // namespace exhibit::sim
