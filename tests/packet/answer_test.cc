#include "packet/answer.h"

#include <gmock/gmock.h>

#include "compose.h"
#include "packet/capture_read.h"
#include "packet/capture_write.h"
#include "two_ends.h"

namespace exhibit {
namespace {

using namespace compose;
using compose::operator+;
using namespace two_ends;
using testing::ElementsAre;

/// A capture that is told packet by packet, each some milliseconds after noon.
class Story {
 public:
  Story& at(int milliseconds, const Bytes& packet) {
    append_packet(file_, noon + std::chrono::milliseconds(milliseconds), packet);
    return *this;
  }
  Story& asks(int milliseconds, const Tcp& header, std::string_view payload = "") {
    return at(milliseconds, ipv4({.source = attacker, .target = target}, tcp(header, bytes_of(payload))));
  }
  Story& answers(int milliseconds, Tcp header, std::string_view payload = "") {
    std::swap(header.source, header.target);
    return at(milliseconds, ipv4({.source = target, .target = attacker}, tcp(header, bytes_of(payload))));
  }
  [[nodiscard]] CaptureReport told(const AlertFlow& flow, ByteView trigger = {}) const {
    auto made = report(file_, flow, trigger);
    EXPECT_TRUE(made);
    return made ? *made : CaptureReport{};
  }
  Bytes& file() { return file_; }

