#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "adapters/sim/http_server.h"
#include "sensorproto/sim/event_store.h"
#include "sensorproto/sim/ip_log_ring.h"
#include "sensorproto/sim/recorded_answers.h"
#include "sensorproto/sim/scenario.h"
#include "sensorproto/sim/sensor_faults.h"

namespace exhibit::sim {

/// A Cisco IPS as its network side shows it: the SDEE server with subscriptions over a bounded event store, and the
/// IP-log server over a ring of files that really overwrites.
///
/// `handle` is called from many threads. The scenario runs on whichever thread calls `tick`, one at a time.
class Sensor final : private Stage {
 public:
  struct Options {
    std::string user = {}, password = {};  ///< No password: every login passes.
    std::string host = "sim-ips1";
    StatusForm status_form = StatusForm::children;
    bool announce_removed = false;         ///< evStatus ipLogRemoved when a log is overwritten.
    bool announce_logins = false;          ///< evStatus loginAction, as real sensors do.
    bool iplog_get_only = false;           ///< POST is answered with 405.
    bool unasked = false;                  ///< The scenario begins at once.
    std::size_t log_bytes_max = 1U << 20;  ///< Of one file in the ring; a log that is full simply ends.
    IpLogRing::Limits ring = {};
    EventStore::Limits store = {};
  };
  using Clock = std::function<WallTime()>;
  using Say = std::function<void(const std::string&)>;

  /// `say` gets one JSON object for everything that happens. Without a scenario nothing is ever seen.
  Sensor(Options options, Clock clock, Say say, std::unique_ptr<Scenario> scenario,
         std::optional<RecordedAnswers> answers = std::nullopt);

  Result<void> misbehave(std::string_view name);
  HttpReply handle(const HttpRequest& request);
  /// Completes logs and lets the scenario, which starts at the first `open` unless `unasked`, do what is due.
  void tick();
  /// Wakes every waiting `get`; nothing waits any more.
  void stop();

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Login {
    std::string session;
    bool fresh = false;
  };

  std::uint64_t raise(const SimAlert& alert, const std::optional<Recording>& recording,
                      std::optional<WallTime> seen) override;
  std::uint64_t record(const std::string& address, const Recording& recording) override;
  std::uint64_t raise_naming(const SimAlert& alert, std::uint64_t log, WallTime seen) override;
  void fill_ring() override;
  [[nodiscard]] bool recording(const std::string& address) const override { return ring_.recording(address); }
  [[nodiscard]] bool can_record(const std::string& address) const override { return ring_.can_record(address); }

  HttpReply sdee(const HttpRequest& request, Lock& lock);
  HttpReply sdee_action(const std::string& action, const Parameters& parameters, const HttpRequest& request,
                        Lock& lock);
  std::string open(const Parameters& parameters, const std::string& session);
  std::string get(const Parameters& parameters, const HttpRequest& request, Lock& lock, EnvelopeHead& head);
  std::string get_recorded(const Parameters& parameters, const HttpRequest& request, Lock& lock);
  std::string query(const Parameters& parameters, EnvelopeHead& head) const;
  std::string close_or_cancel(const std::string& action, const std::string& id);
  bool wait_for_news(const std::string& id, std::chrono::seconds timeout, const HttpRequest& request, Lock& lock);
  HttpReply ip_log(const HttpRequest& request);
  HttpReply ip_log_file(const IpLog& log, std::string_view fault);

  std::optional<Login> login(const HttpRequest& request);
  SimIdentity identity(std::optional<WallTime> time = std::nullopt);
  IpLog* start_log(const std::string& address, std::uint64_t alert, const Recording& recording, WallTime time);
  std::uint64_t compose(const SimAlert& alert, const SimIdentity& as, std::optional<std::uint64_t> log);
  void add(std::string type, std::string severity, std::string xml);
  void tell_ring();
  void finish_when_done();

  const Options options_;
  const Clock clock_;
  const Say say_;
  std::mutex mutex_;
  std::condition_variable changed_;
  EventStore store_;
  IpLogRing ring_;
  SensorFaults faults_;
  std::unique_ptr<Scenario> scenario_;
  std::optional<RecordedAnswers> answers_;
  std::map<std::string, std::string> sessions_;  // Session id to user.
  std::set<std::string> waiting_, cancelled_;    // Subscription ids.
  std::set<std::uint64_t> named_;                // Logs that an alert or a status event named.
  std::string last_body_;                        // For the fault that repeats a batch.
  std::uint64_t next_event_, alerts_ = 0;
  std::optional<WallTime> started_, opened_;
  bool played_ = false, done_ = false, stopping_ = false;
};

}  // namespace exhibit::sim
