#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <optional>
#include <type_traits>

#include "base/text.h"
#include "base/utc.h"
#include "web/connections.h"
#include "web/site.h"
#include "web/turns.h"
#include "web/web_server.h"

namespace exhibit {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using Executor = tcp::socket::executor_type;
using web::Connection, web::Crowd, web::header_max, web::body_max;

/// No browser sends requests ahead: who does waits behind those who do not.
constexpr std::size_t pipelines_at_once = 2;

class BeastServer final : public std::enable_shared_from_this<BeastServer> {
 public:
  BeastServer(const HostSettings& settings, WebServer::World world, WebServer::Limits limits)
      : world_(std::move(world)),
        limits_(limits),
        strand_(world_.executors.make_strand()),
        acceptor_(strand_),
        pause_(strand_),
        public_url_(settings.public_url),
        crowd_(limits.connections) {
    running_ = std::shared_ptr<void>(nullptr, [this_end = end_](void*) {
      std::function<void()> stopped;
      {
        const std::lock_guard lock(this_end->mutex);
        this_end->ended = true;
        stopped = std::move(this_end->stopped);
      }
      if (stopped) stopped();
    });
  }

  Result<void> open(const HostSettings& settings);
  void run() { asio::co_spawn(strand_, accept_all(shared_from_this(), running_), asio::detached); }
  void stop(std::function<void()> stopped);
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  struct End {
    std::mutex mutex;
    bool ended = false;
    std::function<void()> stopped;
  };
  using Self = std::shared_ptr<BeastServer>;
  using Running = std::shared_ptr<void>;  ///< Whoever holds one is still at work.

  Result<void> use_certificate(const HostSettings& settings);
  static asio::awaitable<void> accept_all(Self self, Running running);
  /// The turn of one who sends requests ahead; none when it does not come in time.
  static asio::awaitable<std::shared_ptr<void>> turn(Self self, std::shared_ptr<Connection> connection);
  static asio::awaitable<void> serve(Self self, Running running, std::shared_ptr<Connection> connection);
  template <typename Stream>
  static asio::awaitable<void> talk(Self self, Running running, std::shared_ptr<Connection> connection, Stream& stream);
  template <typename Stream>
  static asio::awaitable<bool> exchange(Self self, Running running, std::shared_ptr<Connection> connection,
                                        Stream& stream, bool ahead);
  template <typename Stream>
  static asio::awaitable<bool> write(Self self, std::shared_ptr<Connection> connection, Stream& stream, bool head,
                                     bool keep, unsigned version);
  template <typename Stream>
  static asio::awaitable<bool> write_file(Self self, std::shared_ptr<Connection> connection, Stream& stream,
                                          const web::Response& response);
  static asio::awaitable<void> route(Self self, Running running, std::shared_ptr<Connection> connection,
                                     web::Request request);

