#pragma once

#include <sys/types.h>

#include <utility>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/desk_gate.h"
#include "runtime/adapter_host.h"
#include "runtime/adapter_message.h"
#include "runtime/adapter_paths.h"
#include "runtime/runner_process.h"

namespace exhibit {

/// The work behind make_adapter_desk: calls wait here, go out over free links, and end by an answer, a deadline or the
/// runner's death.
///
///   idle --call--> locking --lock free--> starting --hello--> up --end of file--> idle (and a pause)
///
/// Only `submit` and `stop` are for any thread; all else runs on its own strand.
class AdapterWorker : public std::enable_shared_from_this<AdapterWorker> {
 public:
  struct Call {
    FrameKind kind = FrameKind::probe;
    TenantId tenant;
    Severity severity = Severity::high;
    std::string members;  ///< What stands in the message beside the link's number.
    std::vector<FileHandle> files;
    std::function<void(AdapterResult)> done;
  };

  AdapterWorker(DeskSettings settings, AdapterDeskWorld world);
  void submit(Call call);
  void stop();
  /// Ends the desk's rest: a person says that it may be called again.
  void resume();

  /// The module says that the same operation may be sent again under its id: the receiver knows it.
  [[nodiscard]] bool stable_id() const { return stable_id_; }
  [[nodiscard]] Nanoseconds deadline() const { return settings_.deadline; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class State { idle, locking, starting, up };
  struct Waiting {
    Call call;
    Time since;
  };
  struct Link {
    bool opened = false, busy = false;
    std::uint64_t number = 0;    ///< Of the call at work.
    std::unique_ptr<Call> call;  ///< None while the link is being opened.
    Time give_up;
  };

  void pump();
  void begin();
  void start_runner(FileHandle lock);
  void open_link(std::size_t index);
  void send(std::size_t index, Call call);
  Call take_waiting(std::uint64_t number);
  void end_call(Call& call, const AdapterResult& result);
  void take(const Message& message);
  void take_hello(const std::string& payload);
  void finish_link(Link& link, const AdapterResult& result);
  void runner_ended(std::string_view why);
  void refuse_waiting(const AdapterResult& result);
  void refuse_while_resting(const DeskGate::Rest& rest, Time now);
  void tick();
  void arm();

  const DeskSettings settings_;
  const AdapterDeskWorld world_;
  Strand strand_;
  boost::asio::steady_timer timer_;
  State state_ = State::idle;
  std::shared_ptr<RunnerProcess> runner_;
  std::uint64_t life_ = 0;  // Counts runners, so that a late word of an old one is known as such.
  std::uint64_t next_number_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;
  DeskGate gate_;
  std::vector<Link> links_;
  Time started_, not_before_;
  int deaths_ = 0;
  std::atomic<bool> stable_id_ = false;
  bool stopped_ = false, renew_login_ = false, armed_ = false;
};

}  // namespace exhibit
