#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "base/frame.h"
#include "base/json.h"
#include "runner/channel.h"
#include "runner/desk_http.h"
#include "runner/module.h"

namespace exhibit {

/// One link to the desk and the thread that drives it. The plugin sends the next call on a link only after the answer
/// to the last one: that is the credit, so nothing here queues more than one.
///
/// `submit` and `cancel` are for the reading thread and never wait.
class LinkThread {
 public:
  using Answer = std::function<void(Message)>;
  using SharedHttp = std::function<std::shared_ptr<DeskHttp>(const Json& config)>;
  using Log = std::function<void(int level, std::string_view text)>;

  LinkThread(const exh_adapter& adapter, SharedHttp http, Answer answer, Log log);
  LinkThread(const LinkThread&) = delete;
  LinkThread& operator=(const LinkThread&) = delete;

  /// False when a call is still running: the plugin broke the rule.
  bool submit(Message message, Descriptors descriptors);
  void cancel(std::uint64_t call);

 private:
  struct Work {
    Message message;
    Descriptors descriptors;
  };

  void run();
  Message perform(Work& work);
  exh_rc open(const Json& config, exh_sink result);
  exh_rc without_op(const Work& work, exh_sink result);
  exh_rc with_op(const Work& work, exh_sink result);

  static exh_rc ask(void* ctx, const exh_http_request* request, exh_http_answer* answer, exh_sink content_type,
                    exh_sink body);
  static const void* extension(void* ctx, const char* id);
  static void log(void* ctx, std::int32_t level, exh_str message);

  const exh_adapter& adapter_;
  const SharedHttp shared_http_;
  const Answer answer_;
  const Log log_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::optional<Work> next_;
  std::uint64_t running_ = 0;  // The call at work, guarded by mutex_.
  std::atomic<bool> cancelled_ = false;
  std::int64_t requests_ = 0;  // Of the call at work; only its own thread counts.
  std::shared_ptr<DeskHttp> http_;
  exh_http http_table_{};
  exh_services services_{};
  exh_link* link_ = nullptr;
  std::chrono::steady_clock::time_point deadline_;
  std::thread thread_;  // Ends with the process: the runner never closes a link in good order.
};

}  // namespace exhibit
