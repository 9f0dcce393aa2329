#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "engine/disk_room.h"
#include "runtime/log.h"
#include "runtime/threads.h"

namespace exhibit {

/// Looks twice a second at the room under the state folder and keeps the ballast, the file STATE/ballast, as DiskRoom
/// decides. One for all tenants. `scarce` and `text` may be called from any thread.
class DiskGuard : public std::enable_shared_from_this<DiskGuard> {
 public:
  /// `changed` is called on a thread of the executors.
  DiskGuard(Executors& executors, std::string folder, Log log, std::function<void()> changed);

  /// Looks at once, so that a store on a full disk finds the ballast's room when it is opened, and then again and
  /// again.
  void start();
  void stop();

  [[nodiscard]] bool scarce() const { return scarce_; }
  /// What an operator reads; empty when there is room.
  [[nodiscard]] std::string text() const;

 private:
  void look();
  void arm();
  bool make_ballast();
  [[nodiscard]] std::string path() const { return folder_ + "/ballast"; }

  Strand strand_;
  boost::asio::steady_timer timer_;
  std::string folder_;
  Log log_;
  std::function<void()> changed_;
  std::unique_ptr<DiskRoom> room_;  ///< None while the disk does not tell its size.
  std::atomic<bool> scarce_{false};
  bool stopped_ = false;
  mutable std::mutex mutex_;  // Guards text_.
  std::string text_;
};

}  // namespace exhibit
