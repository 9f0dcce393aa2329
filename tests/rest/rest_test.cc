#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "adapters/rest/neutralise.h"
#include "adapters/rest/rest_judge.h"
#include "adapters/rest/rest_link.h"
#include "adapters/rest/rest_request.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Profile servicenow() {
  std::ifstream file(cat(EXHIBIT_SOURCE_DIR, "/adapters/rest/profiles/servicenow.json"));
  const Result<Profile> profile = parse_profile(std::string(std::istreambuf_iterator<char>(file), {}));
  EXPECT_TRUE(profile) << (profile ? "" : profile.error().text);
  return profile ? *profile : Profile();
}

HttpAnswer json(int status, std::string body) {
  return {
      .rc = EXH_OK, .status = status, .retry_after_ms = 0, .content_type = "application/json", .body = std::move(body)};
}

Session session(Session::Ask ask) {
  return Session(std::move(ask), Login(), std::make_shared<TokenBox>(), [] { return std::int64_t{0}; });
}

class RestTest : public ::testing::Test {
 protected:
  [[nodiscard]] Prepared ready() const { return prepare(profile, {.base = "https://desk.example"}, op); }
  [[nodiscard]] const Request& first(std::string_view name) const { return profile.find(name)->requests.front(); }
  [[nodiscard]] HttpRequest request(std::string_view name) const {
    const Prepared made = ready();
    return request_of(profile, first(name), made.values, made.fields_json);
  }
  [[nodiscard]] Verdict write(std::string_view name, const HttpAnswer& answer) const {
    return judge_step(profile, first(name), ready().values, answer);
  }
  [[nodiscard]] Verdict search(std::string_view name, const HttpAnswer& answer) const {
    return judge_search(profile, first(name), ready().values, answer);
  }

  const Profile profile = servicenow();
  OpText op{
      .op_id = "d-1",
      .correlation_id = "EXH1-A",
      .ticket = "77aa",
      .body_json =
          R"({"title":"t","public_text":"p","internal_text":"i","priority":1,"fields":{"company":"c","description":"x"}})",
      .name = "a b.pcap",
      .mime = "application/vnd.tcpdump.pcap",
      .sha256 = "99",
      .bytes = 4};
};

TEST_F(RestTest, ACreateHoldsTheTextsTheIdAndTheTenantsFieldsButNotAgainstTheProfile) {
  EXPECT_EQ(
      request("create").body,
      R"({"company":"c","correlation_display":"Exhibit","correlation_id":"EXH1-A","description":"p","impact":"1",)"
      R"("short_description":"t","urgency":"1","work_notes":"i"})");
}

TEST_F(RestTest, ValuesCannotLeaveTheirPlaceInTheAddress) {
  op.ticket = "../../x?y=1&z^";
  EXPECT_EQ(request("note").target,
            "/api/now/table/incident/..%2F..%2Fx%3Fy%3D1%26z%5E?sysparm_fields=sys_id%2Cnumber");
  EXPECT_THAT(request("attach").target, HasSubstr("file_name=a%20b.pcap"));
}

TEST_F(RestTest, ANoteCarriesAMarkThatIsTheSameOnEveryAttempt) {
  op.body_json = R"({"text":"ready"})";
  EXPECT_EQ(request("note").body, cat(R"({"work_notes":"ready\nRef )", mark_of("d-1"), "\"}"));
  op.body_json = R"({"text":"ready","public":true})";
  EXPECT_THAT(request("note").body, HasSubstr(R"({"comments":"ready)"));
  EXPECT_EQ(mark_of("d-1").size(), 22U);
  EXPECT_NE(mark_of("d-1"), mark_of("d-2"));
}