  std::shared_ptr<End> end_ = std::make_shared<End>();
  WebServer::World world_;
  WebServer::Limits limits_;
  Strand strand_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::optional<ssl::context> context_;
  std::string public_url_;
  std::uint16_t port_ = 0;
  std::shared_ptr<web::Site> site_;
  Crowd crowd_;
  web::Turns turns_{pipelines_at_once};
  Running running_;
};

std::string own_words(std::string_view what, const beast::error_code& failed) {
  return cat(what, ": ", failed.message());
}

Result<void> BeastServer::use_certificate(const HostSettings& settings) {
  if (settings.web_certificate.empty()) return {};
  context_.emplace(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context_->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context_->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  context_->set_options(ssl::context::single_dh_use | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  beast::error_code failed;
  context_->use_certificate_chain_file(settings.web_certificate, failed);
  if (failed) return Error{Errc::bad_input, own_words("web.certificate", failed)};
  context_->use_private_key_file(settings.web_key, ssl::context::pem, failed);
  if (failed) return Error{Errc::bad_input, own_words("web.key", failed)};
  if (SSL_CTX_check_private_key(context_->native_handle()) != 1)
    return Error{Errc::bad_input, "web.key does not belong to web.certificate"};
  return {};
}

Result<void> BeastServer::open(const HostSettings& settings) {
  if (Result<void> usable = use_certificate(settings); !usable) return usable;
  beast::error_code failed;
  const auto address = asio::ip::make_address(settings.web_address, failed);
  if (failed) return Error{Errc::bad_input, own_words(cat("web.listen ", settings.web_address), failed)};
  const tcp::endpoint endpoint(address, settings.web_port);
  acceptor_.open(endpoint.protocol(), failed);
  if (!failed) acceptor_.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed) acceptor_.bind(endpoint, failed);
  if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  if (failed)
    return Error{Errc::unavailable,
                 own_words(cat("listening on ", settings.web_address, ":", settings.web_port), failed)};
  port_ = acceptor_.local_endpoint().port();
  Executors& executors = world_.executors;
  site_ = std::make_shared<web::Site>(
      web::Site::Settings{settings.public_url, settings.users, settings.session, context_.has_value(), settings.api},
      web::Site::World{world_.clock, world_.log, world_.tenants,
                       [&executors](std::function<void()> work) { asio::post(executors.workers(), std::move(work)); }});
  return {};
}

void BeastServer::stop(std::function<void()> stopped) {
  {
    const std::lock_guard lock(end_->mutex);
    if (!end_->ended) end_->stopped = std::exchange(stopped, {});
  }
  if (stopped) return stopped();
  asio::post(strand_, [self = shared_from_this()] {
    beast::error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
    self->crowd_.close();
    self->running_.reset();
  });
}

asio::awaitable<void> BeastServer::accept_all(Self self, Running running) {
  beast::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  while (self->acceptor_.is_open()) {
    Strand strand = self->world_.executors.make_strand();
    tcp::socket socket(strand);
    co_await self->acceptor_.async_accept(socket, token);
    if (failed == asio::error::operation_aborted) break;
    if (failed) {  // Most likely no descriptor is free: let others end before the next try.
      self->pause_.expires_after(std::chrono::milliseconds{100});
      co_await self->pause_.async_wait(token);
      continue;
    }
    const auto from = socket.remote_endpoint(failed);
    auto connection =
        std::make_shared<Connection>(strand, std::move(socket), self->context_ ? &*self->context_ : nullptr);
    if (!failed) connection->peer = from.address().to_string();
    // A file follows its header in a segment of its own, which must not wait until the browser has acknowledged that.
    connection->tcp().socket().set_option(tcp::no_delay(true), failed);
    if (self->crowd_.enter(connection)) asio::co_spawn(strand, serve(self, running, connection), asio::detached);
  }
}

asio::awaitable<void> BeastServer::serve(Self self, Running running, std::shared_ptr<Connection> connection) {
  beast::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  connection->tcp().expires_after(self->limits_.header);
  if (connection->secure) {
    co_await connection->secure->async_handshake(ssl::stream_base::server, token);
    if (!failed) co_await talk(self, running, connection, *connection->secure);
    connection->tcp().expires_after(std::chrono::seconds{2});
    if (!failed) co_await connection->secure->async_shutdown(token);
  } else {
    co_await talk(self, running, connection, *connection->plain);
  }
  self->crowd_.leave(connection);
  beast::error_code ignored;
  connection->tcp().socket().shutdown(tcp::socket::shutdown_both, ignored);
  connection->tcp().close();
}

web::Request request_of(const http::request<http::string_body>& wire, const std::string& path) {
  const auto header = [&](http::field name) { return std::string(wire[name]); };
  const std::string_view target(wire.target().data(), wire.target().size());
  const std::size_t mark = target.find('?');
  web::Request out;
  out.method = std::string(wire.method_string());
  out.path = path;
  if (mark != std::string_view::npos) out.query = std::string(target.substr(mark + 1));
  out.cookie = header(http::field::cookie);
  out.range = header(http::field::range);
  out.if_range = header(http::field::if_range);
  out.if_none_match = header(http::field::if_none_match);
  out.origin = header(http::field::origin);
  out.fetch_site = std::string(wire["Sec-Fetch-Site"]);
  out.authorization = std::string(wire["Authorization"]);
  out.body = wire.body();
  return out;
}

web::Response refusal(int status, std::string_view why) {
  web::Response out{.status = status, .content_type = "text/plain; charset=utf-8", .body = cat(why, "\n")};
  if (status == 405) out.headers.emplace_back("Allow", "GET, HEAD, POST");
  return out;
}

/// What a request gets that no route may see, or nothing.
std::optional<web::Response> refused(const http::request<http::string_body>& wire,
                                     const std::optional<std::string>& path, std::string_view public_url,
                                     std::uint16_t port) {
  const http::verb method = wire.method();
  if (method != http::verb::get && method != http::verb::head && method != http::verb::post)
    return refusal(405, "only GET, HEAD and POST");
  if (wire.count(http::field::host) != 1) return refusal(400, "one Host, please");
  const auto host = wire[http::field::host];
  if (!web::host_fits({host.data(), host.size()}, public_url, port)) return refusal(421, "not this host");
  if (!path) return refusal(400, "no such address can exist");
  return std::nullopt;
}

asio::awaitable<void> BeastServer::route(Self self, Running running, std::shared_ptr<Connection> connection,
                                         web::Request request) {
  beast::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  connection->response.reset();
  connection->done.expires_after(self->limits_.answer);
  self->site_->handle(std::move(request), [connection, running](web::Response response) {
    asio::post(connection->strand, [connection, running, response = std::move(response)]() mutable {
      connection->response = std::move(response);
      connection->done.cancel();
    });
  });
  co_await connection->done.async_wait(token);
  if (!connection->response) connection->response = refusal(503, "that took too long");
}

/// Why a request could not be read; nothing: hang up without a word.
std::optional<web::Response> unreadable(const beast::error_code& failed) {
  if (failed == http::error::header_limit) return refusal(431, "the header is too large");
  if (failed == http::error::body_limit) return refusal(413, "the body is too large");
  if (failed == http::error::buffer_overflow) return refusal(431, "the request is too large");
  const bool silent = failed == http::error::end_of_stream || failed == http::error::partial_message ||
                      failed.category() != http::make_error_code(http::error::bad_method).category();
  if (silent) return std::nullopt;
  return refusal(400, "this is no HTTP request");
}

asio::awaitable<std::shared_ptr<void>> BeastServer::turn(Self self, std::shared_ptr<Connection> connection) {
  beast::error_code failed;
  connection->has_turn = false;
  connection->done.expires_after(self->limits_.idle);
  std::shared_ptr<void> held(connection.get(), [self, connection](void*) { self->turns_.leave(connection.get()); });
  self->turns_.ask(connection.get(), [connection] {
    asio::post(connection->strand, [connection] {
      connection->has_turn = true;
      connection->done.cancel();
    });
  });
  co_await connection->done.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  if (!connection->has_turn) held.reset();
  co_return held;
}

template <typename Stream>
asio::awaitable<void> BeastServer::talk(Self self, Running running, std::shared_ptr<Connection> connection,
                                        Stream& stream) {
  beast::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  for (bool keep = true, first = true; keep; first = false) {
    connection->phase = Connection::Phase::asking;
    const bool ahead = !first && (connection->buffer.size() > 0 || connection->tcp().socket().available(failed) > 0);
    if (!first && !ahead) {
      connection->buffer.shrink_to_fit();  // Who only waits holds no room for what may come.
      connection->tcp().expires_after(self->limits_.idle);
      const std::size_t got = co_await stream.async_read_some(connection->buffer.prepare(1), token);
      if (failed) co_return;
      connection->buffer.commit(got);
    }
    if (!first) connection->tcp().expires_after(self->limits_.header);
    keep = co_await exchange(self, running, connection, stream, ahead);
  }
}

/// One request and its answer, in a frame that lasts as long as they do. False: nothing may follow.
template <typename Stream>
asio::awaitable<bool> BeastServer::exchange(Self self, Running running, std::shared_ptr<Connection> connection,
                                            Stream& stream, bool ahead) {
  beast::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  http::request_parser<http::string_body> parser;
  parser.header_limit(header_max);
  parser.body_limit(body_max);
  co_await http::async_read_header(stream, connection->buffer, parser, token);
  if (!failed && !parser.is_done()) {
    connection->tcp().expires_after(self->limits_.body);
    co_await http::async_read(stream, connection->buffer, parser, token);
  }
  std::shared_ptr<void> turn_held;
  if (!failed && (ahead || connection->buffer.size() > 0)) {
    turn_held = co_await turn(self, connection);
    if (!turn_held) co_return false;
  }
  connection->phase = Connection::Phase::working;
  bool head = false, keep = false;
  if (failed) {
    connection->response = unreadable(failed);
    if (!connection->response) co_return false;
  } else {
    const http::request<http::string_body>& wire = parser.get();
    const std::string_view target(wire.target().data(), wire.target().size());
    const std::optional<std::string> path = web::normal_path(target.substr(0, target.find('?')));
    connection->response = refused(wire, path, self->public_url_, self->port_);
    keep = wire.keep_alive() && !connection->response;
    head = wire.method() == http::verb::head;
    if (!connection->response) {
      web::Request request = request_of(wire, *path);
      request.peer = connection->peer;
      connection->tcp().expires_never();
      co_await route(self, running, connection, std::move(request));
    }
  }
  turn_held.reset();  // The answer may wait for the peer; others need not.
  co_return co_await write(self, connection, stream, head, keep, 11) && keep;
}

/// While it is on, only whole segments leave.
void cork(tcp::socket& socket, bool on) {
  const int value = on ? 1 : 0;
  (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

template <typename Stream>
asio::awaitable<bool> BeastServer::write(Self self, std::shared_ptr<Connection> connection, Stream& stream, bool head,
                                         bool keep, unsigned version) {
  const web::Response response = std::move(*connection->response);
  connection->response.reset();
  const std::span<const char> bytes(response.body.data(), response.body.size());
  http::response<http::span_body<const char>> wire{static_cast<http::status>(response.status), version};
  for (const auto& [name, value] : web::all_headers(response, self->context_.has_value())) wire.insert(name, value);
  wire.set(http::field::date, http_date(self->world_.clock.now().wall));
  wire.keep_alive(keep);
  if (response.status != 304) wire.content_length(response.file ? response.count : bytes.size());
  if (!head && response.status != 304) wire.body() = {bytes.data(), bytes.size()};
  beast::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  connection->tcp().expires_after(self->limits_.write);
  connection->phase = Connection::Phase::taking;
  http::response_serializer<http::span_body<const char>> serializer{wire};
  const bool header_alone = head || response.file;
  serializer.split(header_alone);
  // The header leaves in the file's first segment, or the browser would be woken for it alone.
  const bool corked = !head && response.file && !connection->secure;
  if (corked) cork(connection->tcp().socket(), true);
  if (header_alone)
    co_await http::async_write_header(stream, serializer, token);
  else
    co_await http::async_write(stream, serializer, token);
  if (failed || head || !response.file) co_return !failed;
  const bool whole = co_await write_file(self, connection, stream, response);
  if (corked) cork(connection->tcp().socket(), false);
  co_return whole;
}

/// The kernel takes the file to the socket; through TLS it goes piece by piece. A browser that has gone raises SIGPIPE,
/// which our threads block.
template <typename Stream>
asio::awaitable<bool> BeastServer::write_file(Self self, std::shared_ptr<Connection> connection, Stream& stream,
                                              const web::Response& response) {
  constexpr bool plain = std::is_same_v<Stream, beast::tcp_stream>;
  constexpr std::uint64_t piece_max = plain ? 1U << 20 : 256U << 10;  // What goes through TLS is held in memory.
  beast::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  auto at = static_cast<off_t>(response.from);
  std::string piece;
  const off_t end = at + static_cast<off_t>(response.count);
  // The stream's own deadline knows nothing of waiting for a socket.
  connection->done.expires_after(self->limits_.write);
  connection->done.async_wait([connection](const beast::error_code& ended) {
    if (!ended) connection->tcp().close();
  });
  connection->tcp().socket().native_non_blocking(true, failed);
  while (!failed && at < end) {
    const auto count = static_cast<std::size_t>(std::min(piece_max, static_cast<std::uint64_t>(end - at)));
    ssize_t sent = 0;
    if constexpr (plain) {
      sent = ::sendfile(stream.socket().native_handle(), response.file->get(), &at, count);
      if (sent < 0 && errno == EAGAIN)
        co_await stream.socket().async_wait(tcp::socket::wait_write, token);
      else if (sent == 0 || (sent < 0 && errno != EINTR))
        break;
    } else {
      piece.resize(count);
      sent = ::pread(response.file->get(), piece.data(), count, at);
      if (sent <= 0) break;
      co_await asio::async_write(stream, asio::buffer(piece.data(), static_cast<std::size_t>(sent)), token);
      at += sent;
    }
  }
  connection->done.cancel();
  co_return !failed && at == end;
}

class Facade final : public WebServer {
 public:
  explicit Facade(std::shared_ptr<BeastServer> server) : server_(std::move(server)) {}
  ~Facade() override { server_->stop({}); }
  [[nodiscard]] std::uint16_t port() const override { return server_->port(); }
  void stop(std::function<void()> stopped) override { server_->stop(std::move(stopped)); }

 private:
  std::shared_ptr<BeastServer> server_;
};

}  // namespace

Result<std::unique_ptr<WebServer>> start_web_server(const HostSettings& settings, WebServer::World world,
                                                    WebServer::Limits limits) {
  auto server = std::make_shared<BeastServer>(settings, std::move(world), limits);
  if (const Result<void> opened = server->open(settings); !opened) return opened.error();
  server->run();
  return std::unique_ptr<WebServer>(std::make_unique<Facade>(std::move(server)));
}

}  // namespace exhibit
