#pragma once

#include <string>
#include <string_view>

#include "adapters/sim/http_server.h"

/// A blunt HTTP client for tests: it sends the bytes it is given over one connection and reads what comes.
namespace exhibit::test {

struct Answer {
  int status = 0;  ///< 0: the connection ended without an answer, -1: it was reset.
  std::string head = {};
  std::string body = {};
};

/// One plain TCP connection to a server on loopback.
class Wire {
 public:
  explicit Wire(std::uint16_t port);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Sends a request with these header lines (each ends in CRLF) and reads one answer by its Content-Length or to the
  /// end.
  Answer ask(std::string_view method, std::string_view target, std::string_view headers = {},
             std::string_view body = {});
  void send(std::string_view bytes);
  Answer read();

 private:
  int fd_;
  std::string pending_;
};

}  // namespace exhibit::test
