#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/sha256.h"
#include "base/text.h"
#include "exhibit/adapter.h"
#include "tests/kit/kit_world.h"

/// What any adapter and profile must do, whatever the desk does: the real runner and module over the wire against a
/// server that holds its vendor's contract, for every shipped profile.
namespace exhibit::kit {
namespace {

using Cut = FaultProxy::Cut;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class Conformance : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const Answer opened = runner.open(0, world.config());
    ASSERT_EQ(opened.rc, EXH_OK) << opened.whole;
  }
  /// A note as the engine would write it, to a ticket that is there.
  Op note(const std::string& text) { return note_op(ensured, ticket(), KitWorld::fresh(), text); }
  Op file(const std::string& bytes) { return attach_op(ensured, ticket(), "capture.pcap", bytes); }
  const std::string& ticket() {
    if (ticket_.empty()) ticket_ = world.ticket_of(ensured);
    EXPECT_FALSE(ticket_.empty());
    return ticket_;
  }
  /// Meets the fault at the operation's writing request: with the canary proven, the last but what reads back.
  Answer meet(const Op& op, int request, Cut cut, std::string answer = {}) {
    world.proxy.arm(request, cut, std::move(answer));
    return apply(runner, 0, op);
  }
  /// The request of a create that writes: after its look-up, where there is one.
  [[nodiscard]] int create_request() const { return world.searchable() ? 2 : 1; }
  void prove_search() { ASSERT_EQ(runner.probe(0).rc, EXH_OK); }

  KitWorld world{GetParam()};
  RunnerClient& runner = world.runner;
  const Op ensured = world.ensure();
  std::string ticket_;
};

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

struct Said {
  int status;
  const char* type;
  const char* body;
  const char* headers;
  std::vector<int> may_mean;  ///< When the desk did nothing.
};

/// Every refusal and every nonsense in place of the answer to a create: what comes of it, and one ticket in the end.
TEST_P(Conformance, ForeignAnswersMeanWhatTheyMustAndNeverASecondTicket) {
  const std::vector<Said> all = {{400, "application/json", R"({"message":"bad"})", "", {EXH_REJECTED}},
                                 {401, "application/json", "{}", "", {EXH_DENIED}},
                                 {403, "application/json", "{}", "", {EXH_DENIED}},
                                 {403, "text/html", "<html>blocked</html>", "", {EXH_REJECTED}},
                                 {404, "application/json", "{}", "", {EXH_DENIED}},
                                 {405, "application/json", "{}", "", {EXH_DENIED}},
                                 {409, "application/json", "{}", "", {EXH_UNKNOWN, EXH_RETRY}},
                                 {413, "text/html", "too large", "", {EXH_REJECTED}},
                                 {415, "application/json", "{}", "", {EXH_REJECTED}},
                                 {422, "application/json", "{}", "", {EXH_REJECTED}},
                                 {429, "application/json", "{}", "Retry-After: 7\r\n", {EXH_RETRY}},
                                 {429, "text/plain", "slow down", "", {EXH_RETRY}},
                                 {500, "application/json", "{}", "", {EXH_UNKNOWN}},
                                 {502, "text/html", "<html>", "", {EXH_UNKNOWN}},
                                 {503, "text/html", "<html>", "", {EXH_UNKNOWN}},
                                 {503, "text/html", "<html>", "Retry-After: 3\r\n", {EXH_RETRY}},
                                 {302, "text/html", "", "Location: http://127.0.0.1:1/login\r\n", {EXH_UNKNOWN}},
                                 {200, "text/html", "<html>log in</html>", "", {EXH_UNKNOWN}},
                                 {200, "application/json", "", "", {EXH_UNKNOWN}},
                                 {201, "application/json", R"({"result":{"sys_id":")", "", {EXH_UNKNOWN}},
                                 {201, "application/json", "[]", "", {EXH_UNKNOWN}},
                                 {204, "application/json", "", "", {EXH_UNKNOWN}}};
  prove_search();
  for (const Said& said : all) {
    const Op op = world.ensure();
    const Answer answer =
        meet(op, create_request(), Cut::instead, http_answer(said.status, said.type, said.body, said.headers));
    EXPECT_THAT(said.may_mean, Contains(answer.rc)) << said.status << " " << said.type << ": " << answer.whole;
    EXPECT_EQ(world.desk->tickets(op.correlation_id), 0U) << said.status;
    Op again = op;
    again.attempt = 2;
    EXPECT_EQ(deliver(runner, 0, again).rc, EXH_OK) << said.status;
    EXPECT_EQ(world.desk->tickets(op.correlation_id), 1U) << said.status;
  }
}

