#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// bench-sink [CERTIFICATE KEY]: takes every POST and says 204, on one thread with keep-alive (over TLS one thread a
/// connection). GET /stats tells {"requests", "bytes"}; /marks one line for each POST, "mark arrival" in ns, the mark
/// being the number behind `mark=` or behind "event_id":" in the body; /hold keeps every answer
/// back until it is closed; /cgi-bin/iplog-server gives 1 MB. Prints its port; ends with its standard input.
namespace {

constexpr std::string_view taken = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
std::uint64_t requests = 0, bytes = 0;
std::vector<std::pair<std::uint64_t, std::int64_t>> marks;
bool holding = false;

std::uint64_t mark_of(std::string_view body) {
  for (const std::string_view name : {std::string_view("mark="), std::string_view("\"event_id\":\"")})
    if (const std::size_t at = body.find(name); at != std::string_view::npos)
      return std::strtoull(body.data() + at + name.size(), nullptr, 10);
  return 0;
}

void keep_mark(std::string_view body) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  marks.emplace_back(mark_of(body), now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec);
}

/// What a GET asks for; everything else is taken.
std::string told(std::string_view head) {
  std::string text;
  if (head.starts_with("GET /stats"))
    text = "{\"requests\":" + std::to_string(requests) + ",\"bytes\":" + std::to_string(bytes) + "}";
  if (head.starts_with("GET /marks"))
    for (const auto& [mark, arrived] : marks) text += std::to_string(mark) + " " + std::to_string(arrived) + "\n";
  // 1 MB that differs by what was asked for, as it starts with it.
  if (head.starts_with("GET /cgi-bin/iplog-server"))
    text = std::string(head.substr(0, head.find('\r'))).append(1U << 20, 'x');
  holding = holding || head.starts_with("GET /hold");
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
}

int listen_here() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 1024) != 0)
    std::exit(1);
  socklen_t length = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

std::size_t number_behind(std::string_view head, std::string_view name) {
  for (std::size_t at = 0; (at = head.find('\n', at)) != std::string_view::npos; ++at)
    if (::strncasecmp(head.data() + at + 1, name.data(), name.size()) == 0)
      return static_cast<std::size_t>(std::strtoull(head.data() + at + 1 + name.size(), nullptr, 10));
  return 0;
}

/// The end of a chunked body, or 0.
std::size_t chunked_end(std::string_view body) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t line = body.find("\r\n", at);
    if (line == std::string_view::npos) return 0;
    const std::size_t size = std::strtoull(body.data() + at, nullptr, 16);
    at = line + 2 + size + 2;
    if (at > body.size()) return 0;
    if (size == 0) return at;
  }
}

/// Takes whole requests off the front; the answers to them.
std::string answers_to(std::string& pending) {
  std::string out;
  for (;;) {
    const std::size_t end = pending.find("\r\n\r\n");
    if (end == std::string::npos) return out;
    const std::string_view head(pending.data(), end + 2);
    std::size_t body = number_behind(head, "content-length:");
    if (head.find("hunked") != std::string_view::npos) {
      body = chunked_end(std::string_view(pending).substr(end + 4));
      if (body == 0) return out;
    }
    if (pending.size() < end + 4 + body) return out;
    if (pending.starts_with("GET ")) {
      out += told(pending);
    } else {
      ++requests, bytes += body;
      keep_mark(std::string_view(pending).substr(end + 4, body));
      if (!holding) out += taken;
    }
    pending.erase(0, end + 4 + body);
  }
}

void serve_plain(int listener) {
  const int poll = ::epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  std::map<int, std::string> connections;
  std::array<epoll_event, 128> ready{};
  std::array<char, 65536> buffer{};
  for (;;) {
    const int count = ::epoll_wait(poll, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        const int peer = ::accept(listener, nullptr, nullptr), on = 1;
        ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event one{.events = EPOLLIN, .data = {.fd = peer}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, peer, &one);
        connections[peer];
        continue;
      }
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        connections.erase(fd);
        ::close(fd);
        continue;
      }
      std::string& pending = connections[fd];
      pending.append(buffer.data(), static_cast<std::size_t>(got));
      if (const std::string out = answers_to(pending); !out.empty())
        (void)::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
    }
  }
}

void serve_tls(int listener, const char* certificate, const char* key) {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
    std::exit(1);
  for (;;) {
    const int peer = ::accept(listener, nullptr, nullptr), on = 1;
    ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread([peer, context] {
      SSL* const tls = SSL_new(context);
      SSL_set_fd(tls, peer);
      std::array<char, 65536> buffer{};
      std::string pending;
      if (SSL_accept(tls) == 1)
        for (int got; (got = SSL_read(tls, buffer.data(), static_cast<int>(buffer.size()))) > 0;) {
          pending.append(buffer.data(), static_cast<std::size_t>(got));
          if (const std::string out = answers_to(pending); !out.empty())
            SSL_write(tls, out.data(), static_cast<int>(out.size()));
        }
      SSL_free(tls);
      ::close(peer);
    }).detach();
  }
}

}  // namespace

int main(int count, char** words) {
  const int listener = listen_here();
  std::thread([] {
    char nothing[64];
    while (::read(STDIN_FILENO, nothing, sizeof nothing) > 0) {
    }
    ::_exit(0);
  }).detach();
  if (count > 2) serve_tls(listener, words[1], words[2]);
  serve_plain(listener);
}
