#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "base/frame.h"

namespace exhibit {

/// Descriptors that came with a message, closed when it goes.
class Descriptors {
 public:
  Descriptors() = default;
  explicit Descriptors(std::vector<int> fds) : fds_(std::move(fds)) {}
  Descriptors(Descriptors&& other) noexcept : fds_(std::move(other.fds_)) { other.fds_.clear(); }
  Descriptors& operator=(Descriptors&& other) noexcept;
  ~Descriptors();
  [[nodiscard]] const std::vector<int>& all() const { return fds_; }

 private:
  std::vector<int> fds_;
};

/// The runner's end of the socket to the plugin. One thread receives; any thread sends. A receiver never waits for a
/// sender.
class Channel {
 public:
  explicit Channel(int fd) : fd_(fd) {}

  /// The next message with its descriptors. False: the plugin has gone, or broke the rules.
  bool receive(Message& message, Descriptors& descriptors);
  /// Blocks the caller, and nobody else's reading, until the kernel has taken the message.
  void send(const Message& message);

 private:
  int fd_;
  MessageReader reader_;
  std::vector<int> pending_;  // Descriptors of the message that is still incomplete.
  std::mutex sending_;
};

}  // namespace exhibit
