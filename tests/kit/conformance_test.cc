#include "tests/kit/conformance.h"

#include "base/sha256.h"

namespace exhibit::kit {
namespace {

using Cut = FaultProxy::Cut;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_P(Conformance, TheModuleSaysWhatItIs) {
  EXPECT_THAT(runner.description(), HasSubstr("\"adapter\":\"rest\""));
  EXPECT_THAT(runner.description(), HasSubstr("\"poll\":true"));
}

TEST_P(Conformance, AProbeWritesNothing) {
  EXPECT_EQ(runner.probe(0).rc, EXH_OK);
  EXPECT_EQ(world.desk->all_tickets(), 0U);
}

TEST_P(Conformance, AWrongLoginIsDeniedAndSaysNoSecret) {
  if (GetParam() == "pagerduty") GTEST_SKIP() << "its key is only looked at when something is sent";
  ASSERT_EQ(runner.open(1, world.config(replace_all(world.desk->login_members(), "123", "wrong-one"))).rc, EXH_OK);
  const Answer denied = runner.probe(1);
  if (world.desk->login_members().find("123") == std::string::npos) return;
  EXPECT_EQ(denied.rc, EXH_DENIED) << denied.whole;
  EXPECT_EQ(denied.cause, "login-refused");
  EXPECT_THAT(denied.whole, Not(HasSubstr("wrong-one")));
}

TEST_P(Conformance, EnsuringTwiceMakesOneTicket) {
  const Answer first = apply(runner, 0, ensured), second = apply(runner, 0, ensured);
  EXPECT_EQ(first.rc, EXH_OK) << first.whole;
  EXPECT_EQ(second.rc, EXH_OK) << second.whole;
  EXPECT_EQ(first.ticket, second.ticket);
  EXPECT_EQ(world.desk->tickets(ensured.correlation_id), 1U);
}

TEST_P(Conformance, TwoIncidentsAreTwoTickets) {
  const Op other = world.ensure();
  EXPECT_NE(apply(runner, 0, ensured).ticket, apply(runner, 0, other).ticket);
  EXPECT_EQ(find(runner, 0, other).rc, world.searchable() ? EXH_OK : EXH_ABSENT);
}

TEST_P(Conformance, WhatIsNotThereIsAbsent) {
  EXPECT_EQ(find(runner, 0, ensured).rc, EXH_ABSENT);
  EXPECT_EQ(find(runner, 0, note("never written")).rc, EXH_ABSENT);
}

TEST_P(Conformance, ACutAtAnyRequestOfAnEnsureLeavesOneTicketWithItsInternalText) {
  const int requests = world.requests_of(world.ensure()) + 1;
  for (const Cut cut : {Cut::before, Cut::after, Cut::in_answer})
    for (int request = 1; request <= requests; ++request) {
      const Op op = world.ensure();
      world.proxy.arm(request, cut);
      const Answer done = deliver(runner, 0, op);
      EXPECT_EQ(done.rc, EXH_OK) << request << ": " << done.whole;
      EXPECT_EQ(world.desk->tickets(op.correlation_id), 1U) << request;
      if (world.profile_json.value("internal_text", "") == "note") {
        EXPECT_EQ(world.desk->notes_with(done.ticket, "Ref EXH1N-"), 1U) << request;
      }
    }
}

TEST_P(Conformance, ACutAtAnyRequestOfANoteLeavesOneNote) {
  const int requests = world.requests_of(note("the first"));
  for (const Cut cut : {Cut::before, Cut::after, Cut::in_answer})
    for (int request = 1; request <= requests; ++request) {
      const Op op = note(cat("words", KitWorld::fresh().substr(5)));
      world.proxy.arm(request, cut);
      EXPECT_EQ(deliver(runner, 0, op).rc, EXH_OK);
      EXPECT_EQ(world.desk->notes_with(ticket(), text_at(*parse_json(op.body_json), "text")), 1U) << request;
    }
}

TEST_P(Conformance, ACutAtAnyRequestOfAFileLeavesOneFile) {
  if (!world.can("attach")) GTEST_SKIP() << "no files on this desk";
  const int requests = world.requests_of(file("first bytes"));
  std::size_t count = 1;
  for (const Cut cut : {Cut::before, Cut::after, Cut::in_answer})
    for (int request = 1; request <= requests; ++request) {
      Op op = attach_op(ensured, ticket(), cat(KitWorld::fresh(), ".pcap"), cat("bytes ", count));
      world.proxy.arm(request, cut);
      const Answer done = deliver(runner, 0, op);
      EXPECT_EQ(done.rc, EXH_OK) << request << ": " << done.whole;
      EXPECT_EQ(world.desk->files(ticket()).size(), ++count) << request;
    }
}

TEST_P(Conformance, ANoteOfALaterAttemptIsLookedForFirst) {
  Op op = note("CAPTURE READY");
  ASSERT_EQ(apply(runner, 0, op).rc, EXH_OK);
  op.attempt = 2;
  EXPECT_EQ(apply(runner, 0, op).rc, EXH_OK);
  EXPECT_EQ(world.desk->notes_with(ticket(), "CAPTURE READY"), 1U);
}

TEST_P(Conformance, AFileComesToTheDeskByteForByteOnce) {
  if (!world.can("attach")) GTEST_SKIP() << "no files on this desk";
  std::string bytes;
  for (int i = 0; i < 100'001; ++i) bytes += static_cast<char>(i * 37);
  Op op = file(bytes);
  const Answer stored = apply(runner, 0, op);
  ASSERT_EQ(stored.rc, EXH_OK) << stored.whole;
  op.attempt = 2;
  EXPECT_TRUE(apply(runner, 0, op).already_there);
  ASSERT_EQ(world.desk->files(ticket()).size(), 1U);
  EXPECT_EQ(hex(sha256(world.desk->files(ticket())[0])), hex(sha256(bytes)));
}

TEST_P(Conformance, AFileOverTheDesksLimitIsRefusedBeforeItIsSent) {
  const Json limit = world.profile_json.value("limits", Json::object()).value("attachment_bytes", Json());
  if (!limit.is_number_unsigned() || limit.get<std::uint64_t>() > 20U << 20) GTEST_SKIP() << "no small limit";
  const Op op = file(std::string(limit.get<std::size_t>() + 1, 'x'));
  world.proxy.arm(0, Cut::none);
  const Answer refused = apply(runner, 0, op);
  EXPECT_EQ(refused.rc, EXH_REJECTED);
  EXPECT_EQ(refused.cause, "too-large");
  EXPECT_EQ(world.proxy.requests(), 0);
}

TEST_P(Conformance, AStateIsSetAndSetAgain) {
  if (!world.can("state")) GTEST_SKIP() << "no states on this desk";
  const Op closed = state_op(ensured, ticket(), "closed");
  const Answer first = apply(runner, 0, closed);
  EXPECT_EQ(first.rc, EXH_OK) << first.whole;
  EXPECT_EQ(apply(runner, 0, closed).rc, EXH_OK);
  EXPECT_EQ(find(runner, 0, closed).rc, EXH_ABSENT);
}

TEST_P(Conformance, WhatTheDeskHoldsIsReadBack) {
  if (!world.can("read_ticket")) GTEST_SKIP() << "this desk cannot be read";
  const Op op = note("Ready <b>&amp;</b> \\ `` *x* {noformat} [a](b)");
  ASSERT_EQ(apply(runner, 0, op).rc, EXH_OK);
  ASSERT_EQ(apply(runner, 0, file("abc")).rc, EXH_OK);
  const Answer read = runner.read(0, ticket());
  ASSERT_EQ(read.rc, EXH_OK) << read.whole;
  const Json held = *parse_json(read.document), asked = *parse_json(ensured.body_json);
  const std::string title = text_at(asked, "title");
  EXPECT_EQ(text_at(held, "title"), title);
  EXPECT_EQ(text_at(held, "correlation_id"), ensured.correlation_id);
  EXPECT_EQ(held.value("public_text", asked["public_text"]), asked["public_text"]);
  EXPECT_THAT(text_at(held, "internal_text"), HasSubstr(text_at(asked, "internal_text")));
  ASSERT_EQ(held["notes"].size(), 1U) << held;
  EXPECT_THAT(held["notes"][0].get<std::string>(), HasSubstr(text_at(*parse_json(op.body_json), "text")));
  ASSERT_EQ(held["attachments"].size(), 1U) << held;
  EXPECT_EQ(held["attachments"][0]["bytes"], 3);
}

TEST_P(Conformance, APollTellsWhatPeopleDidAndHasNoEcho) {
  if (!world.can("poll")) GTEST_SKIP() << "this desk is not polled";
  ASSERT_EQ(apply(runner, 0, note("our own note")).rc, EXH_OK);
  Json request = {{"tickets", {{{"ticket", ticket()}, {"correlation_id", ensured.correlation_id}}}}};
  const auto poll = [&] {
    const Answer answer = runner.poll(0, request.dump());
    EXPECT_EQ(answer.rc, EXH_OK) << answer.whole;
    const Json document = parse_json(answer.document).value_or(Json::object());
    request["cursor"] = document.value("cursor", Json());
    return document.value("tickets", Json::array());
  };
  const Json first = poll();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0]["closed"], false);
  EXPECT_TRUE(first[0]["comments"].empty()) << first;
  world.desk->person_says(ticket(), "I looked at it.");
  world.desk->person_closes(ticket());
  const Json second = poll();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0]["closed"], true) << second;
  ASSERT_EQ(second[0]["comments"].size(), 1U) << second;
  EXPECT_EQ(second[0]["comments"][0]["text"], "I looked at it.");
  poll();
  EXPECT_TRUE(poll().empty());
}

