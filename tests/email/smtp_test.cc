#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "adapters/email/smtp_dialogue.h"
#include "base/json.h"
#include "base/text.h"

namespace exhibit::email {
namespace {

using adapter::Verdict;
using ::testing::HasSubstr;
using Step = SmtpDialogue::Step;

struct Judged {
  SmtpStage stage;
  int code;
  const char* text;
  exh_rc rc;
  const char* cause;
};

TEST(SmtpJudge, KnowsWhatEachNumberMeansAtEachStage) {
  const Judged table[] = {
      {SmtpStage::greeting, 220, "", EXH_OK, ""},
      {SmtpStage::greeting, 421, "too many connections", EXH_RETRY, "server-busy"},
      {SmtpStage::greeting, 554, "no service for you", EXH_DENIED, "server-refuses"},
      {SmtpStage::login, 535, "5.7.8", EXH_DENIED, "login-refused"},
      {SmtpStage::login, 454, "4.7.0 temporary", EXH_RETRY, "server-busy"},
      {SmtpStage::sender, 250, "", EXH_OK, ""},
      {SmtpStage::sender, 530, "5.7.0 Authentication required", EXH_DENIED, "login-missing"},
      {SmtpStage::sender, 550, "sender unknown", EXH_DENIED, "sender-refused"},
      {SmtpStage::sender, 552, "5.3.4 too big", EXH_REJECTED, "too-large"},
      {SmtpStage::sender, 354, "", EXH_RETRY, "no-smtp"},
      {SmtpStage::recipient, 550, "5.1.1", EXH_REJECTED, "recipient-refused"},
      {SmtpStage::recipient, 451, "4.7.1 greylisted", EXH_RETRY, "server-busy"},
      {SmtpStage::data, 354, "go ahead", EXH_OK, ""},
      {SmtpStage::data, 451, "", EXH_RETRY, "server-busy"},
      {SmtpStage::message, 250, "queued", EXH_OK, ""},
      {SmtpStage::message, 421, "", EXH_RETRY, "server-busy"},
      {SmtpStage::message, 452, "", EXH_RETRY, "server-busy"},
      {SmtpStage::message, 552, "", EXH_REJECTED, "too-large"},
      {SmtpStage::message, 554, "5.3.4 too large", EXH_REJECTED, "too-large"},
      {SmtpStage::message, 554, "5.7.1 looks like an attack", EXH_REJECTED, "content-refused"},
      {SmtpStage::message, 550, "spam", EXH_REJECTED, "content-refused"},
      {SmtpStage::message, 0, "", EXH_UNKNOWN, "no-smtp"},
      {SmtpStage::message, 354, "", EXH_UNKNOWN, "no-smtp"},
  };
  for (const Judged& row : table) {
    const Verdict verdict = judge_reply(row.stage, {.code = row.code, .text = row.text});
    EXPECT_EQ(verdict.rc, row.rc) << row.code << " " << row.text << " at " << static_cast<int>(row.stage);
    EXPECT_EQ(verdict.cause, row.cause) << row.code;
  }
}

TEST(SmtpJudge, AConnectionThatCannotBeMadeDidNothing) {
  using Kind = ConnectFailure::Kind;
  struct Row {
    Kind kind;
    int last;
    exh_rc rc;
    const char* cause;
  };
  const Row table[] = {{Kind::unreachable, 0, EXH_RETRY, "no-connection"},
                       {Kind::egress, 0, EXH_DENIED, "egress-forbidden"},
                       {Kind::certificate, 220, EXH_DENIED, "certificate-refused"},
                       {Kind::authorities, 0, EXH_DENIED, "ca-unreadable"},
                       {Kind::tls_missing, 250, EXH_DENIED, "tls-missing"},
                       {Kind::login, 535, EXH_DENIED, "login-refused"},
                       {Kind::login, 454, EXH_RETRY, "server-busy"},
                       {Kind::greeting, 421, EXH_RETRY, "server-busy"},
                       {Kind::greeting, 554, EXH_DENIED, "server-refuses"},
                       {Kind::other, 0, EXH_RETRY, "no-connection"}};
  for (const Row& row : table) {
    const Verdict verdict = judge_connect({.kind = row.kind, .last = {.code = row.last}});
    EXPECT_EQ(verdict.rc, row.rc) << row.cause;
    EXPECT_EQ(verdict.cause, row.cause);
  }
}

TEST(SmtpReplies, ComeTogetherFromPiecesOfAnySize) {
  const std::string wire = "250-mail.example\r\n250-SIZE 100\r\n250 DSN\r\n354 go\n";
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
    ReplyReader reader;
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < wire.size(); at += piece) {
      reader.add(std::string_view(wire).substr(at, piece));
      while (const auto reply = reader.take()) seen.push_back(cat(reply->code, "|", reply->text));
    }
    EXPECT_THAT(seen, ::testing::ElementsAre("250|mail.example SIZE 100 DSN", "354|go")) << piece;
  }
}

