#include "tests/faults/receiver.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/json.h"
#include "base/text.h"
#include "tests/program.h"

namespace exhibit::test {

/// One connection, read by the line or by the byte.
class LossyReceiver::Line {
 public:
  explicit Line(int fd) : fd_(fd) {}
  /// Up to and with the end of a line; empty: the peer is gone.
  std::string line() {
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n")) == std::string::npos)
      if (!more()) return {};
    return taken(end + 2);
  }
  std::string bytes(std::size_t count) {
    while (buffer_.size() < count)
      if (!more()) return {};
    return taken(count);
  }
  bool say(std::string_view text) const {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  /// What was not read is thrown away, and the peer hears of it.
  void reset() const {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  bool more() {
    char piece[16384];
    const ssize_t got = ::recv(fd_, piece, sizeof piece, 0);
    if (got > 0) buffer_.append(piece, static_cast<std::size_t>(got));
    return got > 0;
  }
  std::string taken(std::size_t count) {
    std::string first = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return first;
  }

  int fd_;
  std::string buffer_;
};

namespace {

/// The value of "Name: value" in a head, else nothing.
std::string field(std::string_view head, std::string_view name) {
  for (const std::string_view line : split(head, "\r\n")) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && equal_ignoring_case(std::string(line.substr(0, colon)), std::string(name)))
      return std::string(trim(line.substr(colon + 1)));
  }
  return {};
}

}  // namespace

LossyReceiver::LossyReceiver(Kind kind, std::uint64_t seed)
    : kind_(kind),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      dice_(static_cast<std::mt19937::result_type>(seed)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0)
    throw std::runtime_error("cannot listen on loopback");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

LossyReceiver::~LossyReceiver() {
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

std::vector<LossyReceiver::Kept> LossyReceiver::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

void LossyReceiver::accept_all() {
  while (!ending_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    serving_.emplace_back([this, fd] {
      Line line(fd);
      kind_ == Kind::webhook ? serve_http(line) : serve_smtp(line);
      const std::lock_guard closing(mutex_);
      std::erase(open_, fd);
      ::close(fd);
    });
  }
}

LossyReceiver::Fault LossyReceiver::next_fault() {
  const std::lock_guard lock(mutex_);
  const int rolled = std::uniform_int_distribution(0, 99)(dice_);
  return rolled < 20 ? Fault::before : rolled < 40 ? Fault::after : rolled < 50 ? Fault::late : Fault::none;
}

bool LossyReceiver::take(Line& line, Fault fault, Kept message, std::string_view answer) {
  message.life = life_;
  std::size_t mine = 0;
  {
    const std::lock_guard lock(mutex_);
    mine = kept_.size();
    kept_.push_back(std::move(message));
  }
  if (fault == Fault::after) {
    ++cut_after_;
    line.reset();
    return false;
  }
  if (fault == Fault::late) let_pass(std::chrono::milliseconds{150});
  const bool said = line.say(answer);
  const std::lock_guard lock(mutex_);
  kept_[mine].answered = said;
  return said;
}

void LossyReceiver::serve_http(Line& line) {
  for (;;) {
    std::string head;
    for (std::string one = line.line(); one != "\r\n"; one = line.line()) {
      if (one.empty()) return;
      head += one;
    }
    const std::size_t length = parse_number<std::size_t>(field(head, "Content-Length")).value_or(0);
    const Fault fault = next_fault();
    if (fault == Fault::before) {
      if (length > 0) (void)line.bytes(length - 1);
      ++cut_before_;
      return line.reset();
    }
    const std::string body = line.bytes(length);
    if (body.size() != length || length == 0) return;
    const Json json = parse_json(body, 1U << 20).value_or(Json());
    const std::string what = text_at(json, "what");
    Kept message{text_at(json, "correlation_id"), what == "opened" ? what : cat(what, " ", text_at(json, "text")),
                 field(head, "webhook-id")};
    if (!take(line, fault, std::move(message), "HTTP/1.1 204 No Content\r\n\r\n")) return;
  }
}

void LossyReceiver::serve_smtp(Line& line) {
  (void)line.say("220 lossy.example\r\n");
  for (std::string command = line.line(); !command.empty(); command = line.line()) {
    if (command.starts_with("QUIT")) return;
    if (command.starts_with("DATA")) {
      (void)line.say("354 go on\r\n");
      const Fault fault = next_fault();
      std::string message;
      for (std::string one = line.line(); one != ".\r\n"; one = line.line()) {
        if (fault == Fault::before) {
          ++cut_before_;
          return line.reset();
        }
        if (one.empty()) return;
        message += one;
      }
      if (!take(line, fault, {field(message, "X-Exhibit-Incident"), "mail", field(message, "Message-ID")},
                "250 kept\r\n"))
        return;
    } else if (!line.say(command.starts_with("EHLO") ? "250-lossy.example\r\n250 SIZE 1000000\r\n" : "250 ok\r\n")) {
      return;
    }
  }
}

}  // namespace exhibit::test
