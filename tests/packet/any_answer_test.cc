#include <gmock/gmock.h>

#include <random>

#include "base/text.h"
#include "compose.h"
#include "packet/answer.h"
#include "packet/capture_read.h"
#include "packet/capture_write.h"
#include "two_ends.h"

/// Whatever was said on the wire, in whatever order: what is told of the answer is so. Made from seeds.
namespace exhibit {
namespace {

using namespace compose;
using compose::operator+;
using namespace two_ends;

constexpr const char* stranger = "203.0.113.9";

class Talk {
 public:
  explicit Talk(std::uint64_t seed) : dice_(seed) {}

  std::size_t below(std::size_t limit) { return dice_() % limit; }
  bool coin() { return below(2) == 0; }

  /// One packet of the attacker or the target; `other` puts a stranger in the attacker's place.
  Bytes packet(bool other = false) {
    const bool from_target = coin();
    const std::string asks = other ? stranger : attacker;
    const std::string source = from_target ? target : asks, goal = from_target ? asks : target;
    const std::uint16_t here = coin() ? 40112 : 40113, there = coin() ? 80 : 443;
    const std::uint16_t from = from_target ? there : here, to = from_target ? here : there;
    if (below(8) == 0)
      return ipv4({.source = source, .target = goal, .protocol = 17}, udp(from, to, bytes_of(words(from_target))));
    if (below(12) == 0) {
      const Bytes inner = ipv4({.source = goal, .target = source}, tcp({.source = to, .target = from}, {}));
      return ipv4({.source = source, .target = goal, .protocol = 1},
                  icmp(3, static_cast<std::uint8_t>(below(14)), zeros(4)) + inner);
    }
    const std::uint16_t flags[] = {tcp_flag::syn, tcp_flag::ack, tcp_flag::psh | tcp_flag::ack, tcp_flag::rst,
                                   tcp_flag::fin | tcp_flag::ack};
    Tcp header{.source = from, .target = to, .flags = flags[below(5)]};
    header.sequence = static_cast<std::uint32_t>(5000 + below(4) * 17),
    header.acknowledgement = static_cast<std::uint32_t>(below(300));
    return ipv4({.source = source, .target = goal}, tcp(header, bytes_of(words(from_target))));
  }

  AlertFlow flow() {
    AlertFlow made{.attacker = *IpAddress::parse(attacker), .target = *IpAddress::parse(target)};
    if (coin()) made.attacker_port = std::uint16_t{40112};
    if (coin()) made.target_port = std::uint16_t{80};
    if (coin()) made.protocol = ip_protocol::tcp;
    if (coin()) made.alert_time = noon + std::chrono::milliseconds(below(400));
    return made;
  }

  std::string words(bool from_target) {
    static const std::string alert("\x15\x03\x03\x00\x02\x02\x28", 7), goodbye("\x15\x03\x03\x00\x02\x01\x00", 7),
        data(
            "\x17\x03\x03\x00\x04"
            "abcd",
            9);
    const std::string said[] = {"",
                                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
                                "HTTP/1.1 404 Not Found\r\nServer: x\r\n\r\nnone",
                                "HTTP/1.1 100 Continue\r\n\r\n",
                                "HTTP/1.1 101 Switching\r\n\r\n",
                                "HTTP/1.0 200 OK\n\nbare",
                                "HTTP/1.1 500 Cut\r\nServ",
                                "er: it\r\n\r\nrest",
                                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nx",
                                "220 mail",
                                alert,
                                goodbye,
                                data};
    const std::string asked[] = {"", "GET / HTTP/1.1\r\n\r\n", "POST /a HTTP/1.1\r\n\r\nx", "hello", data};
    return from_target ? said[below(std::size(said))] : asked[below(std::size(asked))];
  }

