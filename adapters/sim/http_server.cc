#include "adapters/sim/http_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <utility>  // Boost 1.74 forgets it.

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/text.h"

namespace exhibit::sim {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr std::size_t body_max = 64U << 20;
constexpr int drip_pause_ms = 100;

tcp::socket& socket_of(tcp::socket& stream) { return stream; }
tcp::socket& socket_of(TlsStream& stream) { return stream.next_layer(); }

/// Waits for the given time, or until the other side closes; true when it closed.
bool closed_within(int fd, int milliseconds) {
  pollfd watched{.fd = fd, .events = POLLRDHUP, .revents = 0};
  return ::poll(&watched, 1, milliseconds) > 0 && (watched.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

std::string head_of(const HttpReply& reply, bool keep_alive) {
  std::string head = cat("HTTP/1.1 ", reply.status, ' ', reason_of(reply.status), "\r\n");
  for (const Header& header : reply.headers) head += cat(header.name, ": ", header.value, "\r\n");
  if (reply.act == Act::chunked)
    head += "Transfer-Encoding: chunked\r\n";
  else if (reply.status != 204 && reply.act != Act::endless_body)
    head += cat("Content-Length: ", reply.body.size(), "\r\n");
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

std::string chunked(std::string_view body) {
  constexpr std::size_t piece = 1000;
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::string_view part = body.substr(at, piece);
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, part.size(), 16).ptr;
    out.append(size, end).append("\r\n").append(part).append("\r\n");
  }
  return out + "0\r\n\r\n";
}

void reset(tcp::socket& socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  error_code ignored;
  socket.close(ignored);
}

template <typename Stream>
bool send(Stream& stream, std::string_view bytes) {
  error_code error;
  asio::write(stream, asio::buffer(bytes.data(), bytes.size()), error);
  return !error;
}

template <typename Stream>
void drip(Stream& stream, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (!send(stream, bytes.substr(i, 1)) || closed_within(socket_of(stream).native_handle(), drip_pause_ms)) return;
}

template <typename Stream>
void repeat(Stream& stream, std::string_view start, std::string_view piece) {
  bool open = send(stream, start);
  while (open) open = send(stream, piece) && !closed_within(socket_of(stream).native_handle(), 1);
}

/// True when the connection may carry another request.
template <typename Stream>
bool deliver(Stream& stream, const HttpReply& reply, bool keep_alive) {
  switch (reply.act) {
    case Act::answer: return send(stream, head_of(reply, keep_alive) + reply.body) && keep_alive;
    case Act::chunked: return send(stream, head_of(reply, keep_alive) + chunked(reply.body)) && keep_alive;
    case Act::reset: reset(socket_of(stream)); return false;
    case Act::close: return false;
    case Act::interim_only: send(stream, "HTTP/1.1 100 Continue\r\n\r\n"); [[fallthrough]];
    case Act::hang: closed_within(socket_of(stream).native_handle(), -1); return false;
    case Act::drip: drip(stream, head_of(reply, false) + reply.body); return false;
    case Act::cut: send(stream, head_of(reply, false) + reply.body.substr(0, reply.body.size() / 2)); return false;
    case Act::endless_header:
      repeat(stream, "HTTP/1.1 200 OK\r\n", cat("X-More: ", std::string(2000, 'm'), "\r\n"));
      return false;
    case Act::endless_body: repeat(stream, head_of(reply, false), std::string(4000, 'm')); return false;
  }
  return false;
}

HttpRequest request_of(const http::request<http::string_body>& message, bool reused, int fd) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  const std::string target(message.target());
  const std::size_t mark = target.find('?');
  request.path = percent_decoded(target.substr(0, mark), false);
  if (mark != std::string::npos) request.query = target.substr(mark + 1);
  for (const auto& field : message) {
    const auto name = field.name_string();
    request.headers.push_back({std::string(name.data(), name.size()), std::string(field.value())});
  }
  request.body = message.body();
  request.reused = reused;
  request.peer_gone = [fd] { return closed_within(fd, 0); };
  return request;
}

template <typename Stream>
void serve(Stream& stream, const HttpHandler& handler) {
  boost::beast::flat_buffer buffer;
  error_code error;
  for (bool reused = false;; reused = true) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(body_max);
    http::read_header(stream, buffer, parser, error);
    if (error) return;
    if (equal_ignoring_case(std::string(parser.get()[http::field::expect]), "100-continue") &&
        !send(stream, "HTTP/1.1 100 Continue\r\n\r\n"))
      return;
    http::read(stream, buffer, parser, error);
    if (error) return;
    const bool keep_alive = parser.get().keep_alive();
    const HttpReply reply = handler(request_of(parser.get(), reused, socket_of(stream).native_handle()));
    if (!deliver(stream, reply, keep_alive)) return;
  }
}

