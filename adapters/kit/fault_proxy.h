#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace exhibit::kit {

/// A way to a desk that breaks on request: before the request reaches it, after the desk has answered and before the
/// answer is passed on, or in the middle of the answer; or another answer takes its place, with the desk asked or not; or
/// the desk did it and no answer ever comes.
/// One request a connection, counted in their order. Thread-safe.
class FaultProxy {
 public:
  enum class Cut { none, before, after, in_answer, instead, masked, hang };

  explicit FaultProxy(std::uint16_t desk);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The `request`th from now on, counted from 1, is cut; the count begins anew.
  /// `answer`: what the client gets when the cut is `instead` (the desk is not asked) or `masked` (it is); whole, with
  /// its head.
  void arm(int request, Cut cut, std::string answer = {});
  /// Requests since the last `arm`.
  [[nodiscard]] int requests() const { return count_; }
  /// Nothing is on its way to the desk or back.
  [[nodiscard]] bool idle();

 private:
  void accept_all();
  void serve(int client);
  std::string other_answer();

  const std::uint16_t desk_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::mutex mutex_;
  std::vector<std::thread> serving_;
  std::vector<int> open_;
  std::atomic<int> count_ = 0, at_ = 0;
  std::atomic<Cut> cut_ = Cut::none;
  std::string answer_;  // Guarded by mutex_.
  std::atomic<bool> ending_ = false;
  std::thread accepting_;
};

}  // namespace exhibit::kit
