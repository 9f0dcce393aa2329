#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/values.h"
#include "sensorproto/sdee/event_reader.h"

namespace exhibit {

/// What to send; the caller adds host, login and TLS.
struct SensorRequest {
  std::string method, target;       ///< Origin form with its query.
  std::string cookie;               ///< Sent back unread; may be empty.
  std::chrono::seconds patience{};  ///< How long the sensor may take by its own promise; the caller adds its grace.
  std::size_t answer_max = limits::sdee_document;  ///< Bytes.
  bool operator==(const SensorRequest&) const = default;
};

struct SensorAnswer {
  int status = 0;
  std::string set_cookie;  ///< Value of the first Set-Cookie, may be empty.
  std::string body;
};

/// Where to go on after a restart. Stored with the events that it covers, in one transaction.
struct SdeeCursor {
  std::string subscription_id, session_id, cookie;
  std::int64_t last_time_ns = 0;  ///< Latest sensor time of a stored event.
  bool operator==(const SdeeCursor&) const = default;
};

/// What we know that we missed.
struct SensorGap {
  std::string cause;  ///< missed-events, unreadable-batch
  std::int64_t from_ns = 0, to_ns = 0;
  std::string proof;
};

/// What one answer brought. Empty events are normal: the sensor had nothing new.
struct SdeeBatch {
  std::vector<SensorEvent> events;
  std::vector<UnreadableEvent> unreadable;
  std::optional<SensorGap> gap;
  SdeeCursor cursor;  ///< To be stored together with the events.
};

/// The client side of one SDEE subscription (sensor-protocols 3): which request comes next, and what an answer means.
///
///   closed --open--> opening --id--> storing --committed--> ready --get--> getting --events--> storing
///     ^                 |401 twice      |                                      |fault errNotFound
///     |                 v               |commit failed                         v
///     +---------- halted (login)        +--> ready (confirm=no)             closed (from the cursor)
///
/// The id is stored before anything is asked for: a sensor has five slots, and one whose id is forgotten is taken for
/// days. So a stop gives none back, and the next start goes on in it.
/// Store before acknowledge: a get acknowledges the batch before it, so after a batch nothing is sent until `committed`
/// was called; whenever it is not certain that the last answer was received and stored, the next get says confirm=no.
/// A request of ours that nobody waits for any more (the process died, the connection broke) may still reach the
/// sensor, and then what it hands out to nobody would be acknowledged by our next get. So after such an end a batch is
/// acknowledged only when a get with confirm=no, a pause later, brought the same one again.
/// Does no I/O and reads no clock. Not thread-safe; the sensor's link owns it.
class SdeeSubscription {
 public:
  struct Settings {
    std::string path = "/cgi-bin/sdee-server";
    std::chrono::seconds long_poll{20};
    int events_max = limits::events_per_get;
    bool force = false;  ///< May throw out the customer's own console; only if the tenant says so.
    std::chrono::seconds overlap{60};
    Nanoseconds retry_first = std::chrono::seconds{2}, retry_max = std::chrono::seconds{120};
  };

  struct Pause {
    Nanoseconds length;
    std::string why;  ///< Empty: an ordinary pause.
  };
  struct AwaitCommit {};
  struct Halted {
    std::string cause;  ///< login-refused, permission-denied, not-available
    std::string why;
  };
  using Step = std::variant<SensorRequest, Pause, AwaitCommit, Halted>;

  SdeeSubscription(Settings settings, SdeeCursor resume_from);

  /// What the caller does next. A request is given until it is answered or failed.
  [[nodiscard]] Step next();
  /// The answer to the last request; a batch if it brought what is to be stored: a document, or the subscription's id.
  [[nodiscard]] std::optional<SdeeBatch> answered(const SensorAnswer& answer);
  /// No whole answer came: it is not known whether the sensor saw the request.
  void failed(std::string_view why);
  /// The answer is larger than the caller takes; `begun` is what came of it. Fewer events are asked for at once, and
  /// after a while more again. What is too large all alone is put aside in the third time: a batch that says so.
  [[nodiscard]] std::optional<SdeeBatch> too_large(std::string_view begun, std::string_view why);
  [[nodiscard]] bool pauses() const { return state_ == State::pausing; }
  void committed();
  void commit_failed();
  /// An operator said so, or the secret changed: try again after `Halted`.
  void resume();

 private:
  enum class State { closed, ready, storing, pausing, halted };

  SensorRequest open_request() const;
  SensorRequest get_request() const;
  void pause(std::string_view why);
  void refused(std::string_view why);  ///< A whole answer, of no use.
  [[nodiscard]] bool may_acknowledge();
  void halt(std::string_view cause, std::string_view why);
  void on_fault(const SdeeFault& fault);
  std::optional<SdeeBatch> on_opened(const SdeeDocument& document, const SensorAnswer& answer);
  SdeeBatch on_events(SdeeDocument document);
  std::optional<SdeeBatch> on_unreadable(const SensorAnswer& answer, const Error& error);
  SdeeBatch put_aside(std::string_view document, const std::string& why);

  Settings settings_;
  SdeeCursor cursor_, stored_;
  State state_ = State::closed;
  State after_pause_ = State::closed;
  bool opened_ = false;   ///< What waits for its commit is a new subscription's id.
  bool confirm_ = false;  ///< The last batch is stored for certain.
  int doubts_ = 0;        ///< So often, at most, the last batch is asked for again before it is acknowledged.
  std::string first_id_;  ///< Of the last batch; empty when it brought nothing.
  std::optional<std::string> first_id_before_;  ///< Of the one before it, if that was asked for in doubt.
  int refused_logins_ = 0;
  int failures_ = 0;
  int events_max_;  ///< Of the next get.
  int alone_too_large_ = 0;
  int small_gets_ = 0;           ///< So many more before a larger one is tried.
  std::string last_unreadable_;  ///< Digest of the document that could not be read, and how often it came.
  int unreadable_count_ = 0;
  std::string pause_why_;
  Halted halted_;
};

}  // namespace exhibit