std::unique_ptr<asio::ssl::context> context_of(const ServerTls& tls) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* const raw = context->native_handle();
  if (tls.only_version != 0) {
    SSL_CTX_set_cipher_list(raw, (tls.ciphers + ":@SECLEVEL=0").c_str());
    SSL_CTX_set_min_proto_version(raw, tls.only_version);
    SSL_CTX_set_max_proto_version(raw, tls.only_version);
  }
  context->use_certificate(asio::buffer(tls.certificate_pem), asio::ssl::context::pem);
  context->use_private_key(asio::buffer(tls.key_pem), asio::ssl::context::pem);
  return context;
}

}  // namespace

struct HttpServer::State {
  struct Connection {
    std::thread thread;
    std::atomic<bool> done = false;
    std::mutex mutex;
    int fd =
        -1;  // Guarded by `mutex`, -1 before and after the connection's life, so that a stop never cuts a stranger.
  };

  State(HttpHandler h, const Endpoint& listen)
      : handler(std::move(h)),
        acceptor(io, tcp::endpoint(asio::ip::make_address(listen.address), listen.port)),
        port(acceptor.local_endpoint().port()) {}

  void accept_all();
  void run(Connection& connection, tcp::socket socket);
  void reap();

  HttpHandler handler;
  asio::io_context io;
  tcp::acceptor acceptor;
  std::uint16_t port;
  std::unique_ptr<asio::ssl::context> tls;
  std::atomic<bool> stopping = false;
  std::list<Connection> connections;  // Touched by the accepting thread; by the destructor once that has ended.
  std::thread accepting;
};

void HttpServer::State::run(Connection& connection, tcp::socket socket) {
  error_code error;
  socket.set_option(tcp::no_delay(true), error);
  // The descriptor is closed under the lock, so that a stop never cuts a stranger who was given the same number.
  const auto leave = [&](auto& stream) {
    const std::lock_guard lock(connection.mutex);
    connection.fd = -1;
    socket_of(stream).close(error);
  };
  try {
    if (tls) {
      TlsStream stream(std::move(socket), *tls);
      stream.handshake(asio::ssl::stream_base::server, error);
      if (!error) serve(stream, handler);
      leave(stream);
    } else {
      serve(socket, handler);
      leave(socket);
    }
  } catch (const std::exception&) {
    const std::lock_guard lock(connection.mutex);  // The stream's destructor has closed the socket.
    connection.fd = -1;
  }
  connection.done = true;
}

void HttpServer::State::reap() {
  for (auto it = connections.begin(); it != connections.end();) {
    if (!it->done) {
      ++it;
      continue;
    }
    it->thread.join();
    it = connections.erase(it);
  }
}

void HttpServer::State::accept_all() {
  while (!stopping) {
    error_code error;
    tcp::socket socket(io);
    acceptor.accept(socket, error);
    if (stopping) return;
    if (error) continue;
    reap();
    Connection& connection = connections.emplace_back();
    connection.fd = socket.native_handle();
    connection.thread =
        std::thread([this, &connection, s = std::move(socket)]() mutable { run(connection, std::move(s)); });
  }
}

HttpServer::HttpServer(const Endpoint& listen, std::optional<ServerTls> tls, HttpHandler handler) {
  try {
    state_ = std::make_unique<State>(std::move(handler), listen);
    if (tls) state_->tls = context_of(*tls);
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error(cat("cannot listen on ", listen.address, ":", listen.port, ": ", error.what()));
  }
  state_->accepting = std::thread([this] { state_->accept_all(); });
}

HttpServer::~HttpServer() {
  state_->stopping = true;
  ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);  // Wakes the blocking accept; closing would not.
  state_->accepting.join();
  for (State::Connection& connection : state_->connections) {
    const std::lock_guard lock(connection.mutex);
    if (connection.fd >= 0) ::shutdown(connection.fd, SHUT_RDWR);
  }
  for (State::Connection& connection : state_->connections) connection.thread.join();
}

std::uint16_t HttpServer::port() const { return state_->port; }

}  // namespace exhibit::sim
