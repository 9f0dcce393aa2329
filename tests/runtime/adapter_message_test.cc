#include "runtime/adapter_message.h"

#include <gmock/gmock.h>

#include "exhibit/adapter.h"

namespace exhibit {
namespace {

using Told = DeskGate::Told::Kind;

TEST(WithinLimits, AProfilesCeilingIsHalvedSinceOthersNeedTheDeskToo) {
  DeskSettings settings;
  settings.concurrency = 8;
  const DeskSettings limited = within_limits(settings, R"({"limits":{"calls_per_hour":10000,"parallel":3}})");
  EXPECT_EQ(limited.calls_per_hour, 5000);
  EXPECT_EQ(limited.concurrency, 3);
}

TEST(WithinLimits, TheOperatorsOwnCeilingHolds) {
  DeskSettings settings;
  settings.calls_per_hour = 600;
  EXPECT_EQ(within_limits(settings, R"({"limits":{"calls_per_hour":10000}})").calls_per_hour, 600);
  EXPECT_EQ(within_limits(settings, "").concurrency, settings.concurrency);
}

TEST(ToldBy, TheGateLearnsWhatConcernsTheDeskAndNotOurOwnTroubles) {
  const auto told = [](std::int32_t rc, std::string cause) {
    AdapterResult result;
    result.rc = rc;
    result.cause = std::move(cause);
    return told_by(result).kind;
  };
  EXPECT_EQ(told(EXH_OK, ""), Told::answered);
  EXPECT_EQ(told(EXH_REJECTED, "too-large"), Told::answered);
  EXPECT_EQ(told(EXH_DENIED, "login-refused"), Told::denied);
  EXPECT_EQ(told(EXH_UNKNOWN, "no-answer"), Told::failed);
  EXPECT_EQ(told(EXH_RETRY, "no-answer"), Told::failed);
  EXPECT_EQ(told(EXH_UNKNOWN, "runner-ended"), Told::silent);
}

TEST(ReadResult, CountsTheRequestsThatAnOperationTook) {
  EXPECT_EQ(read_result(R"({"rc":0,"requests":4,"result":{}})").requests, 4);
  EXPECT_EQ(read_result(R"({"rc":0,"result":{}})").requests, 1);
}

TEST(ReadPollDocument, WhatIsNoListIsRefusedAndTextsAreHeldToLength) {
  EXPECT_FALSE(read_poll_document("[]"));
  EXPECT_FALSE(read_poll_document(R"({"tickets":[7]})"));
  const std::string long_text(20'000, 'x');
  const auto said =
      read_poll_document(R"({"cursor":{"a":1},"tickets":[{"ticket":"t1","closed":true,"state":"Closed\u0007",
    "comments":[{"id":"1","author":"kim","text":")" +
                         long_text + R"("}]}],"more":true})");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->cursor, R"({"a":1})");
  EXPECT_TRUE(said->more);
  ASSERT_EQ(said->changes.size(), 1U);
  EXPECT_TRUE(said->changes[0].closed);
  EXPECT_THAT(said->changes[0].state, testing::Not(testing::HasSubstr("\a")));
  EXPECT_LE(said->changes[0].comments[0].text.size(), 8192U);
}

TEST(ReadPollDocument, OnlyTrueIsPublic) {
  const auto said = read_poll_document(
      R"({"tickets":[{"ticket":"t1","comments":[{"id":"1","public":true},{"id":"2","public":"kim"},{"id":"3","public":1},{"id":"4"}]}]})");
  ASSERT_TRUE(said);
  std::vector<bool> shown;
  for (const CommentRow& comment : said->changes.at(0).comments) shown.push_back(comment.is_public);
  EXPECT_EQ(shown, (std::vector<bool>{true, false, false, false}));
}

}  // namespace
}  // namespace exhibit
