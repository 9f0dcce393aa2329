#include "runtime/sensor_http.h"

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <cerrno>
#include <set>

#include "base/base64.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/text.h"
#include "packet/address.h"

namespace exhibit {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;

constexpr std::string_view user_agent = "CIDS Client/4.0";  // What sensors of that time know.
constexpr int interim_max = 8;                              // "100 Continue" and its like before one answer.
/// Chunk sizes and trailers pass through the buffer as well, so it needs a bound of its own.
constexpr std::size_t buffer_max = limits::http_header_bytes + (16U << 10);

/// Hex of SHA-256 over the SubjectPublicKeyInfo: survives a renewed certificate with the same key.
std::string public_key_pin(X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length <= 0) return {};
  const std::string pin = hex(sha256(ByteView(der, static_cast<std::size_t>(length))));
  OPENSSL_free(der);
  return pin;
}

/// Said aloud, since the host's OpenSSL may be configured to be content with less.
void demand_modern(SSL_CTX* context) {
  constexpr int level = 2;  // 112 bits: RSA from 2,048, no SHA-1.
  if (SSL_CTX_get_security_level(context) < level) SSL_CTX_set_security_level(context, level);
  if (SSL_CTX_get_min_proto_version(context) < TLS1_2_VERSION) SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_clear_options(context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
}

/// Anything a sensor of that time speaks, but for ciphers without a certificate: then there would be nothing to pin.
void allow_legacy(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_cipher_list(context, "ALL:!aNULL:!eNULL:@SECLEVEL=0");
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
}

/// A pin overrides what a verifier says of names, dates and issuers, and with it what it says of weakness.
bool is_weak(X509* certificate) {
  constexpr int bits_min = 112;
  int signed_with = 0;
  X509_get_signature_info(certificate, nullptr, nullptr, &signed_with, nullptr);
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  return signed_with < bits_min || key == nullptr || EVP_PKEY_get_security_bits(key) < bits_min;
}

SensorCallError error_of(const beast::error_code& code, std::string_view doing) {
  using Kind = SensorCallError::Kind;
  if (code == beast::error::timeout) return {Kind::timeout, cat("timeout while ", doing)};
  if (code == http::error::body_limit) return {Kind::too_large, "the answer is larger than we take"};
  if (code == http::error::header_limit || code == http::error::buffer_overflow)
    return {Kind::too_large, "the answer's header is larger than we take"};
  if (code == http::error::partial_message || code == http::error::end_of_stream || code == asio::error::eof ||
      code == asio::error::connection_reset || code == ssl::error::stream_truncated)
    return {Kind::cut, cat("the connection ended while ", doing)};
  return {Kind::unreachable, cat(code.message(), " while ", doing)};
}

}  // namespace

struct SensorHttp::Connection {
  Connection(const Strand& strand, ssl::context& context) : stream(strand, context) {}
  beast::tcp_stream& socket() { return beast::get_lowest_layer(stream); }

  /// A kept connection that the peer has closed, or on which it said what nobody asked for: the next answer would be
  /// taken from that. Seen before a request goes out it costs nothing; after it, nobody could say what was heard.
  bool went_stale() {
    SSL* const tls = stream.native_handle();
    if (buffer.size() > 0 || SSL_has_pending(tls) == 1) return true;
    if (SSL_get_rbio(tls) && BIO_ctrl_pending(SSL_get_rbio(tls)) > 0) return true;
    char byte = 0;
    const ssize_t got = ::recv(socket().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EINTR);
  }

  beast::ssl_stream<beast::tcp_stream> stream;
  beast::flat_buffer buffer{buffer_max};
  std::string seen_pin;
  bool weak = false;  ///< So was the certificate, and weakness is not allowed.
  bool used = false;
};

struct SensorHttp::State {
  State(Strand s, const SensorSettings& given)
      : strand(std::move(s)), settings(given), context(ssl::context::tls_client) {
    if (legacy())
      allow_legacy(context.native_handle());
    else
      demand_modern(context.native_handle());
    context.set_verify_mode(ssl::verify_peer);
    if (settings.pin.empty()) {
      context.set_default_verify_paths();
      context.set_verify_callback(ssl::host_name_verification(settings.host));
    }
  }
  /// Without a pin anybody could be the sensor.
  [[nodiscard]] bool legacy() const { return settings.legacy_tls && !settings.pin.empty(); }