TEST_F(RestTest, NoTextCanOpenTheDesksMarkForHtml) {
  op.body_json = R"({"title":"[code]t","public_text":"[/CODE]","internal_text":"a [ Code ]<b>[/ code\t] z"})";
  const std::string body = request("create").body;
  EXPECT_THAT(body, HasSubstr(R"x("short_description":"(code)t")x"));
  EXPECT_THAT(body, HasSubstr(R"x("description":"(code)")x"));
  EXPECT_THAT(body, HasSubstr(R"x("work_notes":"a (code)<b>(code) z")x"));
  op.body_json = R"({"text":"[code]<script>"})";
  EXPECT_THAT(request("note").body, HasSubstr(R"x("(code)<script>)x"));
}

TEST(Neutralised, EverySpellingOfAMarkBecomesPlainAndOtherTextStays) {
  const std::vector<std::string> tags = {"code"};
  for (const char* mark :
       {"[code]", "[/code]", "[CoDe]", "[ code ]", "[\tcode\n]", "[ / code]", "\uFF3Bcode\uFF3D", "[code\uFF3D",
        "\uFF3B/CODE]", "[\u00A0code]", "[\u3000code]", "[\uFF0Fcode]", "[\uFF43\uFF2F\uFF44\uFF45]"})
    EXPECT_EQ(neutralised(cat("a", mark, "b"), tags), "a(code)b") << mark;
  for (const char* plain :
       {"", "[", "[code", "code]", "[codes]", "[co de]", "[[x]", "a[.]example", "[/]", "\uFF3B", "[\u0441ode]", "\xEF"})
    EXPECT_EQ(neutralised(plain, tags), plain);
  EXPECT_EQ(neutralised("[[code]code]", tags), "[(code)code]");
  EXPECT_EQ(neutralised("[code]", {}), "[code]");
}

TEST_F(RestTest, OnlyAnAnswerThatProvesItIsDone) {
  EXPECT_EQ(write("create", json(201, R"({"result":{"sys_id":"1","number":"N","correlation_id":"EXH1-A"}})")).rc,
            EXH_OK);
  for (const char* unproven :
       {"{}", "", "[]", "<html>", R"({"result":{"sys_id":"1"}})", R"({"result":{"correlation_id":"EXH1-A"}})",
        R"({"result":{"sys_id":"1","correlation_id":"exh1-a"}})", R"({"result":[]})"})
    EXPECT_EQ(write("create", json(201, unproven)).rc, EXH_UNKNOWN) << unproven;
}

TEST_F(RestTest, EachStatusHasItsMeaning) {
  struct Case {
    int status;
    exh_rc rc;
  };
  for (const auto& [status, rc] :
       {Case{400, EXH_REJECTED}, Case{401, EXH_DENIED}, Case{403, EXH_DENIED}, Case{404, EXH_GONE},
        Case{405, EXH_DENIED}, Case{408, EXH_UNKNOWN}, Case{409, EXH_UNKNOWN}, Case{413, EXH_REJECTED},
        Case{415, EXH_REJECTED}, Case{429, EXH_RETRY}, Case{500, EXH_UNKNOWN}, Case{502, EXH_UNKNOWN},
        Case{503, EXH_UNKNOWN}, Case{302, EXH_UNKNOWN}, Case{204, EXH_UNKNOWN}})
    EXPECT_EQ(write("note", json(status, R"({"error":{"message":"m"}})")).rc, rc) << status;
}

TEST_F(RestTest, AFirewallsPageIsARefusalOfTheContent) {
  HttpAnswer page{.rc = EXH_OK, .status = 403, .retry_after_ms = 0, .content_type = "text/html", .body = "<html>"};
  const Verdict verdict = write("create", page);
  EXPECT_EQ(verdict.rc, EXH_REJECTED);
  EXPECT_EQ(verdict.cause, "content-refused");
}

TEST_F(RestTest, ASearchCountsOnlyRowsThatAreEqualByteForByte) {
  EXPECT_EQ(search("find", json(200, R"({"result":[]})")).rc, EXH_ABSENT);
  EXPECT_EQ(search("find", json(404, R"({"error":{}})")).rc, EXH_ABSENT);
  const Verdict two = search(
      "find",
      json(200, R"({"result":[{"sys_id":"1","correlation_id":"EXH1-A"},{"sys_id":"2","correlation_id":"EXH1-A"}]})"));
  EXPECT_EQ(two.rc, EXH_OK);
  EXPECT_EQ(two.matches, 2U);
  EXPECT_EQ(two.ticket, "1");
  for (const char* no_answer :
       {R"({"result":[{"sys_id":"1","correlation_id":"EXH1-B"}]})", R"({"result":{}})", "x", R"({"result":[1]})"})
    EXPECT_EQ(search("find", json(200, no_answer)).rc, EXH_RETRY) << no_answer;
  EXPECT_EQ(search("find", json(500, "{}")).rc, EXH_RETRY);
  EXPECT_EQ(search("find", json(401, "{}")).rc, EXH_DENIED);
}

TEST_F(RestTest, AnAttachmentIsTheSameOnlyWithNameSizeAndHash) {
  const auto row = [](const char* name, const char* size, const char* hash) {
    return cat(R"({"table_sys_id":"77aa","file_name":")", name, R"(","size_bytes":")", size, R"(","hash":")", hash,
               "\"}");
  };
  EXPECT_EQ(search("find_attachment",
                   json(200, cat(R"({"result":[)", row("other", "4", "99"), ",", row("a b.pcap", "4", "99"), "]}")))
                .rc,
            EXH_OK);
  for (const std::string& other : {row("a b.pcap", "5", "99"), row("a b.pcap", "4", "98"), row("b", "4", "99")})
    EXPECT_EQ(search("find_attachment", json(200, cat(R"({"result":[)", other, "]}"))).rc, EXH_ABSENT) << other;
}

TEST_F(RestTest, ADeskThatDropsTheIdIsStoppedInsteadOfGettingASecondTicket) {
  std::vector<std::string> asked;
  RestLink link(profile, {.base = "https://desk.example"}, session([&](const HttpRequest& request) {
                  asked.push_back(request.method);
                  return request.method == "GET" ? json(200, R"({"result":[]})")
                                                 : json(201, R"({"result":{"sys_id":"1","number":"N"}})");
                }));
  const Verdict verdict = link.ensure(op);
  EXPECT_EQ(verdict.rc, EXH_DENIED);
  EXPECT_EQ(verdict.cause, "correlation-not-kept");
  EXPECT_THAT(asked, ElementsAre("GET", "GET", "POST"));
}

TEST(Profile, AMistakeIsNamedWithItsPlace) {
  const auto mistake = [](std::string_view json) { return parse_profile(json).error().text; };
  EXPECT_THAT(mistake(R"({"operations":{}})"), HasSubstr("at its top: needs a profile"));
  EXPECT_THAT(mistake(R"({"profile":"x"})"), HasSubstr("has no operations"));
  EXPECT_THAT(mistake(R"({"profile":"x","operations":{"find":{}}})"), HasSubstr("operations/find: needs a method"));
  EXPECT_THAT(mistake(R"({"profile":"x","operations":{"note":[{"method":"GET","path":"/","equal":{}}]}})"),
              HasSubstr("operations/note/0: unknown member 'equal'"));
  EXPECT_THAT(mistake(R"({"profile":"x","operations":{"note":{"method":"PUT","path":"/","matches":{"/a":"("}}}})"),
              HasSubstr("operations/note/matches//a: is no regular expression"));
  EXPECT_THAT(mistake(R"({"profile":"x","values":{"a":1},"operations":{}})"), HasSubstr("values/a: must be a text"));
  EXPECT_FALSE(parse_profile("["));
}

}  // namespace
}  // namespace exhibit::rest
