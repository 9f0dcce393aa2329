#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/tenant_engine.h"
#include "sim_desk.h"
#include "sim_disk.h"
#include "sim_sensor.h"
#include "stage.h"

namespace exhibit::sim {

/// The real engine of several tenants between simulated sensors, desks, disks, and a clock, all from one seed. The
/// engine decides; the world misbehaves, each part by the fault model at its head, and says which invariant was broken.
///
/// Fault model of our own process: it dies before a commit, after it, and between any two effects; all tenants die with
/// it. After a refused commit it reads its rows again and goes on, or dies. People decide about dead letters, now and
/// then.
class World {
 public:
  struct Options {
    std::size_t tenants = 3, sensors_each = 2;
    Nanoseconds gap = std::chrono::seconds{240};  ///< Between alerts of one sensor, on average.
    int deaths = 4;                               ///< Of a thousand occasions.
    bool wild_clock = false;
  };

  explicit World(std::uint64_t seed) : World(seed, Options{}) {}
  World(std::uint64_t seed, Options options);

  void run_for(Nanoseconds length);
  /// Faults stop; runs until nothing is owed, at most two simulated days, and judges the end.
  void quiesce();
  /// Feeds all that the sensors ever gave once more, shuffled, a fifth of it hours late, and judges that nothing
  /// changed.
  void replay();

  Stage& stage() { return stage_; }
  [[nodiscard]] const std::vector<std::string>& violations() const { return stage_.violations(); }
  [[nodiscard]] std::size_t alerts_raised() const;
  [[nodiscard]] std::size_t crashes() const { return crashes_; }
  [[nodiscard]] std::size_t lost_answers() const;
  /// How often an incident left the memory while it waited for its desk.
  [[nodiscard]] std::size_t put_aside() const { return put_aside_; }
  [[nodiscard]] std::set<Step> steps() const;
  /// A text of all that the desks hold and the rows say, hashed: equal for equal runs.
  [[nodiscard]] std::string digest() const;
  [[nodiscard]] std::string text() const;

 private:
  struct Tenant {
    TenantId id;
    SimDesk* desk = nullptr;
    std::unique_ptr<SimDisk> disk;
    std::vector<std::unique_ptr<SimSensor>> sensors;
    std::optional<TenantEngine> engine;
    bool stale = false;  ///< What the engine believes is not stored yet.
    std::optional<MonoTime> tick_at;
    int idle_ticks = 0;
    bool refused = false;  ///< The disk refused the last commit.
    std::set<DeliveryId> under_way;
    int engine_life = 0;
  };

  [[nodiscard]] EngineSettings settings_of(const Tenant& tenant) const;
  bool give(Tenant& tenant, const Input& input);
  void perform(Tenant& tenant, const Effects& effects);
  void perform(Tenant& tenant, const SendDelivery& order);
  void perform(Tenant& tenant, const LookUpDelivery& order);
  void perform(Tenant& tenant, const FetchCapture& order);
  void pull(Tenant& tenant, SimSensor& sensor, const FetchCapture& order);
  void perform(Tenant& tenant, const ExamineCapture& order);
  void perform(Tenant&, const TellOperator&) {}
  void begin_call(Tenant& tenant, const DeliveryId& id);
  void restore(Tenant& tenant);
  void crash();
  void arm_tick(Tenant& tenant);
  void decide_letters(Tenant& tenant);
  void people_decide();
  void misfortune();
  [[nodiscard]] bool settled() const;
  void run_until_settled();
  void judge_the_end();

  Stage stage_;
  Options options_;
  std::vector<std::unique_ptr<SimDesk>> desks_;
  std::vector<std::unique_ptr<Tenant>> tenants_;
  std::size_t crashes_ = 0, put_aside_ = 0;
};

}  // namespace exhibit::sim
