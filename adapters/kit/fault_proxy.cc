#include "adapters/kit/fault_proxy.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/text.h"

namespace exhibit::kit {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::string received(int fd) {
  char bytes[16384];
  const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
  return got > 0 ? std::string(bytes, static_cast<std::size_t>(got)) : std::string();
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t body_length(std::string_view head) {
  for (const std::string_view line : split(head, "\r\n"))
    if (to_lower(line).starts_with("content-length:"))
      return parse_number<std::size_t>(trim(line.substr(line.find(':') + 1))).value_or(0);
  return 0;
}

/// The whole request, told to end its connection; empty: the client left.
std::string read_request(int fd) {
  std::string bytes;
  std::size_t head = std::string::npos;
  while ((head = bytes.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = received(fd);
    if (more.empty()) return {};
    bytes += more;
  }
  const std::size_t whole = head + 4 + body_length(std::string_view(bytes).substr(0, head));
  while (bytes.size() < whole) {
    const std::string more = received(fd);
    if (more.empty()) return {};
    bytes += more;
  }
  std::string out;
  for (const std::string_view line : split(std::string_view(bytes).substr(0, head), "\r\n"))
    if (!to_lower(line).starts_with("connection:")) out += cat(line, "\r\n");
  return cat(out, "Connection: close\r\n", std::string_view(bytes).substr(head + 2));
}

std::string answer_of(std::uint16_t desk, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(desk);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    send_all(fd, request);
    for (std::string more = received(fd); !more.empty(); more = received(fd)) answer += more;
  }
  ::close(fd);
  return answer;
}

void reset(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

FaultProxy::FaultProxy(std::uint16_t desk) : desk_(desk), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0)
    throw std::runtime_error("cannot listen on loopback");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

FaultProxy::~FaultProxy() {
  ending_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& one : serving_) one.join();
  ::close(listener_);
}

void FaultProxy::arm(int request, Cut cut, std::string answer) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
  count_ = 0;
  at_ = request;
  cut_ = cut;
}

std::string FaultProxy::other_answer() {
  const std::lock_guard lock(mutex_);
  return answer_;
}

bool FaultProxy::idle() {
  const std::lock_guard lock(mutex_);
  return open_.empty();
}

void FaultProxy::accept_all() {
  while (!ending_) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const std::lock_guard lock(mutex_);
    open_.push_back(client);
    serving_.emplace_back([this, client] { serve(client); });
  }
}

void FaultProxy::serve(int client) {
  const std::string request = read_request(client);
  if (!request.empty()) {
    const Cut cut = ++count_ == at_ ? cut_.load() : Cut::none;
    const bool asks = cut != Cut::before && cut != Cut::instead;
    const std::string answer = asks ? answer_of(desk_, request) : std::string();
    if (cut == Cut::instead || cut == Cut::masked) send_all(client, other_answer());
    if (cut == Cut::none) send_all(client, answer);
    if (cut == Cut::in_answer) send_all(client, std::string_view(answer).substr(0, answer.size() / 2));
    while (cut == Cut::hang && !received(client).empty()) {
    }
    if (cut == Cut::before || cut == Cut::after) reset(client);
  }
  const std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), client));
  ::close(client);
}

}  // namespace exhibit::kit
