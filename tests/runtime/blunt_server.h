#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>

namespace exhibit::test {

/// Takes one connection on loopback, sends the given bytes whatever was asked, and then says nothing until the peer
/// leaves.
class BluntServer {
 public:
  explicit BluntServer(std::string bytes) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), length);
    ::listen(listener_, 1);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(bytes)] {
      const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      char asked[4096];
      if (::recv(peer, asked, sizeof asked, 0) > 0) ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      while (::recv(peer, asked, sizeof asked, 0) > 0) {
      }
      ::close(peer);
    });
  }
  ~BluntServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  BluntServer(const BluntServer&) = delete;
  BluntServer& operator=(const BluntServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace exhibit::test