/// The same answers, but the desk did it: no second ticket either.
TEST_P(Conformance, AStoredTicketUnderAFalseAnswerIsFoundAgain) {
  prove_search();
  for (const int status : {200, 204, 302, 409, 500, 502, 503, 504}) {
    const Op op = world.ensure();
    world.proxy.arm(create_request(), Cut::masked, http_answer(status, "text/html", status == 204 ? "" : "<html>"));
    EXPECT_EQ(deliver(runner, 0, op).rc, EXH_OK) << status;
    EXPECT_EQ(world.desk->tickets(op.correlation_id), 1U) << status;
  }
}

TEST_P(Conformance, AnAnswerOverTheBoundIsUnknownAndHurtsNothing) {
  prove_search();
  const Op op = world.ensure();
  world.proxy.arm(create_request(), Cut::masked, http_answer(201, "application/json", std::string(3U << 20, ' ')));
  EXPECT_EQ(deliver(runner, 0, op).rc, EXH_OK);
  EXPECT_EQ(world.desk->tickets(op.correlation_id), 1U);
}

TEST_P(Conformance, ALookThatFailsIsNeverTakenForNothing) {
  if (!world.searchable()) GTEST_SKIP() << "nothing is looked for";
  prove_search();
  for (const auto& [status, type, body] : {std::tuple{200, "text/html", "<html>"},
                                           {200, "application/json", "{}"},
                                           {200, "application/json", "{\"result\":"},
                                           {500, "application/json", "{}"},
                                           {502, "text/html", ""},
                                           {302, "text/html", ""},
                                           {204, "text/plain", ""}}) {
    const Op op = world.ensure();
    const Answer answer = meet(op, 1, Cut::instead, http_answer(status, type, body));
    EXPECT_EQ(answer.rc, EXH_RETRY) << status << body << answer.whole;
    EXPECT_EQ(world.desk->tickets(op.correlation_id), 0U);
  }
  EXPECT_EQ(meet(ensured, 1, Cut::before).rc, EXH_RETRY);
}

TEST_P(Conformance, ASearchThatBringsStrangersStopsTheDesk) {
  if (!world.searchable()) GTEST_SKIP() << "nothing is looked for";
  prove_search();
  const Op theirs = world.ensure();
  ASSERT_EQ(deliver(runner, 0, theirs).rc, EXH_OK);
  // The rows of another incident's search, as a desk gives them that ignores what it does not understand.
  const std::string rows =
      GetParam().starts_with("servicenow") ? R"({"result":[{"sys_id":"1","number":"2","correlation_id":"EXH1-OTHER"}]})"
      : GetParam().starts_with("jira")     ? R"({"issues":[{"key":"SEC-1","fields":{"labels":["EXH1-OTHER"]}}]})"
      : GetParam() == "autotask"           ? R"({"items":[{"id":1,"externalID":"EXH1-OTHER"}]})"
                                           : R"([{"id":1,"_id":"1","externalXRef":"x","sourceRef":"x"}])";
  const Answer answer = meet(ensured, 1, Cut::instead, http_answer(200, "application/json", rows));
  EXPECT_EQ(answer.rc, EXH_RETRY) << answer.whole;
  EXPECT_EQ(answer.cause, "look-up-lies");
  EXPECT_EQ(world.desk->tickets(ensured.correlation_id), 0U);
}

TEST_P(Conformance, ADeskThatNeverAnswersCostsItsDeadlineAndNoSecondTicket) {
  prove_search();
  Op op = world.ensure();
  op.deadline_ms = 600;
  world.proxy.arm(create_request(), Cut::hang);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(apply(runner, 0, op).rc, EXH_UNKNOWN);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  op.deadline_ms = 10'000;
  op.attempt = 2;
  EXPECT_EQ(deliver(runner, 0, op).rc, EXH_OK);
  EXPECT_EQ(world.desk->tickets(op.correlation_id), 1U);
}

TEST_P(Conformance, ARedirectIsNeverFollowed) {
  prove_search();
  const std::string there = cat("Location: http://127.0.0.1:", world.proxy.port(), "/elsewhere\r\n");
  for (const int status : {301, 302, 303, 307, 308}) {
    const Op op = world.ensure();
    const Answer answer = meet(op, create_request(), Cut::instead, http_answer(status, "text/html", "", there));
    EXPECT_EQ(answer.rc, EXH_UNKNOWN) << status;
    EXPECT_EQ(world.proxy.requests(), create_request()) << status;
  }
}

