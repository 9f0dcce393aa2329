#include "sensorproto/sim/ip_log_ring.h"

#include <algorithm>
#include <utility>

namespace exhibit::sim {

const IpLog* IpLogRing::open_log(const std::string& address) const {
  const auto found = std::find_if(logs_.begin(), logs_.end(),
                                  [&](const IpLog& log) { return log.recording && log.address == address; });
  return found == logs_.end() ? nullptr : &*found;
}

std::size_t IpLogRing::open_count() const {
  return static_cast<std::size_t>(
      std::count_if(logs_.begin(), logs_.end(), [](const IpLog& log) { return log.recording; }));
}

bool IpLogRing::any_recording() const { return open_count() != 0; }

bool IpLogRing::can_record(const std::string& address) const {
  if (open_log(address) != nullptr) return true;
  return open_count() < limits_.writers && (logs_.size() < limits_.files || open_count() < logs_.size());
}

void IpLogRing::note(Change change, const IpLog& log) {
  IpLog seen{.id = log.id,
             .address = log.address,
             .first_alert = log.first_alert,
             .started = log.started,
             .ends = log.ends,
             .recording = log.recording,
             .silent = log.silent,
             .link_type = log.link_type,
             .packets = {}};
  happenings_.push_back({change, std::move(seen)});
}

IpLog* IpLogRing::record(const std::string& address, std::uint64_t alert, WallTime now) {
  if (const IpLog* const open = open_log(address)) {
    IpLog* const log = find(open->id);
    log->ends = now + limits_.life;
    return log;
  }
  if (!can_record(address)) return nullptr;
  if (logs_.size() >= limits_.files) {
    const auto oldest = std::find_if(logs_.begin(), logs_.end(), [](const IpLog& log) { return !log.recording; });
    note(Change::overwritten, *oldest);
    logs_.erase(oldest);
  }
  logs_.push_back({.id = next_id_++,
                   .address = address,
                   .first_alert = alert,
                   .started = now,
                   .ends = now + limits_.life,
                   .packets = {}});
  note(Change::started, logs_.back());
  return &logs_.back();
}

void IpLogRing::tick(WallTime now) {
  for (IpLog& log : logs_) {
    if (!log.recording || log.ends > now) continue;
    log.recording = false;
    note(Change::completed, log);
  }
}

const IpLog* IpLogRing::find(std::uint64_t id) const {
  const auto found = std::find_if(logs_.begin(), logs_.end(), [&](const IpLog& log) { return log.id == id; });
  return found == logs_.end() ? nullptr : &*found;
}

IpLog* IpLogRing::find(std::uint64_t id) { return const_cast<IpLog*>(std::as_const(*this).find(id)); }

std::vector<IpLogRing::Happening> IpLogRing::happenings() { return std::exchange(happenings_, {}); }

}  // namespace exhibit::sim
