#pragma once

#include <sys/types.h>

#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
    std::string members;  ///< What stands in the message beside the link's number.
    std::vector<FileHandle> files;
    std::function<void(AdapterResult)> done;
  };

  AdapterWorker(DeskSettings settings, AdapterDeskWorld world);
  void submit(Call call);
  void stop();

  [[nodiscard]] Nanoseconds deadline() const { return settings_.deadline; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class State { idle, locking, starting, up };
  struct Waiting {
    Call call;
    Time give_up;
  };
  struct Link {
    bool opened = false, busy = false;
    std::uint64_t number = 0;  ///< Of the call at work.
    std::unique_ptr<Call> call;  ///< None while the link is being opened.
    Time give_up;
  };

  void pump();
  void begin();
  void start_runner(FileHandle lock);
  void open_link(std::size_t index);
  void send_next(std::size_t index);
  void take(const Message& message);
  void take_hello(const std::string& payload);
  void finish_link(Link& link, const AdapterResult& result);
  void runner_ended(std::string_view why);
  void refuse_waiting(std::int32_t rc, std::string_view cause, std::string_view text);
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
  std::deque<Waiting> waiting_;
  std::vector<Link> links_;
  Time started_, not_before_;
  int deaths_ = 0;
  bool stopped_ = false, renew_login_ = false, armed_ = false;
};

}  // namespace exhibit