 private:
  Bytes file_ = capture_header(link_type::raw);
};

AlertFlow flow_to(std::uint16_t port, std::uint8_t protocol = ip_protocol::tcp) {
  return {.attacker = *IpAddress::parse(attacker),
          .target = *IpAddress::parse(target),
          .attacker_port = 40112,
          .target_port = port,
          .protocol = protocol,
          .alert_time = noon};
}

constexpr std::string_view get = "GET /cgi-bin/phf HTTP/1.0\r\n\r\n";
constexpr std::string_view not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here.";

TEST(Answer, AnHttpStatusIsToldWithItsBodyAndDelay) {
  const auto told = Story().asks(0, {}, get).answers(41, {.sequence = 5000}, not_found).told(flow_to(80));
  ASSERT_TRUE(told.answer);
  EXPECT_EQ(answer_text(*told.answer), "HTTP 404, 9 bytes, 41 ms later");
  EXPECT_EQ(kind_token(told.answer->kind), "http");
  EXPECT_EQ(told.answer->detail, "Not Found");
  EXPECT_EQ(told.flow_packets, 2U);
  EXPECT_TRUE(told.addresses_match);
  EXPECT_FALSE(told.attacker_only);
}

TEST(Answer, RetransmittedAndReorderedBytesCountOnce) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n", body(1500, 'x');
  const auto after = static_cast<std::uint32_t>(5000 + head.size());
  Story story;
  story.asks(0, {}, get).answers(10, {.sequence = 5000}, head).answers(11, {.sequence = after + 1500}, body);
  story.answers(12, {.sequence = after}, body).answers(200, {.sequence = after}, body);
  EXPECT_EQ(answer_text(*story.told(flow_to(80)).answer), "HTTP 200, 3,000 bytes, 10 ms later");
}

TEST(Answer, AHeaderSplitOverSegmentsAndAWrappedSequenceAreFollowed) {
  Story story;
  story.asks(0, {}, get).answers(5, {.sequence = 0xFFFFFFF0}, "HTTP/1.1 500 Oops\r\nServ");
  story.answers(6, {.sequence = 0xFFFFFFF0 + 23}, "er: x\r\n\r\nbroken").asks(7, {.sequence = 2000}, "");
  EXPECT_EQ(answer_text(*story.told(flow_to(80)).answer), "HTTP 500, 6 bytes, 5 ms later");
}

TEST(Answer, APromiseIsNotAnAnswer) {
  Story story;
  story.asks(0, {}, "POST / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n")
      .answers(3, {.sequence = 5000}, "HTTP/1.1 100 Continue\r\n\r\n");
  story.asks(4, {.sequence = 1041}, "body").answers(9, {.sequence = 5025}, "HTTP/1.1 403 Forbidden\r\n\r\nno");
  EXPECT_EQ(answer_text(*story.told(flow_to(80)).answer), "HTTP 403, 2 bytes, 5 ms later");
}

TEST(Answer, ATlsAlertAndAResetAreToldAsSuch) {
  const std::string alert("\x15\x03\x03\x00\x02\x02\x28", 7);
  EXPECT_EQ(
      answer_text(
          *Story().asks(0, {.target = 443}, "hello").answers(3, {.target = 443}, alert).told(flow_to(443)).answer),
      "TLS alert: handshake failure (40), 3 ms later");
  const auto reset = Story()
                         .asks(0, {.target = 23, .flags = tcp_flag::syn})
                         .answers(2, {.target = 23, .flags = tcp_flag::rst | tcp_flag::ack})
                         .told(flow_to(23));
  EXPECT_EQ(answer_text(*reset.answer), "TCP reset, 2 ms later");
}

TEST(Answer, OtherPayloadIsCounted) {
  const auto told =
      Story().asks(0, {.target = 21}, "USER x\r\n").answers(7, {.target = 21}, "331 password\r\n").told(flow_to(21));
  EXPECT_EQ(answer_text(*told.answer), "14 bytes, 7 ms later");
  EXPECT_EQ(told.answer->detail, "331 password");
}

TEST(Answer, UdpAndIcmpErrorsAnswerToo) {
  const Bytes query =
      ipv4({.source = attacker, .target = target, .protocol = 17}, udp(40112, 53, dns_query(name({"example", "com"}))));
  const Bytes reply = ipv4({.source = target, .target = attacker, .protocol = 17},
                           udp(53, 40112, dns_answer(name({"example", "com"}))));
  const auto dns = Story().at(0, query).at(8, reply).told(flow_to(53, ip_protocol::udp));
  EXPECT_EQ(answer_text(*dns.answer), "45 bytes, 8 ms later");
  EXPECT_EQ(dns.answer->detail, "DNS answer example.com: 203.0.113.7");

  const Bytes error = ipv4({.source = target, .target = attacker, .protocol = 1}, icmp(3, 3, zeros(4) + query));
  const auto refused = Story().at(0, query).at(1, error).told(flow_to(53, ip_protocol::udp));
  EXPECT_EQ(answer_text(*refused.answer), "ICMP port unreachable, 1 ms later");
  EXPECT_EQ(kind_token(refused.answer->kind), "reset");
}

TEST(Answer, LaterFragmentsBelongToTheFlowOfTheirFirst) {
  const Bytes whole = udp(69, 40112, Bytes(1400, 'x'));
  const Bytes first(whole.begin(), whole.begin() + 808), rest(whole.begin() + 808, whole.end());
  Story story;
  story.at(0, ipv4({.source = attacker, .target = target, .protocol = 17}, udp(40112, 69, bytes_of("read"))));
  story.at(2, ipv4({.source = target, .target = attacker, .protocol = 17, .fragment = 101}, rest));
  story.at(3, ipv4({.source = target, .target = attacker, .protocol = 17, .fragment = 0x2000}, first));
  const auto told = story.told(flow_to(69, ip_protocol::udp));
  EXPECT_EQ(told.flow_packets, 3U);
  EXPECT_EQ(told.answer->bytes, 1400U);
}

TEST(Answer, SilenceInTheCaptureIsNotSilenceOfTheServer) {
  Story story;
  story.asks(0, {}, get).asks(50, {.sequence = 1030, .acknowledgement = 5000, .flags = tcp_flag::ack});
  story.asks(60, {.sequence = 1030, .acknowledgement = 5209, .flags = tcp_flag::ack});
  const auto told = story.told(flow_to(80));
  EXPECT_TRUE(told.attacker_only);
  EXPECT_EQ(kind_token(told.answer->kind), "none-in-capture");
  EXPECT_EQ(answer_text(*told.answer),
            "no answer in the capture, but the attacker acknowledged 209 bytes from the server");
  EXPECT_EQ(answer_text(*Story().asks(0, {}, get).told(flow_to(80)).answer), "no answer in the capture");
}

TEST(Answer, OnlyWhatFollowsTheTriggerPacketAnswersIt) {
  const Bytes trigger = ipv4({.source = attacker, .target = target, .id = 77},
                             tcp({.sequence = 1030}, bytes_of("GET /evil HTTP/1.0\r\n\r\n")));
  Story story;
  story.asks(0, {}, get).answers(5, {.sequence = 5000}, not_found).at(100, trigger);
  story.answers(120, {.sequence = 5055}, "HTTP/1.1 200 OK\r\n\r\nroot:x:0:0");
  const auto told = story.told(flow_to(80), eth(0x0800, trigger));
  EXPECT_TRUE(told.trigger_inside);
  EXPECT_EQ(answer_text(*told.answer), "HTTP 200, 10 bytes, 20 ms later");
  EXPECT_FALSE(story.told(flow_to(80), ipv4({}, tcp({}, bytes_of("other")))).trigger_inside);
}

TEST(Answer, WhatWasAnsweredLongBeforeTheAlertIsNotItsAnswer) {
  Story story;
  story.asks(-9000, {}, get).answers(-8990, {.sequence = 5000}, not_found).asks(10, {.sequence = 1030}, "more");
  EXPECT_EQ(answer_text(*story.told(flow_to(80)).answer), "no answer in the capture");
  story.answers(20, {.sequence = 5055}, "HTTP/1.1 200 OK\r\n\r\nhi");
  EXPECT_EQ(answer_text(*story.told(flow_to(80)).answer), "HTTP 200, 2 bytes, 10 ms later");
  AlertFlow other_clock = flow_to(80);
  other_clock.alert_time = noon + std::chrono::hours(24);
  EXPECT_EQ(story.told(other_clock).answer->status, 404);
}

TEST(Answer, OtherRequestsToTheServerAreCounted) {
  Story story;
  story.asks(0, {}, get).answers(5, {.sequence = 5000}, not_found);
  for (const auto port : {std::uint16_t{40200}, std::uint16_t{40201}, std::uint16_t{40202}}) {
    story.asks(50, {.source = port}, get)
        .answers(55, {.source = port}, port == 40202 ? "HTTP/1.1 200 OK\r\n\r\n" : not_found);
  }
  const auto told = story.told(flow_to(80));
  EXPECT_EQ(told.packets, 8U);
  EXPECT_EQ(told.flow_packets, 2U);
  EXPECT_EQ(told.other_requests, 3U);
  EXPECT_THAT(told.other_statuses, ElementsAre(200, 404));
  EXPECT_EQ(told.first, noon);
  EXPECT_EQ(told.last, noon + std::chrono::milliseconds(55));
}

TEST(Answer, AHostThatTalksToItselfIsToldApartByPorts) {
  AlertFlow self = flow_to(80);
  self.target = self.attacker;
  Story story;
  story.at(0, ipv4({.source = attacker, .target = attacker}, tcp({}, bytes_of(get))));
  story.at(4,
           ipv4({.source = attacker, .target = attacker}, tcp({.source = 80, .target = 40112}, bytes_of(not_found))));
  EXPECT_EQ(answer_text(*story.told(self).answer), "HTTP 404, 9 bytes, 4 ms later");
}

TEST(Answer, AnAcknowledgedEndOfStreamIsNoProof) {
  Story story;
  story.asks(0, {.acknowledgement = 5000}, get).asks(9, {.sequence = 1030, .acknowledgement = 5001});
  EXPECT_EQ(answer_text(*story.told(flow_to(80)).answer), "no answer in the capture");
}

TEST(Answer, WithoutPortsThePairOfAddressesIsTheFlow) {
  AlertFlow pair = flow_to(80);
  pair.attacker_port = pair.target_port = std::nullopt;
  pair.protocol = std::nullopt;
  const auto told =
      Story().asks(0, {.source = 1}, get).answers(5, {.source = 1, .sequence = 5000}, not_found).told(pair);
  EXPECT_EQ(answer_text(*told.answer), "HTTP 404, 9 bytes, 5 ms later");
}

TEST(Answer, WhenTheRequestIsNotInTheCaptureTheAlertsTimeCounts) {
  EXPECT_EQ(answer_text(*Story().answers(41, {.sequence = 5000}, not_found).told(flow_to(80)).answer),
            "HTTP 404, 9 bytes, 41 ms later");
}

TEST(Answer, AForeignCaptureIsSeenAndADamagedOneIsReadAsFarAsItGoes) {
  Story foreign;
  foreign.at(0, ipv4({.source = "203.0.113.1", .target = "203.0.113.2"}, tcp({}, bytes_of(get))));
  EXPECT_FALSE(foreign.told(flow_to(80)).addresses_match);
  EXPECT_FALSE(foreign.told(flow_to(80)).answer);

  Story damaged;
  damaged.asks(0, {}, get).answers(41, {.sequence = 5000}, not_found).asks(42, {}, get);
  for (int i = 0; i < 5; ++i) damaged.file().pop_back();
  const auto told = damaged.told(flow_to(80));
  EXPECT_TRUE(told.broken);
  EXPECT_THAT(told.broken_text, testing::HasSubstr("after packet 2"));
  EXPECT_EQ(told.answer->status, 404);
  EXPECT_FALSE(report(bytes_of("no capture"), flow_to(80), {}));
}

}  // namespace
}  // namespace exhibit