 private:
  std::mt19937_64 dice_;
};

CaptureReport told(const Bytes& file, const AlertFlow& flow, ByteView trigger) {
  auto made = report(file, flow, trigger);
  EXPECT_TRUE(made);
  return made ? *made : CaptureReport{};
}

void append_at(Bytes& file, std::size_t milliseconds, const Bytes& packet) {
  append_packet(file, noon + std::chrono::milliseconds(milliseconds), packet);
}

TEST(AnyAnswer, IsSoAndStrangersDoNotChangeIt) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    Talk talk(seed);
    const AlertFlow flow = talk.flow();
    Bytes plain = capture_header(link_type::raw), crowded = plain;
    Bytes trigger;
    std::size_t time = talk.below(300);
    for (std::size_t i = 1 + talk.below(9); i > 0; --i) {
      const Bytes packet = talk.packet();
      if (talk.below(4) == 0) trigger = packet;
      append_at(plain, time, packet);
      append_at(crowded, time, packet);
      append_at(crowded, time, talk.packet(true));
      time = talk.below(5) == 0 ? talk.below(400) : time + talk.below(60);
    }
    const CaptureReport one = told(plain, flow, trigger), two = told(crowded, flow, trigger);
    EXPECT_EQ(one.answer, two.answer) << "a stranger's packets are no answer";
    EXPECT_EQ(one.flow_packets, two.flow_packets);
    EXPECT_EQ(one.answer.has_value(), one.flow_packets > 0);
    if (!one.answer) continue;
    const Answer& answer = *one.answer;
    EXPECT_EQ(answer.status.has_value(), answer.kind == Answer::Kind::http);
    EXPECT_TRUE(answer.status.value_or(200) >= 200 || answer.status == 101) << "a promise is no answer";
    EXPECT_GE(answer.milliseconds.value_or(0), 0);
    EXPECT_EQ(answer.tls_alert.has_value(), answer.kind == Answer::Kind::tls_alert);
    EXPECT_LE(answer.bytes, 9U * 60U) << "no more than was sent";
    const std::string text = answer_text(answer);
    EXPECT_EQ(text, harmless(text));
    EXPECT_EQ(text.starts_with("no answer in the capture"), answer.kind == Answer::Kind::none_in_capture);
    EXPECT_EQ(answer.kind == Answer::Kind::none_in_capture || !one.attacker_only, true);
  }
}

TEST(AnyAnswer, WithoutTimesNothingIsSaidOfTheDelay) {
  const auto block = [](std::uint32_t type, Bytes body) {
    while (body.size() % 4 != 0) body.push_back(0);
    return num(type, 4) + num(body.size() + 12, 4) + body + num(body.size() + 12, 4);
  };
  const auto simple = [&](const Bytes& packet) { return block(3, num(packet.size(), 4) + packet); };
  const Bytes file = block(0x0A0D0D0A, num(0x1A2B3C4D, 4) + num(1, 2) + num(0, 2) + Bytes(8, 0xFF)) +
                     block(1, num(101, 2) + zeros(2) + num(0, 4)) +
                     simple(ipv4({.source = attacker, .target = target}, tcp({}, bytes_of("GET / HTTP/1.0\r\n\r\n")))) +
                     simple(ipv4({.source = target, .target = attacker},
                                 tcp({.source = 80, .target = 40112}, bytes_of("HTTP/1.0 200 OK\r\n\r\nx"))));
  const AlertFlow flow{
      .attacker = *IpAddress::parse(attacker), .target = *IpAddress::parse(target), .alert_time = noon};
  EXPECT_EQ(answer_text(*told(file, flow, {}).answer), "HTTP 200, 1 byte");
}

TEST(AnyAnswer, ATlsAlertIsToldByItsName) {
  const std::pair<std::uint8_t, const char*> names[] = {{10, "unexpected message"},
                                                        {20, "bad record MAC"},
                                                        {22, "record overflow"},
                                                        {40, "handshake failure"},
                                                        {42, "bad certificate"},
                                                        {43, "unsupported certificate"},
                                                        {44, "certificate revoked"},
                                                        {45, "certificate expired"},
                                                        {46, "certificate unknown"},
                                                        {47, "illegal parameter"},
                                                        {48, "unknown CA"},
                                                        {49, "access denied"},
                                                        {50, "decode error"},
                                                        {51, "decrypt error"},
                                                        {70, "protocol version"},
                                                        {71, "insufficient security"},
                                                        {80, "internal error"},
                                                        {86, "inappropriate fallback"},
                                                        {90, "user canceled"},
                                                        {100, "no renegotiation"},
                                                        {109, "missing extension"},
                                                        {110, "unsupported extension"},
                                                        {112, "unrecognized name"},
                                                        {113, "bad certificate status response"},
                                                        {115, "unknown PSK identity"},
                                                        {116, "certificate required"},
                                                        {120, "no application protocol"},
                                                        {255, "alert"}};
  for (const auto& [number, text] : names) {
    Bytes file = capture_header(link_type::raw);
    append_at(file, 0, ipv4({.source = attacker, .target = target}, tcp({.target = 443}, bytes_of("hello"))));
    append_at(file, 2,
              ipv4({.source = target, .target = attacker},
                   tcp({.source = 443, .target = 40112}, Bytes{0x15, 3, 3, 0, 2, 2, number})));
    const AlertFlow flow{
        .attacker = *IpAddress::parse(attacker), .target = *IpAddress::parse(target), .alert_time = noon};
    EXPECT_EQ(answer_text(*told(file, flow, {}).answer), cat("TLS alert: ", text, " (", int{number}, "), 2 ms later"));
  }
}

}  // namespace
}  // namespace exhibit
