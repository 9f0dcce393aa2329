#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/frame.h"
#include "base/json.h"

namespace exhibit::kit {

/// What a module answered.
struct Answer {
  std::int32_t rc = -1;  ///< -1: the runner ended before it answered.
  std::string cause = {}, text = {}, ticket = {}, number = {}, url = {};
  std::uint64_t matches = 0;
  bool already_there = false;
  std::string document = {};  ///< JSON.
  std::string whole = {};     ///< The result as it came.
};

/// The real runner with a module in it, spoken to as the plugin does. Thread-safe; one call at a time on each link.
class RunnerClient {
 public:
  /// Throws std::runtime_error when the runner cannot be started or its module not be loaded.
  RunnerClient(const std::string& runner, const std::string& module);
  ~RunnerClient();
  RunnerClient(const RunnerClient&) = delete;
  RunnerClient& operator=(const RunnerClient&) = delete;

  /// Closes the socket: the runner ends at once, and every call that waits gets rc -1. [any thread]
  void end();
  [[nodiscard]] const std::string& description() const { return description_; }

  Answer open(int link, const std::string& config_json);
  Answer probe(int link);
  /// `op_json` as exhibit/adapter.h has it; `evidence` becomes the blob.
  Answer apply(int link, const std::string& op_json, const std::string* evidence = nullptr);
  Answer find(int link, const std::string& op_json, const std::string* evidence = nullptr);
  Answer read(int link, const std::string& ticket);
  Answer poll(int link, const std::string& request_json);

 private:
  Answer call(FrameKind kind, int link, const std::string& members, const std::string* evidence = nullptr);
  void send(const Message& message, int evidence);
  void receive();

  int socket_ = -1;
  pid_t process_ = -1;
  std::string description_;
  std::mutex mutex_, sending_;
  std::condition_variable came_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::optional<std::string>> answers_;
  bool ended_ = false, greeted_ = false;
  std::thread receiver_;
};

}  // namespace exhibit::kit
