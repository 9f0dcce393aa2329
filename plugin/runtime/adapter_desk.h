#pragma once

#include <sys/types.h>

#include <utility>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>

#include "engine/desk_gate.h"
#include "runtime/adapter_host.h"
#include "runtime/runner_lane.h"

namespace exhibit {

/// The work behind make_adapter_desk: calls wait at the desk's gate, and go out over a lane: one for all, or where the
/// desk's settings ask for it one for each tenant, so that no process holds the texts of two.
///
/// Only `submit`, `resume` and `stop` are for any thread; all else runs on its own strand.
class AdapterWorker : public std::enable_shared_from_this<AdapterWorker> {
 public:
  AdapterWorker(DeskSettings settings, AdapterDeskWorld world);
  void submit(AdapterCall call);
  void stop();
  /// Ends the desk's rest: a person says that it may be called again.
  void resume();

  /// The module says that the same operation may be sent again under its id: the receiver knows it.
  [[nodiscard]] bool stable_id() const { return stable_id_; }
  [[nodiscard]] Nanoseconds deadline() const { return settings_.deadline; }

 private:
  using Time = RunnerLane::Time;
  struct Waiting {
    AdapterCall call;
    Time since;
  };

  void pump();
  [[nodiscard]] std::string lane_name(const TenantId& tenant) const;
  RunnerLane& lane_of(const TenantId& tenant);
  [[nodiscard]] std::size_t busy() const;
  AdapterCall take_waiting(std::uint64_t number);
  void end_call(AdapterCall& call, const AdapterResult& result);
  void refuse_waiting(const AdapterResult& result);
  void refuse_lane(const std::string& name, const AdapterResult& result);
  void refuse_while_resting(const DeskGate::Rest& rest, Time now);
  void tick();
  void arm();

  const DeskSettings settings_;
  const AdapterDeskWorld world_;
  Strand strand_;
  boost::asio::steady_timer timer_;
  std::map<std::string, std::shared_ptr<RunnerLane>> lanes_;  // By tenant, or one without a name.
  std::uint64_t next_number_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;
  DeskGate gate_;
  std::atomic<bool> stable_id_ = false;
  bool stopped_ = false, armed_ = false;
};

}  // namespace exhibit
