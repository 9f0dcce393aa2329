#include "runner/desk_http.h"

#include <cpprest/astreambuf.h>
#include <cpprest/containerstream.h>
#include <cpprest/http_client.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/text.h"
#include "base/utc.h"

namespace exhibit {
namespace {

namespace http = web::http;
using Milliseconds = std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t body_bytes_max = 1U << 20;
constexpr Milliseconds look_round{20};
constexpr Milliseconds grace{500};  // For the library to notice that it was cancelled.

/// What the waiting thread and the library's threads share; it outlives whichever gives up first.
struct Exchange {
  http::http_response response;
  std::exception_ptr failure;
  concurrency::streams::container_buffer<std::vector<std::uint8_t>> body;

  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_one();
  }
  bool ends_within(Milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [this] { return ended_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

/// Seconds or a date; kept within bounds, since absurd values were seen.
std::uint32_t retry_after_ms(const std::string& text) {
  constexpr std::int64_t least = 1000, most = 3'600'000;
  std::int64_t ms = 0;
  if (const auto seconds = parse_number<std::int64_t>(trim(text))) {
    ms = std::clamp<std::int64_t>(*seconds, 0, most / 1000) * 1000;
  } else if (const auto date = parse_http_date(text)) {
    const auto wait = *date - std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now());
    ms = std::chrono::duration_cast<Milliseconds>(wait).count();
  } else {
    return 0;
  }
  return static_cast<std::uint32_t>(std::clamp(ms, least, most));
}

/// The library tells the phases apart only in words; what is not surely before the request counts as sent.
DeskHttp::Answer failure_of(std::string_view what) {
  DeskHttp::Answer answer;
  answer.why = harmless(cut_utf8(what, 200));
  if (what.find("Permission denied") != std::string_view::npos) {
    answer.rc = EXH_DENIED;
    answer.why = "the egress rules forbid this address";
    return answer;
  }
  for (const char* early : {"Failed to connect", "Error resolving address", "Error in SSL handshake"})
    if (what.starts_with(early)) answer.rc = EXH_RETRY;
  return answer;
}

DeskHttp::Answer failure_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return failure_of(error.what());
  } catch (...) {
    return failure_of("an unknown failure");
  }
}

/// A request's bytes as a stream that cannot seek. When a reused connection dies after the request was sent, the
/// library would send the request again over a new one; it must rewind the body for that, cannot, and fails instead.
/// Only read.
class OnceBuffer final : public concurrency::streams::details::streambuf_state_manager<std::uint8_t> {
 public:
  explicit OnceBuffer(std::vector<std::uint8_t> bytes)
      : streambuf_state_manager(std::ios_base::in), bytes_(std::move(bytes)) {}
  ~OnceBuffer() override { (void)_close_read(); }

 protected:
  bool can_seek() const override { return false; }
  bool has_size() const override { return true; }
  utility::size64_t size() const override { return bytes_.size(); }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return bytes_.size() - at_; }
  pos_type getpos(std::ios_base::openmode) const override { return pos_type(off_type(-1)); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return pos_type(off_type(-1)); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return pos_type(off_type(-1));
  }
  bool acquire(std::uint8_t*& to, std::size_t& count) override { return to = nullptr, count = 0, false; }
  void release(std::uint8_t*, std::size_t) override {}
  pplx::task<int_type> _putc(std::uint8_t) override { return pplx::task_from_result<int_type>(traits::eof()); }
  pplx::task<std::size_t> _putn(const std::uint8_t*, std::size_t) override {
    return pplx::task_from_result<std::size_t>(0);
  }
  pplx::task<int_type> _bumpc() override { return pplx::task_from_result(_sbumpc()); }
  int_type _sbumpc() override { return at_ == bytes_.size() ? traits::eof() : int_type{bytes_[at_++]}; }
  pplx::task<int_type> _getc() override { return pplx::task_from_result(_sgetc()); }
  int_type _sgetc() override { return at_ == bytes_.size() ? traits::eof() : int_type{bytes_[at_]}; }
  pplx::task<int_type> _nextc() override { return (void)_sbumpc(), _getc(); }
  pplx::task<int_type> _ungetc() override { return pplx::task_from_result<int_type>(traits::eof()); }
  pplx::task<std::size_t> _getn(std::uint8_t* to, std::size_t count) override {
    const std::size_t got = _scopy(to, count);
    at_ += got;
    return pplx::task_from_result(got);
  }
  std::size_t _scopy(std::uint8_t* to, std::size_t count) override {
    const std::size_t got = std::min(count, in_avail());
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), got, to);
    return got;
  }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}

 private:
  const std::vector<std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

