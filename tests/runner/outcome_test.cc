#include "base/sha256.h"
#include "tests/runner/desk_fixture.h"

namespace exhibit {
namespace {

using Kind = DeliveryOutcome::Kind;
using Found = DeliveryLookedUp::Found;
using ::testing::HasSubstr;
using ::testing::Not;

class OutcomeTest : public DeskFixture {};

TEST_F(OutcomeTest, ATicketIsMadeOnceAndFoundAfterwards) {
  const DeliveryOutcome made = send(ensure("EXH1-A"), R"({"company":"7c2a","correlation_id":"mine"})");
  EXPECT_EQ(made.kind, Kind::done) << made.why;
  EXPECT_EQ(made.number, "INC0010001");
  EXPECT_THAT(made.url, HasSubstr(made.ticket));
  const DeliveryOutcome again = send(ensure("EXH1-A"));
  EXPECT_EQ(again.ticket, made.ticket);
  const Json ticket = held()["tickets"][0];
  EXPECT_EQ(ticket["fields"]["company"], "7c2a");
  EXPECT_EQ(ticket["fields"]["correlation_id"], "EXH1-A");
  EXPECT_EQ(ticket["fields"]["priority"], "2");
  EXPECT_EQ(ticket["work_notes"][0]["value"], "for analysts");
  EXPECT_EQ(calls(), "ffcf");
}

TEST_F(OutcomeTest, TheTicketThatPeopleKnowByANumberIsFoundAndNoOther) {
  const DeliveryOutcome made = send(ensure("EXH1-A"));
  const auto resolved = [&](const std::string& number) {
    std::promise<Result<std::string>> promise;
    auto ticket = promise.get_future();
    desk->resolve({{"acme"}}, number, [&promise](Result<std::string> got) { promise.set_value(std::move(got)); });
    return ticket.get();
  };
  EXPECT_EQ(resolved(made.number).value_or(""), made.ticket);
  const Result<std::string> nobody = resolved("INC9999999");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Errc::not_found);
}

TEST_F(OutcomeTest, WhatTheDeskHoldsIsReadBack) {
  const DeliveryOutcome made = send(ensure("EXH1-A"));
  ASSERT_EQ(send(note(made, "CAPTURE READY")).kind, Kind::done);
  const std::string bytes("\xd4\xc3\xb2\xa1 and more", 13);
  ASSERT_EQ(send(attach(made, bytes)).kind, Kind::done);
  const Json document = read("EXH1-A");
  EXPECT_EQ(document["title"], "HIGH: a > b") << document;
  EXPECT_EQ(document["public_text"], "for the customer");
  EXPECT_EQ(document["internal_text"], "for analysts");
  EXPECT_EQ(document["matches"], 1);
  ASSERT_EQ(document["notes"].size(), 1U);
  EXPECT_THAT(text_at(document, "number"), "INC0010001");
  EXPECT_EQ(document["attachments"][0]["sha256"], hex(sha256(bytes)));
  EXPECT_EQ(document["attachments"][0]["bytes"], 13);
  EXPECT_THAT(read("EXH1-B").dump(), HasSubstr("no such ticket"));
}

TEST_F(OutcomeTest, ATicketThatIsGoneIsSaidToBeGone) {
  EXPECT_EQ(
      send(note({.kind = Kind::done, .ticket = "0123", .number = {}, .url = {}, .retry_after = {}, .why = {}}, "x"))
          .kind,
      Kind::gone);
}

struct Refusal {
  const char* order;
  Kind kind;
  const char* why;
};
class RefusalTest : public DeskFixture, public ::testing::WithParamInterface<Refusal> {};

TEST_P(RefusalTest, IsTakenAtItsWordAndNothingIsStored) {
  misbehave(GetParam().order);
  const DeliveryOutcome outcome = send(ensure("EXH1-A"));
  EXPECT_EQ(outcome.kind, GetParam().kind) << outcome.why;
  EXPECT_THAT(outcome.why, HasSubstr(GetParam().why));
  EXPECT_EQ(tickets(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Desk, RefusalTest,
                         ::testing::Values(Refusal{"401:on=create", Kind::denied, "login-refused"},
                                           Refusal{"403:on=create", Kind::denied, "forbidden"},
                                           Refusal{"413:on=create", Kind::rejected, "too-large"},
                                           Refusal{"415:on=create", Kind::rejected, "unsupported-type"},
                                           Refusal{"429:on=create", Kind::retry, "rate-limited"},
                                           Refusal{"waf-403-html:on=create", Kind::rejected, "content-refused"},
                                           Refusal{"503:on=create", Kind::unknown, "HTTP 503"},
                                           Refusal{"404:on=create", Kind::denied, "no-such-interface"},
                                           Refusal{"401:on=find", Kind::denied, "login-refused"},
                                           Refusal{"reset:on=find", Kind::retry, "look-up-failed"},
                                           Refusal{"hang:on=find", Kind::retry, "look-up-failed"}),
                         [](const auto& test) {
                           return replace_all(replace_all(replace_all(test.param.order, "-", "_"), ":on=", "_on_"), ":",
                                              "_");
                         });

TEST_F(OutcomeTest, ARateLimitSaysWhenToComeBack) {
  misbehave("429:on=create");
  EXPECT_EQ(send(ensure("EXH1-A")).retry_after, Nanoseconds(std::chrono::seconds{2}));
}

TEST_F(OutcomeTest, ADeskThatIsNotThereMeansThatNothingWasSent) {
  settings.url = "http://127.0.0.1:1";
  EXPECT_EQ(send(ensure("EXH1-A")).kind, Kind::retry);
}

TEST_F(OutcomeTest, ASearchThatLiesNeverLeadsToATicket) {
  ASSERT_EQ(send(ensure("EXH1-A")).kind, Kind::done);
  for (const char* lie : {"all-rows:times=1", "wrong-correlation-id:times=1"}) {
    misbehave(lie);
    const DeliveryOutcome outcome = send(ensure("EXH1-B"));
    EXPECT_EQ(outcome.kind, Kind::retry) << lie;
    EXPECT_THAT(outcome.why, HasSubstr("look-up-lies")) << lie;
  }
  EXPECT_EQ(tickets(), 1U);
}

TEST_F(OutcomeTest, ADeskThatFindsEverythingFailsTheCanaryBeforeTheFirstTicket) {
  ASSERT_EQ(send(ensure("EXH1-A")).kind, Kind::done);
  close_desk();
  misbehave("all-rows");
  EXPECT_EQ(send(ensure("EXH1-A")).kind, Kind::retry);
}

TEST_F(OutcomeTest, TwoTicketsWithOneIdAreSaidAloudAndTheOldestIsTaken) {
  test::Wire wire(server.port());
  for (int i = 0; i < 2; ++i)
    wire.ask("POST", "/api/now/table/incident", "Authorization: Basic ZXhoaWJpdDpzZWNyZXQ=\r\n",
             R"({"correlation_id":"EXH1-A"})");
  open_desk();
  const DeliveryLookedUp found = look_up(ensure("EXH1-A"));
  EXPECT_EQ(found.found, Found::several);
  EXPECT_EQ(found.number, "INC0010001");
}

TEST_F(OutcomeTest, AfterARefusedLoginNoTenantCallsUntilAPersonSaysSo) {
  password = "old";
  EXPECT_EQ(send(ensure("EXH1-A")).kind, Kind::denied);
  const std::string asked = calls();
  const DeliveryOutcome second = send(ensure("EXH1-B"));
  EXPECT_EQ(second.kind, Kind::denied);
  EXPECT_TRUE(second.desk_rests);
  EXPECT_GT(second.retry_after.value_or(Nanoseconds{0}), Nanoseconds{0});
  EXPECT_EQ(calls(), asked) << "a locked account is not hammered";
}

TEST_F(OutcomeTest, ARotatedPasswordIsReadAnewAfterADenial) {
  password = "old";
  EXPECT_EQ(send(ensure("EXH1-A")).kind, Kind::denied);
  password = "secret";
  desk->resume();
  EXPECT_EQ(send(ensure("EXH1-A")).kind, Kind::done);
}

}  // namespace
}  // namespace exhibit
