#include "adapters/sim/desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/sim/desk_pages.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "tests/loopback_client.h"

namespace exhibit::sim {
namespace {

using test::Answer;
using test::Wire;
using ::testing::HasSubstr;
using ::testing::Not;

class DeskTest : public ::testing::Test {
 protected:
  Answer call(std::string_view method, std::string_view target, std::string_view body = {},
              std::string_view type = "application/json") {
    return wire.ask(method, target, cat(login, "Content-Type: ", type, "\r\n"), body);
  }
  Json json(std::string_view method, std::string_view target, std::string_view body = {}) {
    return parse_json(call(method, target, body).body).value_or(Json());
  }
  Json create(std::string_view correlation_id) {
    return json(
        "POST", "/api/now/table/incident",
        cat(R"({"short_description":"s","work_notes":"w","correlation_id":")", correlation_id, "\"}"))["result"];
  }
  void misbehave(std::string_view order) {
    const Result<Misbehaviour> parsed = parse_misbehaviour(order);
    ASSERT_TRUE(parsed);
    desk.order(*parsed);
  }

  const std::string login = cat("Authorization: Basic ", encode_base64(as_bytes("exhibit:secret")), "\r\n");
  WallTime now = wall_from_ns(1'763'779'961'000'000'000);
  std::vector<std::string> said;
  Desk desk{{.user = "exhibit", .password = "secret"},
            [this] { return now; },
            [this](const std::string& line) { said.push_back(line); }};
  HttpServer server{{}, std::nullopt, [this](const HttpRequest& request) { return desk.handle(request); }};
  Wire wire{server.port()};
};

TEST_F(DeskTest, ACreatedTicketIsReadBackByItsIdAndJournalFieldsAreEmpty) {
  const Json made = create("EXH1-A");
  EXPECT_EQ(made["number"], "INC0010001");
  EXPECT_EQ(made["work_notes"], "");
  const Json read = json("GET", cat("/api/now/v2/table/incident/", text_at(made, "sys_id")));
  EXPECT_EQ(read["result"]["correlation_id"], "EXH1-A");
  EXPECT_THAT(said, ::testing::ElementsAre(HasSubstr(R"("event":"ticket")")));
}

TEST_F(DeskTest, ASearchFindsByEqualityAndAnInvalidFieldFindsEverything) {
  create("EXH1-A");
  create("EXH1-B");
  EXPECT_EQ(json("GET", "/api/now/table/incident?sysparm_query=correlation_id=EXH1-B")["result"].size(), 1U);
  EXPECT_EQ(json("GET", "/api/now/table/incident?sysparm_query=correlation_id=none")["result"].size(), 0U);
  EXPECT_EQ(json("GET", "/api/now/table/incident?sysparm_query=no_such_field=EXH1-B")["result"].size(), 2U);
  EXPECT_EQ(call("GET", "/api/now/v1/table/incident?sysparm_query=correlation_id=none").status, 404);
}

TEST_F(DeskTest, QueriesKnowAlternativesPrefixesOrderFieldsAndPages) {
  for (const char* id : {"EXH1-C", "EXH1-A", "EXH1-B"}) create(id);
  const auto ids = [&](std::string_view query) {
    std::string all;
    const Json found = json("GET", cat("/api/now/table/incident?sysparm_fields=correlation_id&", query));
    for (const Json& row : found["result"]) all += text_at(row, "correlation_id") + (row.size() == 1 ? " " : "? ");
    return all;
  };
  EXPECT_EQ(ids("sysparm_query=ORDERBYcorrelation_id"), "EXH1-A EXH1-B EXH1-C ");
  EXPECT_EQ(ids("sysparm_query=ORDERBYDESCcorrelation_id&sysparm_limit=1&sysparm_offset=1"), "EXH1-B ");
  EXPECT_EQ(ids("sysparm_query=correlation_id=EXH1-A%5EORcorrelation_id=EXH1-C"), "EXH1-C EXH1-A ");
  EXPECT_EQ(ids("sysparm_query=correlation_idSTARTSWITHEXH1%5Ecorrelation_idLIKE1-B"), "EXH1-B ");
}

TEST_F(DeskTest, ANoteIsFoundInTheJournalEachTimeItWasSent) {
  const std::string id = text_at(create("EXH1-A"), "sys_id");
  for (int i = 0; i < 2; ++i) call("PATCH", cat("/api/now/table/incident/", id), R"({"work_notes":"ready [m1]"})");
  const Json found = json("GET", cat("/api/now/table/sys_journal_field?sysparm_query=element_id=", id,
                                     "%5Eelement=work_notes%5EvalueLIKE[m1]"));
  EXPECT_EQ(found["result"].size(), 2U);
}

TEST_F(DeskTest, AnAttachmentIsListedWithItsHashAndComesBackByteForByte) {
  const std::string id = text_at(create("EXH1-A"), "sys_id");
  const std::string bytes("a\0b\xff", 4);
  const Answer sent =
      call("POST", cat("/api/now/attachment/file?table_name=incident&file_name=p.pcap&table_sys_id=", id), bytes,
           "application/vnd.tcpdump.pcap");
  EXPECT_EQ(sent.status, 201);
  const Json listed =
      json("GET", cat("/api/now/attachment?sysparm_query=table_name=incident%5Etable_sys_id=", id))["result"];
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["hash"], hex(sha256(bytes)));
  EXPECT_EQ(listed[0]["size_bytes"], "4");
  EXPECT_EQ(call("GET", cat("/api/now/attachment/", text_at(listed[0], "sys_id"), "/file")).body, bytes);
}

