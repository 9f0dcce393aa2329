#pragma once

#include <sys/types.h>

#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/frame.h"
#include "evidence/evidence_store.h"
#include "runtime/threads.h"

namespace exhibit {

/// Takes the lock of a desk's runner; nothing while another process holds it. The lock file is made when it is missing.
std::optional<FileHandle> take_runner_lock(const std::string& path);

/// One life of exhibit-adapter-runner: its process and the socket to it. It ends by closing the socket, never by a
/// signal. All methods are for one strand, and so are the callbacks.
class RunnerProcess : public std::enable_shared_from_this<RunnerProcess> {
 public:
  struct Plan {
    std::string runner, module;
    std::vector<std::string> environment;
  };
  using OnMessage = std::function<void(Message)>;
  using OnEnd = std::function<void()>;

  /// The child inherits `lock` and holds it to its end. unavailable: the program cannot be started.
  static Result<std::shared_ptr<RunnerProcess>> start(const Strand& strand, const Plan& plan, FileHandle lock,
                                                      OnMessage on_message, OnEnd on_end);

  RunnerProcess(const Strand& strand, int socket, pid_t process);
  void send(const Message& message, std::vector<FileHandle> files);
  /// The runner ends at once. `on_end` does not come any more.
  void close();

 private:
  struct Packet {
    std::string bytes;
    std::vector<FileHandle> files;
  };

  void read();
  void write();
  bool write_one(const Packet& packet);
  void end();
  void reap(int tries);

  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer reaping_;
  pid_t process_;
  OnMessage on_message_;
  OnEnd on_end_;
  MessageReader reader_;
  std::deque<Packet> packets_;
  bool writing_ = false, closed_ = false;
};

}  // namespace exhibit