/// Whatever a stranger wrote, the title and a note are the same when they are read back.
TEST_P(Conformance, HostileTextsComeBackAsTheyWere) {
  if (!world.can("read_ticket")) GTEST_SKIP() << "this desk cannot be read";
  const std::vector<std::string> hostile = {"<script>alert(1)</script>",
                                            "'\"`--;/**/",
                                            "{{7*7}} ${jndi:ldap://x} {noformat}{code}",
                                            "</pre><b>x</b>",
                                            "]]> [x](javascript:a) *b* _c_ ~d~",
                                            "\\{\"$json\":1} {title} {{ticket}}",
                                            "\xE2\x80\xAE rtl \xF0\x9F\x92\xA9",
                                            "```\n# x\n```",
                                            "=cmd|' /C calc'!A0",
                                            "https://evil.example/?a=b&c=<d>"};
  for (const std::string& text : hostile) {
    Op op = world.ensure();
    Json body = *parse_json(op.body_json);
    const std::string line = cat("x ", replace_all(text, "\n", " "));
    body["title"] = line;
    body["internal_text"] = text;
    op.body_json = body.dump();
    const Answer made = deliver(runner, 0, op);
    ASSERT_EQ(made.rc, EXH_OK) << text << made.whole;
    ASSERT_EQ(apply(runner, 0, note_op(op, made.ticket, KitWorld::fresh(), text)).rc, EXH_OK) << text;
    const Json held = parse_json(runner.read(0, made.ticket).document).value_or(Json::object());
    const auto harmless_mark = [](const std::string& words) { return replace_all(words, "[code]", "(code)"); };
    EXPECT_EQ(text_at(held, "title"), harmless_mark(line)) << held;
    EXPECT_THAT(text_at(held, "internal_text"), HasSubstr(text));
    ASSERT_EQ(held["notes"].size(), 1U) << held;
    EXPECT_THAT(held["notes"][0].get<std::string>(), HasSubstr(text));
  }
}

