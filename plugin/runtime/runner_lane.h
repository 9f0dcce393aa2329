#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/frame.h"
#include "config/settings.h"
#include "evidence/evidence_store.h"
#include "runtime/adapter_host.h"
#include "runtime/adapter_message.h"
#include "runtime/runner_process.h"

namespace exhibit {

/// One call to a desk, for its runner.
struct AdapterCall {
  FrameKind kind = FrameKind::probe;
  TenantId tenant;
  Severity severity = Severity::high;
  std::string members;  ///< What stands in the message beside the link's number.
  std::vector<FileHandle> files;
  std::function<void(AdapterResult)> done;
};

/// How a call ends that no desk answered.
AdapterResult not_answered(std::int32_t rc, std::string_view cause, std::string_view text);

/// One runner of a desk: its process, whichever life of it, and the links that it holds open. A call goes out over a
/// free link and ends by an answer, a deadline or the runner's death.
///
///   idle --prepare--> locking --lock free--> starting --hello--> up --end of file--> idle (and a pause)
///
/// All of it runs on the strand of the desk's worker, which owns it.
class RunnerLane : public std::enable_shared_from_this<RunnerLane> {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// What it tells its worker.
  struct Worker {
    std::function<void(AdapterCall&, const AdapterResult&)> ended;
    std::function<void(const AdapterResult&)> refuse;  ///< Calls that wait for this lane end so; none was sent.
    std::function<void()> ready;                       ///< A link may be free now.
  };

  RunnerLane(const DeskSettings& settings, const AdapterDeskWorld& world, const Strand& strand, std::string lock,
             Worker worker);

  /// Starts the runner, and opens a link when none is free.
  void prepare(Time now);
  /// A call could go out at once.
  [[nodiscard]] bool free() const;
  void send(AdapterCall call);
  void tick(Time now);
  /// Whatever was on its way is unknown then; a look-up only tells nothing.
  void end(std::string_view why);
  void stop();

  [[nodiscard]] std::size_t busy() const;
  [[nodiscard]] bool up() const { return state_ == State::up; }
  /// The module says that the same operation may be sent again under its id: the receiver knows it.
  [[nodiscard]] bool stable_id() const { return stable_id_; }

 private:
  enum class State { idle, locking, starting, up };
  struct Link {
    bool opened = false, busy = false;
    std::uint64_t number = 0;           ///< Of the call at work.
    std::unique_ptr<AdapterCall> call;  ///< None while the link is being opened.
    Time give_up;
  };

  void begin(Time now);
  void start_runner(FileHandle lock);
  void cannot_start(std::string_view why);
  void open_link(std::size_t index);
  void take(const Message& message);
  void take_hello(const std::string& payload);
  void finish_link(Link& link, const AdapterResult& result);

  const DeskSettings& settings_;
  const AdapterDeskWorld& world_;
  const Strand strand_;
  const std::string lock_;
  const Worker worker_;
  State state_ = State::idle;
  std::shared_ptr<RunnerProcess> runner_;
  std::uint64_t life_ = 0;  // Counts runners, so that a late word of an old one is known as such.
  std::uint64_t next_number_ = 0;
  std::vector<Link> links_;
  Time started_, not_before_;
  int deaths_ = 0;
  bool stable_id_ = false, renew_login_ = false, stopped_ = false;
};

}  // namespace exhibit
