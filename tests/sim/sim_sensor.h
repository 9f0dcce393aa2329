#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "engine/input.h"
#include "engine/pull_slots.h"
#include "sim_disk.h"
#include "stage.h"

namespace exhibit::sim {

/// One sensor: it raises alerts, records IP logs in a ring, and gives a batch again until it is acknowledged.
///
/// Fault model, of a thousand occasions: a batch comes again although it was acknowledged (150); a completion is never
/// told (300) or told before its alert (150); a log is overwritten right after its end (100); a pull fails (200): not
/// reached, not ready, cut off; the sensor cannot be reached at all for up to half a day. Its clock may be years off.
class SimSensor {
 public:
  using Say = std::function<bool(const SensorSaid&)>;  ///< False: not committed.

  SimSensor(Stage& stage, SimDisk& disk, SensorId id, Nanoseconds skew, Say say);

  /// Raises alerts until `end`, one every `gap` on average.
  void live(MonoTime end, Nanoseconds gap);
  void poll();
  void be_unreachable(Nanoseconds length) { away_until_ = stage_.now().mono + length; }
  [[nodiscard]] FetchEnded fetch(const FetchCapture& order);

  [[nodiscard]] const SensorId& id() const { return id_; }
  [[nodiscard]] std::size_t raised() const { return raised_.size(); }
  [[nodiscard]] bool told_everything() const { return unacknowledged_.empty(); }
  /// Every batch that was ever given.
  [[nodiscard]] const std::vector<std::vector<SensorEvent>>& given() const { return given_; }
  void judge_the_end() const;

  PullSlots slots{2};  ///< Of our link to it.

 private:
  struct Log {
    MonoTime ends{}, overwritten{};
    bool status_lost = false;
  };

  void raise_alert();
  std::uint64_t record(std::vector<SensorEvent>& beside);
  [[nodiscard]] WallTime clock() const { return stage_.true_wall() + skew_; }
  [[nodiscard]] bool away() const { return !stage_.quiet && stage_.now().mono < away_until_; }

  Stage& stage_;
  SimDisk& disk_;
  SensorId id_;
  Nanoseconds skew_;
  Say say_;
  MonoTime away_until_{};
  std::map<std::uint64_t, Log> logs_;
  std::vector<std::string> raised_;
  std::deque<std::vector<SensorEvent>> unacknowledged_;
  std::vector<std::vector<SensorEvent>> given_;
};

}  // namespace exhibit::sim
