#pragma once

#include <deque>
#include <map>
#include <optional>

#include "engine/retention.h"
#include "runtime/sensor_link.h"
#include "runtime/sent_texts.h"
#include "runtime/tenant_runtime.h"
#include "runtime/threads.h"

#include <boost/asio/steady_timer.hpp>

namespace exhibit {

/// What one tenant holds. Everything but `settings`, `world` and `evidence` belongs to the strand.
struct TenantState : std::enable_shared_from_this<TenantState> {
  struct Pending {
    Input input;
    std::function<void(bool committed)> done;  ///< May be empty.
    MonoTime since{};
  };
  struct Condition {
    std::string text;
    WallTime since{};
  };

  TenantState(TenantSettings given, TenantRuntime::World w)
      : settings(std::move(given)),
        world(std::move(w)),
        strand(world.executors.make_strand()),
        wake(strand),
        patience(strand),
        checkpoint(strand),
        poll_timer(strand),
        sweep_timer(strand) {}

  [[nodiscard]] Now now() const { return world.clock.now(); }
  [[nodiscard]] Seat seat(const std::string& fields_json = "{}") const {
    return {settings.tenant, merged_maps(settings.map_json, fields_json)};
  }
  struct Way {
    Desk& desk;
    Seat seat;
  };
  [[nodiscard]] Way way_of(Channel channel, const std::string& fields_json) const;
  void say(LogLevel level, std::string_view message) const {
    world.log(level, settings.tenant.text, "tenant", message);
  }

  /// Everything below runs on the strand.
  void enqueue(Input input, std::function<void(bool)> done = {});
  [[nodiscard]] bool can_wait(const Input& input) const;
  void drain_soon();
  void drain_later();
  void drain();
  static std::size_t events_in(const std::vector<Pending>& batch);
  [[nodiscard]] std::vector<Pending> next_inputs();
  [[nodiscard]] static std::vector<DeliveryEnded> proofs_in(const std::vector<Pending>& batch);
  void keep_unheard(std::vector<DeliveryEnded> proofs);
  void hear_again();
  void keep_proofs();
  bool bring_back_for(const Input& input);
  /// The store did not do what it should; it is asked again after a while.
  void refused(std::string_view what, const Error& error);
  [[nodiscard]] bool idle() const { return sensors_said.empty() && pending.empty(); }
  void refuse_pending();
  bool commit(Reaction& reaction);
  bool engine_is_stored();
  void perform(Effects effects);
  void perform(SendDelivery&& effect);
  void perform(LookUpDelivery&& effect);
  void perform(FetchCapture&& effect);
  void perform(ExamineCapture&& effect);
  void perform(TellOperator&& effect);
  void arm_timer();
  void tell_troubles_again();
  void arm_checkpoint();
  /// Takes alerts in, or leaves them with the sensors, as the disk and the backlog allow; tells the engine of the disk.
  void follow_disk();
  [[nodiscard]] bool owes_too_much() const;
  /// Looks whether the tenant's bounds ask for old rows and captures to go, and keeps the store's log short.
  void follow_room();
  /// By so much that it is worth a look: one after each commit was a 25th of all the product's time.
  [[nodiscard]] bool grew() const;
  void arm_sweep(std::chrono::milliseconds wait);
  /// One small step; the next one when others had their turn.
  void sweep();
  void delete_files();
  void arm_poll();
  void poll_desk();
  void never_polled();
  void restore_engine(Reaction& out);
  void fail(std::string_view why);
  EngineSettings engine_settings() const;
  Result<PageRows> page(const LinkId& link);
  std::string report(bool with_incidents);
  std::string letters() const;
  void decide(const LetterDecided& decision, std::function<void(Result<void>)> done);
  /// One commit for all who look in the same moment: it is made when the strand has heard those who came before it.
  void note(LedgerNote note, std::function<void(Result<void>)> done);
  void write_notes();

  TenantSettings settings;
  TenantRuntime::World world;
  Strand strand;
  Zone zone;
  Bytes link_key;
  std::unique_ptr<Store> store;  ///< None once the tenant has stopped.
  std::unique_ptr<EvidenceStore> evidence;
  std::optional<TenantEngine> engine;
  Effects first_effects;  ///< What the restored rows still owe; performed at start.
  std::map<SensorId, std::unique_ptr<SensorLink>> links;
  std::deque<Pending> sensors_said, pending;  ///< What sensors said, and everything else.
  std::vector<DeliveryEnded> unheard;         ///< Proofs of desks whose commit was refused; at most what is owed.
  SentTexts sent;
  std::vector<LedgerNote> notes;
  std::vector<std::function<void(Result<void>)>> noted;  ///< Who waits for each of them.
  std::map<std::string, Condition> conditions;
  std::map<SensorId, SensorTrouble> troubles;  ///< The last word of each sensor's link.
  bool troubles_untold = false;                ///< The engine may not have heard them.
  boost::asio::steady_timer wake, patience, checkpoint, poll_timer, sweep_timer;
  std::optional<MonoTime> retry_at;  ///< When a store that refuses is asked again.
  bool draining = false, drains_later = false, started = false, stopping = false;
  bool stale = false;  ///< The engine's own restored facts could not be committed yet; it is restored again first.
  std::string failed;  ///< Why this tenant stands still; empty: it does not.
  int commit_failures = 0, checkpoints_owing_nothing = 0;
  std::optional<bool> told_scarce;  ///< What the engine was told of the disk, or is being told.
  bool holding = false;             ///< No alert is taken in now.
  bool behind = false;              ///< As much is owed to the desk as may be.
  bool cannot_poll = false;         ///< The desk said so.
  struct Sweeping {
    std::optional<Retention> retention;
    std::uint64_t log_seen = 0, captures_seen = 0;  ///< When sizes were last looked at.
    std::uint64_t after = 0;                        ///< Where the next step goes on.
    std::size_t alerts_gone = 0;                    ///< In this pass.
    bool crowded = false;                           ///< Room is to be made.
    bool full = false;                              ///< No alert is taken in before there is room.
    bool stuck = false;                             ///< A whole pass made none: a person is needed.
    bool deleting = false;
  } sweeping;
};

/// What is answered to whoever asks a tenant that has stopped.
inline Error tenant_stopped() { return {Errc::unavailable, "this tenant has stopped"}; }

}  // namespace exhibit
