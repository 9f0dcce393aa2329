#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// A small HTTP server for the simulators. It may misbehave on request in every way a real peer was seen to; nothing of
/// it is part of the product.
namespace exhibit::sim {

struct Header {
  std::string name, value;
};

struct HttpRequest {
  std::string method, path;
  std::string query;  ///< What stands behind the '?', not decoded.
  std::vector<Header> headers = {};
  std::string body = {};
  bool reused = false;  ///< The connection carried a request before this one.
  /// True once the client has closed; a handler that waits asks it now and then.
  std::function<bool()> peer_gone;

  /// The first header of that name in any case, else the empty text.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// What the transport does with a finished answer. All but the first two are faults.
enum class Act {
  answer,
  chunked,
  hang,          ///< Sends nothing and keeps the connection until the client leaves.
  reset,         ///< Sends nothing but a TCP reset.
  close,         ///< Sends nothing and closes in good order.
  interim_only,  ///< Sends "100 Continue" and nothing more.
  drip,          ///< Sends one byte every tenth of a second.
  cut,           ///< Promises the whole body, sends half of it and closes.
  endless_header,
  endless_body,
};

struct HttpReply {
  int status = 200;
  std::vector<Header> headers = {};
  std::string body = {};
  Act act = Act::answer;
};

using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

struct Endpoint {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};

/// "127.0.0.1:8080"; port 0 lets the system choose.
Result<Endpoint> parse_endpoint(std::string_view text);

struct ServerTls {
  std::string certificate_pem, key_pem;
  int only_version = 0;         ///< As OpenSSL counts; then anything weak is good enough.
  std::string ciphers = "ALL";  ///< With `only_version`, up to TLS 1.2.
};

/// Serves from its constructor to its destructor, a thread a connection. The handler is called from many threads at
/// once. The constructor throws std::runtime_error when it cannot listen.
class HttpServer {
 public:
  HttpServer(const Endpoint& listen, std::optional<ServerTls> tls, HttpHandler handler);
  /// Cuts every connection and joins every thread; a handler that waits must have been woken by its owner before.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

using Parameters = std::multimap<std::string, std::string, std::less<>>;

/// "%41" is A; '+' is a blank when `form` is set. A broken escape stays as it is.
std::string percent_decoded(std::string_view text, bool form);
/// A query or a form body.
Parameters parse_form(std::string_view text);
/// The first value of that name, else `other`.
std::string value_of(const Parameters& parameters, std::string_view name, std::string_view other = {});

/// The user and password of "Basic ...", with the scheme word in any case; nothing when the header is something else.
std::optional<std::pair<std::string, std::string>> basic_login(std::string_view authorization);

std::string_view reason_of(int status);

}  // namespace exhibit::sim