  Strand strand;
  SensorSettings settings;
  ssl::context context;
  std::shared_ptr<Connection> kept;  // At most one idle connection.
  std::set<std::shared_ptr<Connection>> running;
  bool cancelled = false;
};

SensorHttp::SensorHttp(Strand strand, const SensorSettings& settings)
    : state_(std::make_unique<State>(std::move(strand), settings)) {}
SensorHttp::~SensorHttp() = default;

void SensorHttp::cancel() {
  state_->cancelled = true;
  state_->kept.reset();
  for (const auto& connection : state_->running) connection->socket().close();
}

asio::awaitable<std::optional<SensorCallError>> SensorHttp::connect(std::shared_ptr<Connection> connection,
                                                                    Nanoseconds deadline) {
  const SensorSettings& settings = state_->settings;
  beast::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  connection->socket().expires_after(deadline);
  const auto address = asio::ip::make_address(settings.host, failed);
  if (!failed) {
    co_await connection->socket().async_connect(tcp::endpoint(address, settings.port), token);
  } else {
    tcp::resolver resolver(state_->strand);
    const auto found = co_await resolver.async_resolve(settings.host, cat(settings.port), token);
    if (failed) co_return SensorCallError{SensorCallError::Kind::unreachable, "the sensor's name cannot be resolved"};
    // A closed socket would be opened again by connecting.
    if (state_->cancelled) co_return SensorCallError{SensorCallError::Kind::unreachable, "cancelled"};
    co_await connection->socket().async_connect(found, token);
  }
  if (failed) co_return error_of(failed, "connecting");
  if (!settings.tls) co_return std::nullopt;
  if (!settings.pin.empty()) {
    // The pin alone decides: these certificates are self-signed and made by the sensor, so a name says nothing.
    connection->stream.set_verify_callback(
        [connection = connection.get(), pin = settings.pin, legacy = state_->legacy()](bool, auto& verified) {
          if (X509_STORE_CTX_get_error_depth(verified.native_handle()) != 0) return true;
          X509* const shown = X509_STORE_CTX_get_current_cert(verified.native_handle());
          connection->seen_pin = public_key_pin(shown);
          connection->weak = !legacy && is_weak(shown);
          return !connection->weak && equal_in_constant_time(connection->seen_pin, pin);
        });
  } else {
    SSL_set_tlsext_host_name(connection->stream.native_handle(), settings.host.c_str());
  }
  co_await connection->stream.async_handshake(ssl::stream_base::client, token);
  const bool right_pin = settings.pin.empty() || connection->seen_pin == settings.pin;
  if (!failed && right_pin) co_return std::nullopt;
  if (!right_pin && !connection->seen_pin.empty())
    co_return SensorCallError{SensorCallError::Kind::certificate_refused,
                              cat("the sensor showed the key sha256:", connection->seen_pin, ", not the pinned one")};
  if (connection->weak)
    co_return SensorCallError{SensorCallError::Kind::certificate_refused,
                              "the sensor's certificate is weak (RSA below 2,048 bits or SHA-1); `tls: legacy` allows "
                              "that for this sensor"};
  if (!failed)
    co_return SensorCallError{SensorCallError::Kind::certificate_refused, "the sensor showed no key to compare"};
  if (failed.category() == asio::error::get_ssl_category())
    co_return SensorCallError{SensorCallError::Kind::certificate_refused, cat("TLS: ", failed.message())};
  co_return error_of(failed, "starting TLS");
}

