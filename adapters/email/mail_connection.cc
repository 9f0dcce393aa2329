#include "adapters/email/mail_connection.h"

#include <curl/curl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>

#include "base/text.h"

namespace exhibit::email {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_round{50};
constexpr std::size_t said_bytes_max = 64U << 10;

milliseconds left_until(MailConnection::Deadline deadline) {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()));
}

/// The last line with a number, as a reply.
Reply last_reply(std::string_view said) {
  Reply reply;
  for (const std::string_view line : split(said, "\r\n"))
    if (const auto code = parse_number<int>(line.substr(0, 3)); code && *code >= 200 && *code < 600)
      reply = {.code = *code, .text = std::string(line.substr(std::min<std::size_t>(4, line.size())))};
  return reply;
}

ConnectFailure::Kind kind_of(CURLcode code, long os_error) {
  using Kind = ConnectFailure::Kind;
  switch (code) {
    case CURLE_COULDNT_CONNECT: return os_error == EACCES ? Kind::egress : Kind::unreachable;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_OPERATION_TIMEDOUT: return Kind::unreachable;
    case CURLE_PEER_FAILED_VERIFICATION: return Kind::certificate;
    case CURLE_SSL_CACERT_BADFILE: return Kind::authorities;
    case CURLE_USE_SSL_FAILED: return Kind::tls_missing;
    case CURLE_LOGIN_DENIED:
    case CURLE_AUTH_ERROR: return Kind::login;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_REMOTE_ACCESS_DENIED: return Kind::greeting;
    default: return Kind::other;
  }
}

}  // namespace

struct MailConnection::State {
  explicit State(const std::atomic<bool>& stop) : cancelled(stop) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    curl = curl_easy_init();
  }
  ~State() {
    if (curl != nullptr) curl_easy_cleanup(curl);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static int note(CURL*, curl_infotype type, char* bytes, std::size_t length, void* self) {
    auto& said = static_cast<State*>(self)->said;
    if (type == CURLINFO_HEADER_IN && said.size() + length <= said_bytes_max) said.append(bytes, length);
    return 0;
  }
  static int look(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<State*>(self)->cancelled ? 1 : 0;
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(curl, option, value) != CURLE_OK) refused = true;
  }
  void set(CURLoption option, const std::string& value) { set(option, value.c_str()); }
  void configure(const Server& server, const std::string& name);

  const std::atomic<bool>& cancelled;
  CURL* curl = nullptr;
  curl_socket_t socket = CURL_SOCKET_BAD;
  Deadline deadline;
  std::string said;
  bool refused = false;
};

void MailConnection::State::configure(const Server& server, const std::string& name) {
  const bool smtp = server.scheme.starts_with("smtp");
  set(CURLOPT_URL, cat(server.scheme, "://", server.host, server.port.empty() ? "" : ":", server.port, "/",
                       smtp ? name : std::string()));
  set(CURLOPT_PROTOCOLS_STR, server.scheme);
  set(CURLOPT_CONNECT_ONLY, 1L);
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(left_until(deadline).count()) + 1);
  const Tls tls = server.tls;
  set(CURLOPT_USE_SSL, static_cast<long>(tls == Tls::none         ? CURLUSESSL_NONE
                                         : tls == Tls::if_offered ? CURLUSESSL_TRY
                                                                  : CURLUSESSL_ALL));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!server.ca.empty()) {
    set(CURLOPT_CAINFO, server.ca);
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // No other authority than the operator's.
  }
  if (!server.login.empty()) {
    set(CURLOPT_USERNAME, server.login.user);
    const bool token = !server.login.token.empty();
    if (token)
      set(CURLOPT_XOAUTH2_BEARER, server.login.token);
    else
      set(CURLOPT_PASSWORD, server.login.password);
    set(CURLOPT_LOGIN_OPTIONS, token ? "AUTH=XOAUTH2" : "AUTH=PLAIN;AUTH=LOGIN");
  }
  set(CURLOPT_VERBOSE, 1L);
  set(CURLOPT_DEBUGFUNCTION, &State::note);
  set(CURLOPT_DEBUGDATA, static_cast<void*>(this));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &State::look);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
}

MailConnection::MailConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
MailConnection::MailConnection(MailConnection&&) noexcept = default;
MailConnection::~MailConnection() = default;

std::variant<MailConnection, ConnectFailure> MailConnection::open(const Server& server, const std::string& name,
                                                                  Deadline deadline,
                                                                  const std::atomic<bool>& cancelled) {
  auto state = std::make_unique<State>(cancelled);
  if (state->curl == nullptr) return ConnectFailure{.words = "no memory for a connection"};
  state->deadline = deadline;
  state->configure(server, name);
  if (state->refused) return ConnectFailure{.words = "the mail library lacks what this server needs"};
  const CURLcode code = curl_easy_perform(state->curl);
  if (code != CURLE_OK) {
    long os_error = 0;
    curl_easy_getinfo(state->curl, CURLINFO_OS_ERRNO, &os_error);
    return ConnectFailure{
        .kind = kind_of(code, os_error), .last = last_reply(state->said), .words = curl_easy_strerror(code)};
  }
  curl_easy_getinfo(state->curl, CURLINFO_ACTIVESOCKET, &state->socket);
  if (state->socket == CURL_SOCKET_BAD) return ConnectFailure{.words = "the server hung up after the login"};
  return MailConnection(std::move(state));
}

/// Until the socket is ready, in short rounds, so that a cancel is seen.
bool MailConnection::wait(bool writing) {
  pollfd one{.fd = state_->socket, .events = static_cast<short>(writing ? POLLOUT : POLLIN), .revents = 0};
  while (!state_->cancelled) {
    const milliseconds left = left_until(state_->deadline);
    if (left.count() == 0) return false;
    const int ready = ::poll(&one, 1, static_cast<int>(std::min(left, look_round).count()) + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

bool MailConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t sent = 0;
    const CURLcode code = curl_easy_send(state_->curl, bytes.data(), bytes.size(), &sent);
    if (code == CURLE_AGAIN) {
      if (!wait(true)) return false;
      continue;
    }
    if (code != CURLE_OK) return false;
    bytes.remove_prefix(sent);
  }
  return true;
}

std::string MailConnection::receive() {
  std::array<char, 16U << 10> buffer{};
  for (;;) {
    std::size_t got = 0;
    const CURLcode code = curl_easy_recv(state_->curl, buffer.data(), buffer.size(), &got);
    if (code == CURLE_OK && got > 0) return {buffer.data(), got};
    if (code != CURLE_AGAIN || !wait(false)) return {};
  }
}

const std::string& MailConnection::said() const { return state_->said; }

}  // namespace exhibit::email
