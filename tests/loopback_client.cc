#include "tests/loopback_client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "base/text.h"

namespace exhibit::test {
namespace {

std::size_t length_in(std::string_view head) {
  const std::string lower = to_lower(head);
  constexpr std::string_view name = "content-length: ";
  const std::size_t at = lower.find(name);
  if (at == std::string::npos) return std::string::npos;
  const std::string_view rest = std::string_view(lower).substr(at + name.size());
  return parse_number<std::size_t>(rest.substr(0, rest.find('\r'))).value_or(0);
}

}  // namespace

Wire::Wire(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("no server on loopback");
}

Wire::~Wire() { ::close(fd_); }

void Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

Answer Wire::read() {
  Answer answer;
  for (;;) {
    const std::size_t blank = pending_.find("\r\n\r\n");
    if (blank != std::string::npos) {
      answer.head = pending_.substr(0, blank + 2);
      answer.status = parse_number<int>(std::string_view(answer.head).substr(9, 3)).value_or(0);
      const std::size_t length = length_in(answer.head);
      answer.body = pending_.substr(blank + 4, length);
      if (answer.body.size() == length || answer.status == 100) {
        pending_.erase(0, blank + 4 + answer.body.size());
        return answer;
      }
    }
    char bytes[16384];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got < 0 && errno == ECONNRESET) answer.status = -1;
    if (got <= 0) return answer;
    pending_.append(bytes, static_cast<std::size_t>(got));
  }
}

Answer Wire::ask(std::string_view method, std::string_view target, std::string_view headers, std::string_view body) {
  std::string request = cat(method, " ", target, " HTTP/1.1\r\nHost: localhost\r\n", headers);
  if (!body.empty() || method == "POST") request += cat("Content-Length: ", body.size(), "\r\n");
  send(cat(request, "\r\n", body));
  return read();
}

}  // namespace exhibit::test
