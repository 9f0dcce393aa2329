#pragma once

#include <atomic>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace exhibit::test {

/// A desk that cannot be searched: a mail server or the receiver of a webhook. Its fault model: of 100 messages 20 are
/// cut before their last byte and not kept, 20 are kept and cut before the answer, 10 are kept and answered late.
/// Thread-safe.
class LossyReceiver {
 public:
  enum class Kind { webhook, mail };
  /// One message that was kept.
  struct Kept {
    std::string incident;
    std::string what;  ///< The same for two copies of one message.
    std::string id;    ///< Message-ID or webhook-id.
    int life = 0;
    bool answered = false;
  };

  LossyReceiver(Kind kind, std::uint64_t seed);
  ~LossyReceiver();
  LossyReceiver(const LossyReceiver&) = delete;
  LossyReceiver& operator=(const LossyReceiver&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The sender was started again: what comes now is of its next life.
  void next_life() { ++life_; }
  /// In the order of arrival.
  [[nodiscard]] std::vector<Kept> kept() const;
  [[nodiscard]] std::size_t cut_before() const { return cut_before_; }
  [[nodiscard]] std::size_t cut_after() const { return cut_after_; }

 private:
  enum class Fault { none, before, after, late };
  class Line;

  void accept_all();
  void serve_http(Line& line);
  void serve_smtp(Line& line);
  Fault next_fault();
  /// Keeps a whole message and answers it as its fault says. False: the connection is cut.
  bool take(Line& line, Fault fault, Kept message, std::string_view answer);

  const Kind kind_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  mutable std::mutex mutex_;
  std::mt19937 dice_;
  std::vector<Kept> kept_;
  std::vector<std::thread> serving_;
  std::vector<int> open_;
  std::atomic<int> life_ = 0;
  std::atomic<std::size_t> cut_before_ = 0, cut_after_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread accepting_;
};

}  // namespace exhibit::test