namespace {

http::request<http::string_body> wire_request(const SensorRequest& request, const SensorSettings& settings,
                                              const Secret& password) {
  http::request<http::string_body> wire{http::string_to_verb(request.method), request.target, 11};
  const bool standard_port = settings.port == (settings.tls ? 443 : 80);
  wire.set(http::field::host, standard_port ? settings.host : cat(settings.host, ":", settings.port));
  wire.set(http::field::user_agent, std::string(user_agent));
  wire.set(http::field::authorization,
           cat("Basic ", encode_base64(as_bytes(cat(settings.login.user, ":", password.reveal())))));
  if (!request.cookie.empty()) wire.set(http::field::cookie, request.cookie);
  if (request.method == "POST") wire.set(http::field::content_length, "0");
  return wire;
}

using AnswerParser = http::response_parser<http::buffer_body>;

/// Reads headers until that of the answer itself: a peer may say "100 Continue" unasked.
template <typename Stream>
asio::awaitable<beast::error_code> read_header(Stream& stream, beast::flat_buffer& buffer, std::size_t body_max,
                                               std::optional<AnswerParser>& parser) {
  beast::error_code failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  for (int interim = 0; interim <= interim_max; ++interim) {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(limits::http_header_bytes));
    parser->body_limit(body_max);
    co_await http::async_read_header(stream, buffer, *parser, token);
    if (failed || parser->get().result_int() / 100 != 1) co_return failed;
  }
  co_return http::error::bad_status;
}

/// Reads header and body piece by piece, each under the whole deadline and under the allowed silence.
template <typename Stream>
asio::awaitable<beast::error_code> read_answer(Stream& stream, beast::tcp_stream& socket, beast::flat_buffer& buffer,
                                               SensorHttp::Limits limits,
                                               std::chrono::steady_clock::time_point deadline,
                                               const SensorHttp::BodySink& sink, SensorAnswer& answer, bool& keep) {
  std::optional<AnswerParser> read;
  socket.expires_at(deadline);
  beast::error_code failed = co_await read_header(stream, buffer, limits.body_max, read);
  if (failed) co_return failed;
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  AnswerParser& parser = *read;
  answer.status = parser.get().result_int();
  answer.set_cookie = std::string(parser.get()[http::field::set_cookie]);
  std::array<char, 16384> piece{};
  buffer.reserve(piece.size());  // The library reads as much as there is room for: else half a kilobyte at a time.
  while (!parser.is_done()) {
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    const auto silence = std::chrono::steady_clock::now() +
                         std::chrono::duration_cast<std::chrono::steady_clock::duration>(limits.silence);
    socket.expires_at(std::min(deadline, silence));
    co_await http::async_read_some(stream, buffer, parser, token);
    if (failed == http::error::need_buffer) failed = {};
    const std::string_view got(piece.data(), piece.size() - parser.get().body().size);
    if (answer.body.size() + got.size() > answer.body.capacity())  // Doubled, but never beyond what may come.
      answer.body.reserve(std::min(limits.body_max, 2 * (answer.body.size() + got.size())));
    answer.body += got;
    if (sink && answer.status / 100 == 2 && !got.empty()) sink(as_bytes(got));
    if (failed) co_return failed;
  }
  keep = parser.keep_alive();
  co_return failed;
}

}  // namespace

asio::awaitable<SensorCallResult> SensorHttp::call(SensorRequest request, Secret password, Limits limits,
                                                   BodySink sink) {
  SensorCallResult result;
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration_cast<std::chrono::steady_clock::duration>(limits.deadline);
  std::shared_ptr<Connection> connection = std::exchange(state_->kept, nullptr);
  if (connection && connection->went_stale()) connection.reset();
  if (!connection) connection = std::make_shared<Connection>(state_->strand, state_->context);
  state_->running.insert(connection);
  if (!connection->used) result.error = co_await connect(connection, limits.deadline);
  connection->used = true;
  bool keep = false;
  if (!result.error) {
    beast::error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    auto wire = wire_request(request, state_->settings, password);
    connection->socket().expires_at(deadline);
    if (state_->settings.tls) {
      co_await http::async_write(connection->stream, wire, token);
      if (!failed)
        failed = co_await read_answer(connection->stream, connection->socket(), connection->buffer, limits, deadline,
                                      sink, result.answer, keep);
    } else {
      co_await http::async_write(connection->socket(), wire, token);
      if (!failed)
        failed = co_await read_answer(connection->socket(), connection->socket(), connection->buffer, limits, deadline,
                                      sink, result.answer, keep);
    }
    if (failed)
      result.error = error_of(failed, result.answer.status == 0 ? "waiting for the answer" : "reading the answer");
  }
  state_->running.erase(connection);
  if (keep && !result.error && !state_->kept) {
    connection->socket().expires_never();
    state_->kept = std::move(connection);
  }
  co_return result;
}

}  // namespace exhibit
