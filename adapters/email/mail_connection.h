#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "adapters/email/email_judge.h"
#include "adapters/email/email_settings.h"

namespace exhibit::email {

/// A connection to a mail server that is ready for work: libcurl connected it, made and verified TLS, and logged in.
/// What is said afterwards is ours, byte by byte, so that it is known for sure what the server may have taken.
///
/// One connection for one conversation; never used again. Not thread-safe; `cancelled` may be set from any thread.
class MailConnection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  MailConnection(MailConnection&&) noexcept;
  ~MailConnection();

  /// `name` is what we call ourselves in EHLO. Speaks only the protocol of `server`, whatever it is told.
  static std::variant<MailConnection, ConnectFailure> open(const Server& server, const std::string& name,
                                                           Deadline deadline, const std::atomic<bool>& cancelled);

  /// False when it ended, the deadline passed or somebody cancelled; some of it may have left.
  bool send(std::string_view bytes);
  /// What came, at least one byte; empty like `send`.
  std::string receive();

  /// All that the server said until the login was done.
  [[nodiscard]] const std::string& said() const;

 private:
  struct State;
  explicit MailConnection(std::unique_ptr<State> state);
  bool wait(bool writing);

  std::unique_ptr<State> state_;
};

}  // namespace exhibit::email
