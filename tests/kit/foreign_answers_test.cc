#include "tests/kit/conformance.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace exhibit::kit {
namespace {

using Cut = FaultProxy::Cut;
using ::testing::Contains;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace exhibit::kit
