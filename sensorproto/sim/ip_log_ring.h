#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/values.h"

namespace exhibit::sim {

struct LoggedPacket {
  WallTime time;
  Bytes bytes;
  std::uint32_t original_length = 0;
};

/// One IP log: what the sensor recorded of one address.
struct IpLog {
  std::uint64_t id = 0;
  std::string address;
  std::uint64_t first_alert = 0;
  WallTime started, ends;
  bool recording = true;
  bool silent = false;  ///< Its completion is not announced.
  std::uint32_t link_type = 1;
  std::vector<LoggedPacket> packets;
};

/// The sensor's numbered files: `files` of them, of which at most `writers` are open. A new log takes the oldest
/// finished file. All alerts on one address share the log that is open for it, and each lengthens it.
///
/// Reads no clock; not thread-safe.
class IpLogRing {
 public:
  struct Limits {
    std::size_t files = 64, writers = 20;
    std::chrono::milliseconds life{30'000};
    std::uint64_t first_id = 1'734'556'221;
  };
  enum class Change { started, completed, overwritten };
  struct Happening {
    Change change;
    IpLog log;  ///< Without its packets.
  };

  explicit IpLogRing(Limits limits) : limits_(limits), next_id_(limits.first_id) {}

  /// Opens a log for this address, or lengthens the open one. Null: every writer is busy, or no file can be taken.
  IpLog* record(const std::string& address, std::uint64_t alert, WallTime now);
  [[nodiscard]] bool recording(const std::string& address) const { return open_log(address) != nullptr; }
  /// True when `record` would not refuse.
  [[nodiscard]] bool can_record(const std::string& address) const;
  /// Completes what has run its time.
  void tick(WallTime now);
  /// A log that is still in the ring.
  [[nodiscard]] const IpLog* find(std::uint64_t id) const;
  IpLog* find(std::uint64_t id);
  [[nodiscard]] bool any_recording() const;
  /// Forgets every log, as a restart does: most of them lived in memory.
  void clear() { logs_.clear(); }

  /// What happened since the last call, in order.
  std::vector<Happening> happenings();

 private:
  [[nodiscard]] const IpLog* open_log(const std::string& address) const;
  [[nodiscard]] std::size_t open_count() const;
  void note(Change change, const IpLog& log);

  Limits limits_;
  std::uint64_t next_id_;
  std::deque<IpLog> logs_;  // Oldest first.
  std::vector<Happening> happenings_;
};

}  // namespace exhibit::sim
