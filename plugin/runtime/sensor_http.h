#pragma once

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "config/settings.h"
#include "runtime/secrets.h"
#include "runtime/threads.h"

namespace exhibit {

/// Why a call to a sensor brought no whole answer.
struct SensorCallError {
  enum class Kind { unreachable, certificate_refused, timeout, cut, too_large };
  Kind kind = Kind::unreachable;
  std::string why;
};

struct SensorCallResult {
  SensorAnswer answer;  ///< `body` holds what arrived, also when `error` is set.
  std::optional<SensorCallError> error;
};

/// HTTP towards one sensor. Every call has a deadline for the whole of it and limits for header and body; redirects are
/// never followed, so the login goes to this sensor and nobody else. TLS has a context of its own: the pin decides, and
/// the legacy switch (TLS 1.0, weak keys) works only here and only with a pin.
/// Not thread-safe; everything runs on the given strand.
class SensorHttp {
 public:
  SensorHttp(Strand strand, const SensorSettings& settings);
  ~SensorHttp();

  struct Limits {
    Nanoseconds deadline;
    Nanoseconds silence;  ///< Without a single byte of the body.
    std::size_t body_max;
  };
  /// Sees each piece of a 2xx body as it comes from the socket.
  using BodySink = std::function<void(ByteView)>;

  boost::asio::awaitable<SensorCallResult> call(SensorRequest request, Secret password, Limits limits,
                                                BodySink sink = {});
  /// Drops the kept connection and makes running calls end soon.
  void cancel();

 private:
  struct Connection;
  struct Exchange;

  boost::asio::awaitable<std::optional<SensorCallError>> connect(std::shared_ptr<Connection> connection,
                                                                 Nanoseconds deadline);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace exhibit
