#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "bench/measure.h"

/// bench-load alertmanager|lines PORT COUNT RATE BATCH: alerts of about 2.1 KB (2,000 bytes of packet text) into a peer
/// on loopback: as JSON, BATCH a POST, each with labels of its own; or as syslog lines over TCP. RATE 0: the sender
/// never waits. Each carries `mark=` and the time it was composed. Prints {"seconds"} once the peer has taken all.
namespace exhibit::bench {
namespace {

std::string now_text() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::to_string(now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec);
}

int connected(int port) {
  const int peer = ::socket(AF_INET, SOCK_STREAM, 0), on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::exit(1);
  ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return peer;
}

void send_all(int peer, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) std::exit(1);
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// One answer without a body, or with a short one in the same piece.
void await_answer(int peer) {
  std::string answer;
  char piece[4096];
  while (answer.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(peer, piece, sizeof piece, 0);
    if (got <= 0) std::exit(1);
    answer.append(piece, static_cast<std::size_t>(got));
  }
  if (answer.compare(9, 3, "200") != 0) {
    std::fprintf(stderr, "%s\n", answer.c_str());
    std::exit(1);
  }
}

const std::string& packet_text() {
  static const std::string text = [] {
    std::string hex;
    for (int i = 0; hex.size() < 2000; ++i) hex += "0123456789abcdef"[i * 7 % 16];
    return hex;
  }();
  return text;
}

std::string alert_json(int number) {
  return "{\"labels\":{\"alertname\":\"WWW phf\",\"number\":\"" + std::to_string(number) +
         "\"},\"annotations\":{\"packet\":\"mark=" + now_text() + " " + packet_text() + "\"}}";
}

std::string alert_line(int number) {
  return "<34>1 2026-11-22T03:12:41.123Z acme-ips1 exhibit - - - number=" + std::to_string(number) +
         " mark=" + now_text() + " " + packet_text() + "\n";
}

void send_batch(int peer, bool json, int first, int count) {
  std::string body;
  for (int i = first; i < first + count; ++i) body += json ? (i > first ? "," : "") + alert_json(i) : alert_line(i);
  if (!json) return send_all(peer, body);
  body = "[" + body + "]";
  send_all(peer,
           "POST /api/v2/alerts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
  await_answer(peer);
}

int run(char** words) {
  const bool json = std::string_view(words[1]) == "alertmanager";
  const int port = std::atoi(words[2]), count = std::atoi(words[3]), batch = std::max(1, std::atoi(words[5]));
  const double rate = std::atof(words[4]);
  const int peer = connected(port);
  const auto begin = Clock::now();
  for (int sent = 0; sent < count; sent += batch) {
    if (rate > 0)
      while (seconds_since(begin) < sent / rate) ::usleep(100);
    send_batch(peer, json, sent, std::min(batch, count - sent));
  }
  std::printf("{\"seconds\":%.6f}\n", seconds_since(begin));
  ::close(peer);
  return 0;
}

}  // namespace
}  // namespace exhibit::bench

int main(int count, char** words) { return count == 6 ? exhibit::bench::run(words) : 2; }