concurrency::streams::istream unrepeatable_body(const DeskHttp::Request& request) {
  std::vector<std::uint8_t> bytes(request.body.begin(), request.body.end());
  if (request.reader) {
    bytes.resize(request.length);
    for (std::uint64_t at = 0; at < request.length;) {
      const std::int64_t got = request.reader(at, bytes.data() + at, bytes.size() - at);
      if (got <= 0) throw std::runtime_error("the evidence cannot be read");
      at += static_cast<std::uint64_t>(got);
    }
  }
  return concurrency::streams::streambuf<std::uint8_t>(std::make_shared<OnceBuffer>(std::move(bytes))).create_istream();
}

bool may_carry_body(const std::string& method) { return method != "GET" && method != "HEAD"; }

/// "https://desk.example:8443" of an address below it.
std::string origin_of(const web::uri& address) {
  const int usual = address.scheme() == "https" ? 443 : 80;
  return cat(to_lower(address.scheme()), "://", to_lower(address.host()), ":",
             address.port() <= 0 ? usual : address.port());
}

http::client::http_client_config configuration_of(const DeskHttp::Settings& settings) {
  http::client::http_client_config config;
  config.set_max_redirects(0);  // It would carry the login to the new host.
  config.set_request_compressed_response(false);
  config.set_timeout(std::chrono::seconds(60));  // A chunk's; the deadline of `ask` is what counts.
  if (!settings.certificate.empty())
    config.set_ssl_context_callback([certificate = settings.certificate, key = settings.key](auto& context) {
      context.use_certificate_chain_file(certificate);
      context.use_private_key_file(key, boost::asio::ssl::context::pem);
    });
  return config;
}

http::http_request build(const DeskHttp::Request& request, const std::string& target, Exchange& exchange) {
  http::http_request made(request.method);
  made.set_request_uri(web::uri(target));
  std::string type = "application/octet-stream";
  for (const DeskHttp::Header& header : request.headers) {
    if (equal_ignoring_case(header.name, "content-type"))
      type = header.value;
    else
      made.headers().add(header.name, header.value);
  }
  if (may_carry_body(request.method))
    made.set_body(unrepeatable_body(request), request.reader ? request.length : request.body.size(), type);
  made.set_response_stream(exchange.body.create_ostream());
  return made;
}

void take_headers(const http::http_response& response, DeskHttp::Answer& answer) {
  const auto& headers = response.headers();
  if (const auto found = headers.find("Retry-After"); found != headers.end())
    answer.retry_after_ms = retry_after_ms(found->second);
  if (const auto found = headers.find("Content-Type"); found != headers.end()) answer.content_type = found->second;
  for (const auto& [name, value] : headers) answer.headers.push_back({name, value});
}

/// Until the process ends: nobody stops the pool.
void serve_library() {
  for (;;) try {
      crossplat::threadpool::shared_instance().service().run();
      return;
    } catch (const std::exception&) {
      continue;
    }
}

}  // namespace

/// One client for each origin: the library pools connections below it.
struct DeskHttp::State {
  explicit State(const Settings& settings)
      : refusals(settings.refusals), desk(web::uri(settings.url), configuration_of(settings)) {
    others.emplace(origin_of(desk.base_uri()), nullptr);
    for (const std::string& address : settings.also) others.emplace(origin_of(web::uri(address)), nullptr);
    for (auto& [origin, client] : others)
      client = std::make_unique<http::client::http_client>(web::uri(origin), configuration_of(settings));
  }

