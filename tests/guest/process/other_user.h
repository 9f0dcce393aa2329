#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace exhibit::guest {

/// The rest of the host: a thread that uses TLS all the time, strictly, and if `restless` one that changes the locale.
class OtherUsers {
 public:
  explicit OtherUsers(bool restless);
  ~OtherUsers();
  OtherUsers(const OtherUsers&) = delete;
  OtherUsers& operator=(const OtherUsers&) = delete;

  [[nodiscard]] std::uint64_t handshakes() const { return handshakes_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  void use_tls();
  void change_locale() const;
  bool handshake(SSL_CTX* context) const;

  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> handshakes_{0}, failures_{0};
  std::thread tls_, locale_;
};

}  // namespace exhibit::guest
