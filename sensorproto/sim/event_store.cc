#include "sensorproto/sim/event_store.h"

#include <algorithm>
#include <utility>

#include "base/sha256.h"
#include "base/text.h"

namespace exhibit::sim {

bool EventFilter::wants(const StoredEvent& event) const {
  if (!types.empty() && !types.contains(event.type)) return false;
  if (event.type == "evIdsAlert") return alert_severities.empty() || alert_severities.contains(event.severity);
  if (event.type == "evError") return error_severities.empty() || error_severities.contains(event.severity);
  return true;
}

void EventStore::append(StoredEvent event) {
  event.number = next_number_++;
  bytes_ += event.xml.size();
  events_.push_back(std::move(event));
  while (bytes_ > limits_.bytes && events_.size() > 1) {
    const StoredEvent& oldest = events_.front();
    for (auto& [id, subscription] : subscriptions_)
      if (subscription.next <= oldest.number) {
        if (subscription.filter.wants(oldest)) subscription.missed = true;
        subscription.next = oldest.number + 1;
      }
    bytes_ -= oldest.xml.size();
    events_.pop_front();
  }
}

void EventStore::drop_idle(WallTime now) {
  std::erase_if(subscriptions_, [&](const auto& entry) { return now - entry.second.used > limits_.idle; });
}

std::string EventStore::open(EventFilter filter, std::optional<WallTime> start, bool force, WallTime now,
                             std::string_view salt) {
  drop_idle(now);
  if (subscriptions_.size() >= limits_.subscriptions) {
    if (!force) return {};
    subscriptions_.erase(
        std::min_element(subscriptions_.begin(), subscriptions_.end(),
                         [](const auto& a, const auto& b) { return a.second.opened < b.second.opened; }));
  }
  Subscription made;
  made.filter = std::move(filter);
  made.next = next_number_;
  made.opened = made.used = now;
  if (start) {
    const auto first = std::find_if(events_.begin(), events_.end(),
                                    [&](const StoredEvent& event) { return event.composed >= *start; });
    if (first != events_.end()) made.next = first->number;
  }
  made.batch_end = made.next;
  ++serial_;
  std::string id = cat("sub-", serial_, "-", hex(sha256(cat(salt, serial_))).substr(0, 8));
  subscriptions_.emplace(id, std::move(made));
  return id;
}

void EventStore::collect(Subscription& subscription, std::uint64_t end, std::size_t count_max, EventBatch& batch) {
  const std::uint64_t first = events_.empty() ? next_number_ : events_.front().number;
  for (std::uint64_t number = std::max(subscription.next, first); number < next_number_; ++number) {
    const StoredEvent& event = events_[number - first];
    if (!subscription.filter.wants(event)) continue;
    if (number >= end || batch.events.size() >= count_max) {
      if (++batch.remaining == remaining_max) break;
    } else {
      batch.events.push_back(&event);
      subscription.batch_end = number + 1;
    }
  }
  if (batch.remaining == 0) subscription.batch_end = next_number_;
}

EventBatch EventStore::get(const std::string& id, std::size_t count_max, bool confirm, WallTime now) {
  Subscription& subscription = subscriptions_.at(id);
  subscription.used = now;
  EventBatch batch;
  const bool again = !confirm && subscription.handed_out;
  const std::uint64_t end = again ? subscription.batch_end : next_number_;
  if (!again) {
    subscription.next = std::max(subscription.next, subscription.batch_end);
    acknowledged_ = std::max(acknowledged_, subscription.handed_out ? subscription.next : 0);
  }
  collect(subscription, end, again ? batch_max : std::min(count_max, batch_max), batch);
  if (again) subscription.batch_end = end;
  subscription.handed_out = true;
  if (!again) subscription.batch_missed = std::exchange(subscription.missed, false);
  batch.missed = subscription.batch_missed;
  return batch;
}

bool EventStore::has_news(const std::string& id) const {
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return false;
  const std::uint64_t from = std::max(found->second.next, found->second.batch_end);
  for (auto event = events_.rbegin(); event != events_.rend() && event->number >= from; ++event)
    if (found->second.filter.wants(*event)) return true;
  return false;
}

EventBatch EventStore::query(const EventFilter& filter, WallTime from, WallTime to, std::size_t count_max) const {
  EventBatch batch;
  for (const StoredEvent& event : events_) {
    if (event.composed < from || event.composed > to || !filter.wants(event)) continue;
    if (batch.events.size() < std::min(count_max, batch_max))
      batch.events.push_back(&event);
    else
      ++batch.remaining;
  }
  return batch;
}

}  // namespace exhibit::sim
