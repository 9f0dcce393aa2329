#include "sensorproto/iplog/iplog.h"

#include <gtest/gtest.h>

#include <set>

namespace exhibit {
namespace {

Bytes capture(std::initializer_list<std::uint8_t> magic, std::size_t size) {
  Bytes bytes(magic);
  bytes.resize(size);
  return bytes;
}

TEST(IpLog, AsksByPostWithoutTimes) {
  EXPECT_EQ(ip_log_request(77, "id=1", false),
            (SensorRequest{"POST", "/cgi-bin/iplog-server?ipLogId=77", "id=1", std::chrono::seconds{10}}));
  EXPECT_EQ(ip_log_request(77, "", true).method, "GET");
}

TEST(IpLog, JudgesByContentAndNeverByMediaType) {
  const Bytes little = capture({0xd4, 0xc3, 0xb2, 0xa1}, 100), big = capture({0xa1, 0xb2, 0xc3, 0xd4}, 100);
  const Bytes nano = capture({0x4d, 0x3c, 0xb2, 0xa1}, 100), next = capture({0x0a, 0x0d, 0x0d, 0x0a}, 100);
  for (const Bytes& bytes : {little, big, nano, next}) {
    EXPECT_EQ(judge_ip_log({200, bytes, true, false}), IpLogVerdict::whole);
    EXPECT_EQ(judge_ip_log({200, bytes, false, false}), IpLogVerdict::cut);
    EXPECT_EQ(judge_ip_log({200, bytes, true, true}), IpLogVerdict::too_large);
  }
  EXPECT_EQ(judge_ip_log({200, capture({0xd4, 0xc3, 0xb2, 0xa1}, 24), true, false}), IpLogVerdict::empty);
  EXPECT_EQ(judge_ip_log({200, {}, true, false}), IpLogVerdict::empty);
  EXPECT_EQ(judge_ip_log({200, as_bytes("hello, this is no capture"), true, false}), IpLogVerdict::unknown_answer);
}

TEST(IpLog, ReadsTheNameOfAnErrorAtAnyStatus) {
  for (const int status : {200, 400, 404, 500}) {
    EXPECT_EQ(judge_ip_log({status, as_bytes("<env:Fault>sd:errNotFound</env:Fault>"), true, false}),
              IpLogVerdict::gone);
    EXPECT_EQ(judge_ip_log({status, as_bytes("  <error><errorMessage name=\"errInUse\"/></error>"), true, false}),
              IpLogVerdict::not_ready);
  }
  EXPECT_EQ(judge_ip_log({404, {}, true, false}), IpLogVerdict::not_ready);
  EXPECT_EQ(judge_ip_log({503, {}, true, false}), IpLogVerdict::not_ready);
  EXPECT_EQ(judge_ip_log({401, {}, true, false}), IpLogVerdict::login_refused);
  EXPECT_EQ(judge_ip_log({405, {}, true, false}), IpLogVerdict::use_get);
  EXPECT_EQ(judge_ip_log({200, as_bytes("<html>hello</html>"), true, false}), IpLogVerdict::unknown_answer);
  EXPECT_EQ(judge_ip_log({302, {}, true, false}), IpLogVerdict::unknown_answer);
}

TEST(IpLog, EachVerdictHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (const IpLogVerdict verdict :
       {IpLogVerdict::whole, IpLogVerdict::cut, IpLogVerdict::empty, IpLogVerdict::not_ready, IpLogVerdict::gone,
        IpLogVerdict::use_get, IpLogVerdict::login_refused, IpLogVerdict::too_large, IpLogVerdict::unknown_answer})
    words.insert(token(verdict));
  EXPECT_EQ(words.size(), 9U);
  EXPECT_FALSE(words.contains(""));
}

}  // namespace
}  // namespace exhibit
