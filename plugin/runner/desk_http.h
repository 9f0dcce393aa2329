#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exhibit/types.h"

namespace exhibit {

/// Speaks HTTP to one desk, with cpprestsdk behind every guard that its measured faults call for: no redirects, no
/// compression, no answer before the final one, one deadline for the whole exchange, a bounded answer, and a request
/// body that cannot be rewound, so that the library can never send a writing request twice.
///
/// It sends no login of its own: a module makes that from its configuration. One object a desk, kept. Thread-safe.
class DeskHttp {
 public:
  struct Settings {
    std::string url;
    std::vector<std::string> also = {};      ///< Other addresses whose origins an absolute target may have.
    std::string certificate = {}, key = {};  ///< PEM files of a client certificate; empty: none is shown.
    /// Connections that the egress rules refused so far: the library calls those failures like any other.
    std::function<std::uint64_t()> refusals = [] { return std::uint64_t{0}; };
  };
  struct Header {
    std::string name, value;
  };
  /// Reads a piece of the body: bytes, 0 at the end, negative on failure.
  using BodyReader = std::function<std::int64_t(std::uint64_t offset, void* buffer, std::size_t capacity)>;
  struct Request {
    std::string method, target;
    std::vector<Header> headers;
    std::string body;
    BodyReader reader;  ///< Instead of `body`, when set.
    std::uint64_t length = 0;
    std::chrono::milliseconds deadline{30'000};
  };
  struct Answer {
    exh_rc rc = EXH_UNKNOWN;  ///< As exh_http.ask returns it.
    int status = 0;
    std::uint32_t retry_after_ms = 0;
    std::string content_type = {}, body = {};
    std::vector<Header> headers = {};
    std::string why = {};  ///< A sentence; never a secret.
  };

  /// Before the first DeskHttp: the library's pool is set to two threads.
  static void initialise();

  /// Throws std::invalid_argument when the address is none.
  explicit DeskHttp(Settings settings);
  ~DeskHttp();

  /// `cancelled` is looked at while waiting.
  Answer ask(const Request& request, const std::atomic<bool>& cancelled);

 private:
  struct State;
  struct Peer;
  std::unique_ptr<State> state_;
};

}  // namespace exhibit