TEST_P(Conformance, ATextOverTheDesksLimitIsCutAndSaysSo) {
  Op op = world.ensure();
  Json body = *parse_json(op.body_json);
  body["title"] = std::string(3000, 't');
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "\xC3\xBC<";
  body["internal_text"] = text;
  op.body_json = body.dump();
  const Answer made = deliver(runner, 0, op);
  ASSERT_EQ(made.rc, EXH_OK) << made.whole;
  Op long_note = note_op(op, made.ticket, KitWorld::fresh(), text);
  ASSERT_EQ(apply(runner, 0, long_note).rc, EXH_OK);
  long_note.attempt = 2;
  EXPECT_EQ(apply(runner, 0, long_note).rc, EXH_OK) << "the marker was cut away";
  EXPECT_EQ(world.desk->tickets(op.correlation_id), 1U);
  if (!world.can("read_ticket")) return;
  const Json held = parse_json(runner.read(0, made.ticket).document).value_or(Json::object());
  EXPECT_THAT(text_at(held, "title"), HasSubstr("[cut]"));
  EXPECT_THAT(text_at(held, "internal_text"), HasSubstr("[cut here"));
}

TEST_P(Conformance, NoResultHoldsASecret) {
  const Json config = *parse_json(cat("{", world.desk->login_members(), "}"));
  const std::string secret =
      config["login"].contains("password") ? text_at(config["login"], "password") : text_at(config["login"], "token");
  prove_search();
  const std::string echo =
      cat(R"({"message":"you sent )", secret, R"(","error":{"message":")", secret, R"("},"errorMessages":[")", secret,
          R"("],"errors":[")", secret, R"("],"code":")", secret, R"("})");
  const Answer answer = meet(ensured, create_request(), Cut::instead, http_answer(422, "application/json", echo));
  EXPECT_EQ(answer.rc, EXH_REJECTED);
  EXPECT_THAT(answer.whole, Not(HasSubstr(secret)));
}

TEST_P(Conformance, AProfileThatIsBrokenIsRefusedWithItsPlace) {
  Json broken = *parse_json(world.config());
  broken["profile"]["operations"]["note"] = {{"metod", "POST"}};
  const Answer answer = runner.open(2, broken.dump());
  EXPECT_EQ(answer.rc, EXH_REJECTED);
  EXPECT_THAT(answer.whole, HasSubstr("operations/note"));
}

TEST_P(Conformance, AHeadSaysWhatWasProven) {
  EXPECT_THAT(world.profile_json["about"].dump(), HasSubstr("Source:"));
  EXPECT_THAT(world.profile_json["about"].dump(), HasSubstr("Proven"));
}

INSTANTIATE_TEST_SUITE_P(Kit, Conformance, ::testing::ValuesIn(KitWorld::profiles()),
                         [](const auto& test) { return replace_all(test.param, "-", "_"); });

}  // namespace
}  // namespace exhibit::kit
