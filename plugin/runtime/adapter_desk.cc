#include "runtime/adapter_desk.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <set>
#include <vector>

#include "base/text.h"
#include "exhibit/types.h"

namespace exhibit {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_round{25};
constexpr std::chrono::minutes turn_patience{10};
constexpr std::size_t waiting_max = 10'000;

DeskGate::Settings gate_settings(const DeskSettings& settings) {
  DeskGate::Settings gate;
  gate.calls_per_hour = settings.calls_per_hour;
  gate.rest_first = settings.retry;
  gate.denied_rest = settings.retry * 15;
  return gate;
}

/// The desk's gate counts in the library's own clock type.
MonoTime mono(steady_clock::time_point time) { return std::chrono::time_point_cast<Nanoseconds>(time); }

std::string lock_path(const std::string& state, const DeskId& desk, const std::string& lane) {
  return cat(state, "/run/desk-", desk.text, lane.empty() ? "" : ".", lane, ".lock");
}

}  // namespace

AdapterWorker::AdapterWorker(DeskSettings settings, AdapterDeskWorld world)
    : settings_(std::move(settings)),
      world_(std::move(world)),
      strand_(world_.executors.make_strand()),
      timer_(strand_),
      gate_(gate_settings(settings_)) {}

void AdapterWorker::submit(AdapterCall call) {
  boost::asio::post(strand_, [self = shared_from_this(), c = std::make_shared<AdapterCall>(std::move(call))] {
    if (self->stopped_) return c->done(not_answered(EXH_RETRY, "stopping", "nothing was sent"));
    if (self->waiting_.size() == waiting_max)
      return c->done(not_answered(EXH_BUSY, "desk-queue-full", "nothing was sent"));
    const Time now = steady_clock::now();
    const std::uint64_t number = ++self->next_number_;
    self->gate_.wait(number, c->tenant, c->severity, mono(now));
    self->waiting_.emplace(number, Waiting{std::move(*c), now});
    self->pump();
    self->arm();
  });
}

void AdapterWorker::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    if (self->stopped_) return;
    self->stopped_ = true;
    self->timer_.cancel();
    for (const auto& [name, lane] : self->lanes_) lane->stop();
    self->refuse_waiting(not_answered(EXH_RETRY, "stopping", "nothing was sent"));
  });
}

void AdapterWorker::resume() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->gate_.resume();
    self->pump();
  });
}

std::string AdapterWorker::lane_name(const TenantId& tenant) const {
  return settings_.runner_per_tenant ? tenant.text : std::string();
}

RunnerLane& AdapterWorker::lane_of(const TenantId& tenant) {
  const std::string name = lane_name(tenant);
  std::shared_ptr<RunnerLane>& lane = lanes_[name];
  if (!lane) {
    RunnerLane::Worker worker;
    const auto with_self = [weak = weak_from_this()](auto&& act) {
      if (const auto self = weak.lock()) act(*self);
    };
    worker.ended = [with_self](AdapterCall& call, const AdapterResult& result) {
      with_self([&](AdapterWorker& self) { self.end_call(call, result); });
    };
    worker.refuse = [with_self, name](const AdapterResult& result) {
      with_self([&](AdapterWorker& self) { self.refuse_lane(name, result); });
    };
    worker.ready = [with_self] {
      with_self([](AdapterWorker& self) {
        self.pump();
        self.arm();
      });
    };
    lane = std::make_shared<RunnerLane>(settings_, world_, strand_, lock_path(world_.state, settings_.name, name),
                                        std::move(worker));
  }
  return *lane;
}

std::size_t AdapterWorker::busy() const {
  std::size_t all = 0;
  for (const auto& [name, lane] : lanes_) all += lane->busy();
  return all;
}

void AdapterWorker::arm() {
  if (armed_ || stopped_ || (waiting_.empty() && busy() == 0)) return;
  armed_ = true;
  timer_.expires_after(look_round);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    self->armed_ = false;
    if (error || self->stopped_) return;
    self->tick();
    self->arm();
  });
}

void AdapterWorker::tick() {
  const Time now = steady_clock::now();
  for (const auto& [name, lane] : lanes_) lane->tick(now);
  // For a turn among the tenants a call waits long; for a runner that cannot start, no longer than for an answer.
  const Nanoseconds turn = turn_patience, start = settings_.deadline;
  std::vector<std::uint64_t> too_long;
  for (const auto& [number, waiting] : waiting_) {
    const Nanoseconds waited = now - waiting.since;
    if (waited < std::min(turn, start)) break;  // Those behind it came later.
    if (waited >= (lane_of(waiting.call.tenant).up() ? turn : start)) too_long.push_back(number);
  }
  for (const std::uint64_t number : too_long) {
    gate_.leave(number);
    take_waiting(number).done(
        not_answered(EXH_RETRY, "desk-busy", "it waited too long for its turn; nothing was sent"));
  }
  pump();
}

void AdapterWorker::pump() {
  if (stopped_ || waiting_.empty()) return;
  const Time now = steady_clock::now();
  if (const auto rest = gate_.rest(mono(now))) return refuse_while_resting(*rest, now);
  std::set<std::string> prepared;
  std::vector<TenantId> tenants;
  for (const auto& [number, waiting] : waiting_)
    if (prepared.insert(lane_name(waiting.call.tenant)).second) tenants.push_back(waiting.call.tenant);
  for (const TenantId& tenant : tenants) lane_of(tenant).prepare(now);
  const auto can_go = [this](const TenantId& tenant) { return lane_of(tenant).free(); };
  while (!waiting_.empty() && busy() < static_cast<std::size_t>(settings_.concurrency)) {
    const auto number = gate_.next(mono(now), can_go);
    if (!number) return;
    AdapterCall call = take_waiting(*number);
    RunnerLane& lane = lane_of(call.tenant);
    stable_id_ = lane.stable_id();
    lane.send(std::move(call));
    if (!waiting_.empty()) lane_of(waiting_.begin()->second.call.tenant).prepare(now);
  }
}

AdapterCall AdapterWorker::take_waiting(std::uint64_t number) {
  const auto at = waiting_.find(number);
  AdapterCall call = std::move(at->second.call);
  waiting_.erase(at);
  return call;
}

void AdapterWorker::end_call(AdapterCall& call, const AdapterResult& result) {
  gate_.told(told_by(result), mono(steady_clock::now()));
  call.done(result);
}

void AdapterWorker::refuse_waiting(const AdapterResult& result) {
  for (auto& [number, waiting] : std::exchange(waiting_, {})) {
    gate_.leave(number);
    waiting.call.done(result);
  }
}

void AdapterWorker::refuse_lane(const std::string& name, const AdapterResult& result) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, waiting] : waiting_)
    if (lane_name(waiting.call.tenant) == name) numbers.push_back(number);
  for (const std::uint64_t number : numbers) {
    gate_.leave(number);
    take_waiting(number).done(result);
  }
}

/// All tenants hear it at once, and none of them calls before it is over.
void AdapterWorker::refuse_while_resting(const DeskGate::Rest& rest, Time now) {
  AdapterResult result = not_answered(rest.denied ? EXH_DENIED : EXH_RETRY, "desk-rests", rest.why);
  result.desk_rests = true;
  result.retry_after = rest.until - mono(now);
  refuse_waiting(result);
}

bool runner_is_gone(const std::string& state, const DeskId& desk, const TenantId& tenant) {
  const std::string path = lock_path(state, desk, tenant.text);
  std::error_code error;
  return !std::filesystem::exists(path, error) || take_runner_lock(path).has_value();
}

}  // namespace exhibit