TEST_P(Conformance, AnInnerAddressThatNobodyAllowedIsNotReached) {
  RunnerClient strict(EXHIBIT_BINARY_DIR "/bin/exhibit-adapter-runner",
                      EXHIBIT_BINARY_DIR "/lib/libexhibit-adapter-rest.so");
  ASSERT_EQ(strict.open(0, replace_all(world.config(), R"("allow":["127.0.0.1"])", R"("allow":[])")).rc, EXH_OK);
  world.proxy.arm(0, Cut::none);
  const Answer refused = apply(strict, 0, world.ensure());
  EXPECT_EQ(refused.rc, EXH_DENIED) << refused.whole;
  EXPECT_EQ(world.proxy.requests(), 0);
}

TEST_P(Conformance, AFirewallsPageRefusesTheNoteAndNotTheDesk) {
  const Op op = note("cat /etc/passwd");
  const Answer refused = meet(op, 1, Cut::instead, http_answer(403, "text/html", "<html>blocked</html>"));
  EXPECT_EQ(refused.rc, EXH_REJECTED) << refused.whole;
  EXPECT_EQ(refused.cause, "content-refused");
  EXPECT_EQ(world.desk->notes_with(ticket(), "cat /etc/passwd"), 0U);
}

TEST_P(Conformance, ARefusedFileIsRefusedAndNotStored) {
  if (!world.can("attach")) GTEST_SKIP() << "no files on this desk";
  for (const int status : {413, 415}) {
    const Answer refused = meet(file("bytes"), 1, Cut::instead, http_answer(status, "application/json", "{}"));
    EXPECT_EQ(refused.rc, EXH_REJECTED) << refused.whole;
  }
  EXPECT_TRUE(world.desk->files(ticket()).empty());
}

TEST_P(Conformance, AFileWithoutItsBytesAndAnUnknownKindAreTheCallersMistake) {
  Op op = file("bytes");
  op.name.clear();
  EXPECT_EQ(apply(runner, 0, op).rc, EXH_BADARG);
  op.kind = 99;
  EXPECT_EQ(apply(runner, 0, op).rc, EXH_UNSUPPORTED);
  EXPECT_EQ(find(runner, 0, op).rc, EXH_UNSUPPORTED);
}

TEST_P(Conformance, ATicketThatIsNotThereCannotBeRead) {
  if (!world.can("read_ticket")) GTEST_SKIP() << "this desk cannot be read";
  for (const char* ticket_id : {"0", "../..", "x?y=z", "SEC-999999"})
    EXPECT_NE(runner.read(0, ticket_id).rc, EXH_OK) << ticket_id;
}

TEST_P(Conformance, APollOfNothingOrOfStrangersIsEmpty) {
  if (!world.can("poll")) GTEST_SKIP() << "this desk is not polled";
  for (const char* request :
       {R"({"tickets":[]})", R"({"tickets":[{"ticket":"0","correlation_id":"EXH1-X"}],"cursor":7})"}) {
    const Answer answer = runner.poll(0, request);
    EXPECT_EQ(answer.rc, EXH_OK) << answer.whole;
    EXPECT_THAT(answer.document, HasSubstr("\"tickets\":[]"));
  }
}

TEST_P(Conformance, ANoteForTheCustomerIsMarkedToo) {
  Op op = note_op(ensured, ticket(), KitWorld::fresh(), "Dear customer", true);
  ASSERT_EQ(apply(runner, 0, op).rc, EXH_OK);
  op.attempt = 2;
  EXPECT_EQ(apply(runner, 0, op).rc, EXH_OK);
  EXPECT_EQ(world.desk->notes_with(ticket(), "Dear customer"), 1U);
}

TEST_P(Conformance, SixteenLinksAtOnceMakeOneTicketEach) {
  std::vector<std::thread> threads;
  std::vector<Op> ops;
  for (int i = 0; i < 32; ++i) ops.push_back(world.ensure());
  std::atomic<std::size_t> next = 0, failed = 0;
  for (int link = 1; link <= 16; ++link)
    threads.emplace_back([&, link] {
      if (runner.open(link, world.config()).rc != EXH_OK) ++failed;
      for (std::size_t i = next++; i < ops.size(); i = next++)
        if (deliver(runner, link, ops[i]).rc != EXH_OK) ++failed;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0U);
  for (const Op& op : ops) EXPECT_EQ(world.desk->tickets(op.correlation_id), 1U);
}

TEST_P(Conformance, ARefusedRateSaysHowLongToWait) {
  prove_search();
  const Answer answer =
      meet(ensured, create_request(), Cut::instead, http_answer(429, "application/json", "{}", "Retry-After: 7\r\n"));
  EXPECT_THAT(answer.whole, HasSubstr("\"retry_after_ms\":7000"));
}

TEST_P(Conformance, ATicketThatIsGoneIsSaidToBeGone) {
  const Op op = note("to nobody");
  const Answer answer = meet(op, 1, Cut::instead, http_answer(404, "application/json", "{}"));
  EXPECT_EQ(answer.rc, EXH_GONE) << answer.whole;
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