TEST(SmtpReplies, WhatIsNoReplyIsSaidToBeNone) {
  for (const char* wire : {"<html>\r\n", "\r\n", "99 x\r\n", "600 x\r\n", "25x y\r\n", "250?\r\n"}) {
    ReplyReader reader;
    reader.add(wire);
    const auto reply = reader.take();
    ASSERT_TRUE(reply) << wire;
    EXPECT_EQ(reply->code, 0) << wire;
  }
  ReplyReader endless;
  endless.add(std::string(70'000, 'x'));
  ASSERT_TRUE(endless.take());
  ReplyReader many;
  for (int i = 0; i < 10'000; ++i) many.add("250-more and more\r\n");
  ASSERT_TRUE(many.take());
}

/// Plays the server's lines; what we said is the transcript.
struct Play {
  std::string said;
  Verdict verdict = {};
  bool finished = false;
};

Play play(SmtpDialogue& dialogue, const std::vector<Reply>& server) {
  Play result;
  Step step = dialogue.begin();
  for (const Reply& reply : server) {
    if (step == Step::send_message) dialogue.dot_leaves();
    result.said += step == Step::send_message ? "(message)|" : replace_all(dialogue.command(), "\r\n", "|");
    step = dialogue.take(reply);
    if (step == Step::finished) break;
  }
  result.finished = step == Step::finished;
  if (result.finished) result.verdict = dialogue.verdict();
  return result;
}

SmtpDialogue to(std::vector<std::string> recipients, bool size = true) {
  return SmtpDialogue(
      {.sender = "ex@msp.example", .recipients = std::move(recipients), .message_bytes = 1234, .declare_size = size});
}

TEST(SmtpDialogue, SaysWhatTheStandardSays) {
  SmtpDialogue dialogue = to({"a@x.example", "b@x.example"});
  const Play got = play(dialogue, {{250}, {250}, {251}, {354}, {250}});
  EXPECT_EQ(got.said,
            "MAIL FROM:<ex@msp.example> SIZE=1234|RCPT TO:<a@x.example>|RCPT TO:<b@x.example>|DATA|(message)|");
  EXPECT_EQ(got.verdict.rc, EXH_OK);
  SmtpDialogue plain = to({"a@x.example"}, false);
  EXPECT_THAT(play(plain, {{250}}).said, ::testing::Not(HasSubstr("SIZE")));
}

TEST(SmtpDialogue, WhoIsRefusedIsNamedAndTheOthersGetTheMailOnce) {
  SmtpDialogue dialogue = to({"a@x.example", "b@x.example", "c@x.example"});
  const Play got = play(dialogue, {{250}, {250}, {550, "5.1.1 nobody"}, {450, "4.2.1 busy"}, {354}, {250}});
  EXPECT_EQ(got.verdict.rc, EXH_OK);
  EXPECT_EQ(got.verdict.text, "not sent to b@x.example: 550 5.1.1 nobody; c@x.example: 450 4.2.1 busy");
  const Json document = Json::parse(got.verdict.document);
  EXPECT_EQ(document["recipients"][0]["outcome"], "accepted");
  EXPECT_EQ(document["recipients"][1]["outcome"], "refused");
  EXPECT_EQ(document["recipients"][1]["code"], 550);
  EXPECT_EQ(document["recipients"][2]["outcome"], "deferred");
}

TEST(SmtpDialogue, WhenNobodyIsAcceptedNothingIsSent) {
  SmtpDialogue refused = to({"a@x.example", "b@x.example"});
  EXPECT_EQ(play(refused, {{250}, {550}, {554}, {354}}).verdict.rc, EXH_REJECTED);
  SmtpDialogue later = to({"a@x.example", "b@x.example"});
  const Play got = play(later, {{250}, {550}, {451}, {354}});
  EXPECT_EQ(got.verdict.rc, EXH_RETRY);
  EXPECT_THAT(got.said, ::testing::Not(HasSubstr("DATA")));
}

TEST(SmtpDialogue, AServerThatHangsUpIsAskedAgainLater) {
  for (const std::vector<Reply>& server :
       std::vector<std::vector<Reply>>{{{421}}, {{250}, {421}}, {{250}, {250}, {421}}}) {
    SmtpDialogue dialogue = to({"a@x.example", "b@x.example"});
    const Play got = play(dialogue, server);
    EXPECT_TRUE(got.finished);
    EXPECT_EQ(got.verdict.rc, EXH_RETRY);
  }
}

TEST(SmtpDialogue, OnlyBehindTheFinalDotIsALostConnectionUnknown) {
  SmtpDialogue dialogue = to({"a@x.example"});
  EXPECT_EQ(dialogue.begin(), Step::send);
  for (const int code : {250, 250, 354}) {
    EXPECT_EQ(dialogue.lost("cut").rc, EXH_RETRY);
    dialogue.take({.code = code});
  }
  EXPECT_EQ(dialogue.lost("cut").rc, EXH_RETRY);
  dialogue.dot_leaves();
  EXPECT_EQ(dialogue.lost("cut").rc, EXH_UNKNOWN);
}

}  // namespace
}  // namespace exhibit::email
