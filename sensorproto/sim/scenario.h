#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sensorproto/sim/event_xml.h"

namespace exhibit::sim {

/// A packet of the attacker's traffic, so long after its alert.
struct Heard {
  std::chrono::nanoseconds after{0};
  Bytes bytes = {};
  std::uint32_t original_length = 0;
};

/// What is recorded beside an alert.
struct Recording {
  std::vector<Heard> traffic = {};
  bool silent = false;                                 ///< Its completion is never announced.
  std::optional<std::chrono::milliseconds> life = {};  ///< Instead of the sensor's log time.
  std::uint32_t link_type = 1;
};

/// What a scenario can make the sensor do. Called on one thread at a time.
class Stage {
 public:
  virtual ~Stage() = default;

  /// Composes an alert; with a recording its log is started, or lengthened, and named. When the sensor refuses the log
  /// (every writer is busy) the alert names none and an evError follows. Returns the event id.
  virtual std::uint64_t raise(const SimAlert& alert, const std::optional<Recording>& recording,
                              std::optional<WallTime> seen = std::nullopt) = 0;
  /// Records an address without an alert, as an operator may order; 0 when refused.
  virtual std::uint64_t record(const std::string& address, const Recording& recording) = 0;
  /// An alert that names a log which is there already.
  virtual std::uint64_t raise_naming(const SimAlert& alert, std::uint64_t log, WallTime seen) = 0;
  /// Other recordings, each over at once, until the ring has overwritten what was finished before.
  virtual void fill_ring() = 0;
  /// A log of this address is open, so another alert lengthens it.
  [[nodiscard]] virtual bool recording(const std::string& address) const = 0;
  /// A recording of this address would not be refused.
  [[nodiscard]] virtual bool can_record(const std::string& address) const = 0;
};

/// Decides what the sensor sees, and when.
class Scenario {
 public:
  virtual ~Scenario() = default;
  /// Does what is due `after` the start; false once nothing more will come.
  virtual bool play(Stage& stage, std::chrono::milliseconds after, WallTime now) = 0;
};

/// The scripted story that the demonstration shows.
std::unique_ptr<Scenario> demo_scenario(std::chrono::milliseconds log_life);
struct Load {
  std::uint64_t alerts = 100;    ///< Each an incident of its own.
  double rate = 0;               ///< A second; 0: all at once.
  std::uint64_t seed = 0;        ///< Which addresses.
  std::size_t packet_bytes = 0;  ///< At least so large is each trigger packet.
  std::uint64_t first = 0;       ///< So many of them come sooner:
  double first_rate = 0;         ///< so many a second.
  bool logs = true;              ///< Of each ten the first has a log of its own and the next three share one.
};
std::unique_ptr<Scenario> load_scenario(const Load& load);
/// One alert for each flow of a capture file, at most 200 in file order, as fast as the sensor's writers allow. Its
/// times are moved so that the last packet was seen just now. bad_input: no capture, or no flow in it.
Result<std::unique_ptr<Scenario>> capture_scenario(const Bytes& file);

}  // namespace exhibit::sim