  std::function<std::uint64_t()> refusals;
  http::client::http_client desk;
  std::map<std::string, std::unique_ptr<http::client::http_client>> others;  // Never changed after the constructor.
};

/// Whom a request goes to, and what is asked of him.
struct DeskHttp::Peer {
  http::client::http_client* client = nullptr;
  std::string target;

  Peer(State& state, const std::string& asked) : client(&state.desk), target(asked) {
    if (!asked.starts_with("http://") && !asked.starts_with("https://")) return;
    const web::uri address(asked);
    const auto other = state.others.find(origin_of(address));
    client = other == state.others.end() ? nullptr : other->second.get();
    target = address.resource().to_string();
  }
};

void DeskHttp::initialise() {
  try {
    crossplat::threadpool::initialize_with_threads(0);  // Forty otherwise; only before the first use.
  } catch (const std::exception&) {
    // Somebody was first; the number is a cost, not a promise.
  }
  // The library's own threads would end the process at an exception from a handler, and a chunk of negative size makes
  // it throw there. In ours that call stays without an answer, and its deadline ends it.
  std::thread(serve_library).detach();
}

DeskHttp::DeskHttp(Settings settings) {
  try {
    state_ = std::make_unique<State>(settings);
  } catch (const std::exception& error) {
    throw std::invalid_argument(cat("no address of a desk: ", harmless(error.what())));
  }
}

DeskHttp::~DeskHttp() = default;

DeskHttp::Answer DeskHttp::ask(const Request& request, const std::atomic<bool>& cancelled) {
  const auto end = steady_clock::now() + request.deadline;
  const std::uint64_t refused = state_->refusals();
  if (may_carry_body(request.method) && request.body.empty() && request.length == 0)
    return {.rc = EXH_BADARG, .why = "a writing request needs a body, or the library may repeat it"};
  const auto exchange = std::make_shared<Exchange>();
  pplx::cancellation_token_source stop;
  http::http_request made;
  std::optional<Peer> peer;
  try {
    peer.emplace(*state_, request.target);
    made = build(request, peer->target, *exchange);
  } catch (const std::exception& error) {
    return {.rc = EXH_RETRY, .why = cat("nothing was sent: ", harmless(error.what()))};
  }
  if (peer->client == nullptr) return {.rc = EXH_DENIED, .why = "this desk was not said to have that address too"};
  try {
    peer->client->request(made, stop.get_token())
        .then([](const http::http_response& response) { return response.content_ready(); })
        .then([exchange](const pplx::task<http::http_response>& task) {
          try {
            exchange->response = task.get();
          } catch (...) {
            exchange->failure = std::current_exception();
          }
          exchange->end();
        });
  } catch (const std::exception& error) {
    return failure_of(error.what());
  }
  bool ended = false;
  while (!(ended = exchange->ends_within(look_round)) && steady_clock::now() < end && !cancelled) {
  }
  if (!ended) {
    stop.cancel();
    exchange->ends_within(grace);
    return {.rc = EXH_UNKNOWN, .why = cancelled ? "cancelled while it was on the way" : "no whole answer in time"};
  }
  if (exchange->failure) {
    Answer failed = failure_of(exchange->failure);
    if (failed.rc == EXH_RETRY && state_->refusals() != refused) failed = failure_of("Permission denied");
    return failed;
  }
  Answer answer{.status = exchange->response.status_code()};
  if (answer.status < 200 || exchange->body.collection().size() > body_bytes_max) {
    answer.why = answer.status < 200 ? "only an interim answer came" : "the answer is too large";
    return answer;
  }
  take_headers(exchange->response, answer);
  answer.rc = EXH_OK;
  answer.body = std::string(as_text(exchange->body.collection()));
  return answer;
}

}  // namespace exhibit
