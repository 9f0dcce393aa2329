#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace exhibit::test {

/// A way to a real desk that breaks on request: before the request reaches it, after the desk has answered and before
/// the answer is passed on, or in the middle of the answer. One request a connection, counted in their order.
class CuttingProxy {
 public:
  enum class Cut { none, before, after, in_answer };

  explicit CuttingProxy(std::uint16_t desk);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The `request`th from now on, counted from 1, is cut; the count begins anew.
  void arm(int request, Cut cut);
  /// Requests since the last `arm`.
  [[nodiscard]] int requests() const { return count_; }

 private:
  void accept_all();
  void serve(int client);

  const std::uint16_t desk_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::mutex mutex_;
  std::vector<std::thread> serving_;
  std::vector<int> open_;
  std::atomic<int> count_ = 0, at_ = 0;
  std::atomic<Cut> cut_ = Cut::none;
  std::atomic<bool> ending_ = false;
  std::thread accepting_;
};

}  // namespace exhibit::test
