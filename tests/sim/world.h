#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/tenant_engine.h"
#include "phf_alert.h"

namespace exhibit::sim {

/// What the simulated world does wrong, in percent of the occasions.
struct Faults {
  int crash = 3;               ///< Our process dies: between commit and effect, or at any event.
  int commit_refused = 2;      ///< The disk refuses: nothing of the transaction is written.
  int answer_lost_stored = 8;  ///< The desk did it, and nobody hears so.
  int answer_lost_not_stored = 4;
  int desk_retry = 5;
  int desk_denied = 1;
  int desk_rejects = 3;  ///< Definite refusal of the content.
  int look_up_fails = 10;
  int batch_repeated = 15;  ///< The sensor gives the same batch again.
  int status_lost = 30;     ///< The completion is never heard.
  int status_early = 15;    ///< The completion comes before the alert.
  int fetch_fails = 20;     ///< Unreachable, cut, not ready.
  int ring_turns = 10;      ///< The log is overwritten soon after it ended.
};

/// A sensor, a desk, a disk and a clock around the real engine, all from one seed. The real engine decides; this world
/// misbehaves, and `violations` says which promise was broken. Safety is checked at every step.
class World {
 public:
  explicit World(std::uint64_t seed, Faults faults = {});

  void run_for(std::chrono::minutes length);
  /// Faults stop; runs until nothing is owed, at most two simulated days.
  void quiesce();

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] const std::vector<std::string>& transcript() const { return transcript_; }
  [[nodiscard]] std::size_t alerts_raised() const { return raised_.size(); }
  [[nodiscard]] std::size_t crashes() const { return crashes_; }
  [[nodiscard]] std::size_t unknown_outcomes() const { return unknown_outcomes_; }
  /// A text of all that the desk holds and the rows say: equal for equal runs.
  [[nodiscard]] std::string digest() const;

 private:
  struct Log {
    std::uint64_t id = 0;
    MonoTime ends{}, overwritten{};
    bool status_lost = false;
  };
  struct Ticket {
    std::string correlation;
    std::vector<std::string> operations;  ///< Ids in the order in which they were stored.
  };
  struct Happening {
    MonoTime at;
    std::uint64_t order;
    std::function<void()> what;
    bool dies_with_process = true;
    bool operator<(const Happening& other) const { return std::pair(at, order) < std::pair(other.at, other.order); }
  };

  bool chance(int percent) { return !quiet_ && std::uniform_int_distribution<int>(0, 99)(dice_) < percent; }
  std::int64_t roll(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(dice_);
  }
  void at(Nanoseconds wait, std::function<void()> what, bool dies_with_process = true);
  void say(const std::string& line);
  void violated(const std::string& what) { violations_.push_back(what); }

  void raise_alert();
  void poll();
  void give(const Input& input);
  bool commit(const Facts& facts);
  void apply(const Fact& fact);
  void perform(const Effects& effects);
  void send(const SendDelivery& send);
  void look_up(const LookUpDelivery& look_up);
  void fetch(const FetchCapture& fetch);
  void examine(const ExamineCapture& examine);
  void store_at_desk(const SendDelivery& send);
  void crash();
  void restart();
  void restore_engine();
  void arm_tick();
  void step();
  void check_rows();
  EngineSettings settings() const;
  Snapshot snapshot() const;

  std::mt19937_64 dice_;
  Faults faults_;
  bool quiet_ = false;
  Now now_;
  std::uint64_t order_ = 0;
  std::vector<Happening> happenings_;
  std::optional<TenantEngine> engine_;
  std::optional<MonoTime> tick_at_;

  // The disk: the latest image of each row.
  std::map<std::string, AlertRow> alerts_;
  std::map<IncidentId, IncidentRow> incidents_;
  std::map<CaptureKey, CaptureRow> captures_;
  std::map<std::pair<CaptureKey, IncidentId>, ReportRow> reports_;
  std::map<DeliveryId, DeliveryRow> deliveries_;

  // The sensor and the desk.
  std::map<std::uint64_t, Log> logs_;
  std::vector<test::AlertXml> raised_;
  std::deque<std::vector<SensorEvent>> unacknowledged_;
  std::vector<Ticket> desk_;
  int fetching_ = 0;  // By the engine of this life.
  int engine_life_ = 0;

  std::vector<std::string> violations_, transcript_;
  std::size_t crashes_ = 0, unknown_outcomes_ = 0;
};

}  // namespace exhibit::sim