TEST_F(DeskTest, WithoutTheRightLoginNothingIsTold) {
  create("EXH1-A");
  const Answer answer = wire.ask("GET", "/api/now/table/incident", "Authorization: Basic eDp5\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(answer.body, Not(HasSubstr("EXH1-A")));
}

TEST_F(DeskTest, FieldsThatDoNotExistAreDroppedInSilence) {
  const Json made = json("POST", "/api/now/table/incident", R"({"no_such":"x","number":"mine"})")["result"];
  EXPECT_FALSE(made.contains("no_such"));
  EXPECT_EQ(made["number"], "INC0010001");
}

TEST_F(DeskTest, StoreThenFaultsStoreAndTellSomethingElse) {
  struct Case {
    const char *order, *body;
    int status;
  };
  for (const auto& [order, body, status] :
       {Case{"store-then-500", "error", 500}, Case{"store-then-502", "html", 502}, Case{"store-then-302", "html", 302},
        Case{"store-then-200-html", "html", 200}}) {
    misbehave(order);
    const Answer answer = call("POST", "/api/now/table/incident", R"({"correlation_id":"EXH1-A"})");
    EXPECT_EQ(answer.status, status) << order;
    EXPECT_THAT(answer.body, HasSubstr(body)) << order;
  }
  EXPECT_EQ(json("GET", "/api/now/table/incident")["result"].size(), 4U);
}

TEST_F(DeskTest, AResetOfAReusedConnectionSparesTheFirstRequest) {
  misbehave("store-then-reset:reused=true");
  EXPECT_EQ(call("POST", "/api/now/table/incident", "{}").status, 201);
  EXPECT_EQ(call("POST", "/api/now/table/incident", "{}").status, -1);
  Wire fresh(server.port());
  const Answer all = fresh.ask("GET", "/sim/tickets");
  EXPECT_EQ(parse_json(all.body)->at("tickets").size(), 2U);
}

TEST_F(DeskTest, AnInterimAnswerIsAllThatComes) {
  misbehave("store-then-100-continue");
  EXPECT_EQ(call("POST", "/api/now/table/incident", "{}").status, 100);
}

TEST_F(DeskTest, SearchesLieOnRequest) {
  create("EXH1-A");
  misbehave("wrong-correlation-id:times=1");
  misbehave("all-rows:times=1");
  const std::string query = "/api/now/table/incident?sysparm_query=correlation_id=EXH1-Q";
  EXPECT_EQ(json("GET", query)["result"][0]["correlation_id"], "EXH1-AX");
  EXPECT_EQ(json("GET", query)["result"][0]["correlation_id"], "EXH1-A");
  EXPECT_EQ(json("GET", query)["result"].size(), 0U);
}

TEST_F(DeskTest, TheFirewallRefusesOnlyWhatItMatchesAndStoresNothing) {
  misbehave("waf-403-html:match=/etc/passwd");
  EXPECT_EQ(call("POST", "/api/now/table/incident", R"({"description":"cat /etc/passwd"})").status, 403);
  EXPECT_EQ(call("POST", "/api/now/table/incident", R"({"description":"short"})").status, 201);
}

TEST_F(DeskTest, ControlOrdersAFaultAfterSomeCalls) {
  const Answer ordered = wire.ask("POST", "/sim/misbehave", {}, R"({"mode":"429","on":"create","times":1,"after":1})");
  EXPECT_EQ(ordered.status, 200);
  EXPECT_EQ(call("POST", "/api/now/table/incident", "{}").status, 201);
  const Answer limited = call("POST", "/api/now/table/incident", "{}");
  EXPECT_EQ(limited.status, 429);
  EXPECT_THAT(limited.head, HasSubstr("Retry-After: 2"));
  EXPECT_EQ(wire.ask("POST", "/sim/misbehave", {}, R"({"mode":"sulk"})").status, 400);
}

TEST_F(DeskTest, TheCustomersPageHoldsNeitherWorkNotesNorAttachments) {
  create("EXH1-A");
  EXPECT_THAT(wire.ask("GET", "/ticket/INC0010001?as=analyst").body, HasSubstr("Work notes"));
  EXPECT_THAT(wire.ask("GET", "/ticket/INC0010001?as=customer").body, Not(HasSubstr("Work notes")));
  EXPECT_THAT(wire.ask("GET", "/").body, HasSubstr("INC0010001"));
}

TEST(DeskPages, OnlyWebAddressesBecomeLinksAndNothingForeignIsMarkup) {
  EXPECT_EQ(
      linked_html("<b> javascript:x https://e.example/e/k\"2 http"),
      "&lt;b&gt; javascript:x <a rel=\"noreferrer noopener\" href=\"https://e.example/e/k\">https://e.example/e/k</a>"
      "&quot;2 http");
}

}  // namespace
}  // namespace exhibit::sim
