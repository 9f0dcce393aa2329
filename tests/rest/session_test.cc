#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/rest/rest_body.h"
#include "adapters/rest/rest_preview.h"
#include "adapters/rest/rest_refusal.h"
#include "adapters/rest/rest_request.h"
#include "adapters/rest/rest_session.h"
#include "adapters/rest/rest_time.h"
#include "base/base64.h"
#include "base/json.h"
#include "exhibit/adapter.h"

namespace exhibit::rest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

HttpAnswer said(int status, std::string body, Headers headers = {}) {
  return {.rc = EXH_OK,
          .status = status,
          .retry_after_ms = 0,
          .content_type = "application/json",
          .body = std::move(body),
          .headers = std::move(headers),
          .at_s = 1'000'000};
}

Login login_of(const char* json) { return *read_login(*parse_json(json)); }

std::string authorization_of(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers)
    if (name == "Authorization") return value;
  return {};
}

class OAuthTest : public ::testing::Test {
 protected:
  /// A desk and a token server in one: each token is good until `refused` names it.
  Session session(const char* login) {
    return Session(
        [this](const HttpRequest& request) {
          if (request.target != "https://id.example/token") {
            asked.push_back(authorization_of(request));
            return asked.back() == refused ? said(401, "{}") : said(200, "{}");
          }
          forms.push_back(request.body);
          if (refusing) return said(400, R"({"error":"invalid_grant"})");
          const std::string number = std::to_string(++tokens);
          return said(
              200, cat(R"({"access_token":"t)", number, R"(","refresh_token":"r)", number, R"(","expires_in":600})"));
        },
        login_of(login), box, [this] { return now; });
  }
  HttpAnswer ask(Session& one) {
    return one.ask(profile, {.method = "GET", .target = "/x", .content_type = {}, .body = {}});
  }

  static constexpr const char* client =
      R"({"login":{"oauth2":{"grant":"client_credentials","token_url":"https://id.example/token","client_id":"c&d","client_secret":"s3cret"}}})";
  const Profile profile;
  std::shared_ptr<TokenBox> box = std::make_shared<TokenBox>();
  std::vector<std::string> asked, forms;
  std::string refused;
  bool refusing = false;
  int tokens = 0;
  std::int64_t now = 100;
};

TEST_F(OAuthTest, OneTokenServesManyRequestsAndLinks) {
  Session one = session(client), other = session(client);
  ask(one);
  ask(one);
  ask(other);
  EXPECT_THAT(asked, ElementsAre("Bearer t1", "Bearer t1", "Bearer t1"));
  EXPECT_THAT(forms, ElementsAre("grant_type=client_credentials&client_id=c%26d&client_secret=s3cret"));
}

TEST_F(OAuthTest, ATokenIsRefreshedBeforeItEnds) {
  Session one = session(client);
  ask(one);
  now += 539;
  ask(one);
  EXPECT_EQ(tokens, 1);
  now += 2;  // A tenth before its end.
  ask(one);
  EXPECT_EQ(tokens, 2);
  EXPECT_THAT(forms[1], HasSubstr("grant_type=refresh_token"));
  EXPECT_THAT(forms[1], HasSubstr("refresh_token=r1"));
}

TEST_F(OAuthTest, ARefusedTokenCostsExactlyOneNewLogin) {
  Session one = session(client);
  ask(one);
  refused = "Bearer t1";
  EXPECT_EQ(ask(one).status, 200);
  EXPECT_THAT(asked, ElementsAre("Bearer t1", "Bearer t1", "Bearer t2"));
  refused = "Bearer t2";
  tokens = 1;  // The server hands out t2 once more.
  EXPECT_EQ(ask(one).status, 401);
  EXPECT_EQ(forms.size(), 3U);
}

TEST_F(OAuthTest, ARefusedLoginIsDeniedAndNothingIsSent) {
  refusing = true;
  Session one = session(client);
  const HttpAnswer answer = ask(one);
  EXPECT_EQ(answer.rc, EXH_DENIED);
  EXPECT_THAT(answer.body, HasSubstr("invalid_grant"));
  EXPECT_TRUE(asked.empty());
}

TEST(Auth, TheFirstWayWhoseNeedsAreMetIsTaken) {
  const auto header = [](const Profile& profile, const char* login) {
    const auto made = authorize(profile, login_of(login), "");
    return made && !made->headers.empty() ? made->headers[0].first + ": " + made->headers[0].second
                                          : std::string("none");
  };
  const Profile plain;
  EXPECT_EQ(header(plain, R"({"login":{"token":"abc"}})"), "Authorization: Bearer abc");
  EXPECT_EQ(header(plain, R"({"login":{"user":"u","password":"p"}})"), "Authorization: Basic dTpw");
  EXPECT_EQ(header(plain, R"({"login":{"headers":{"X-Key":"k"}}})"), "X-Key: k");
  EXPECT_EQ(header(plain, "{}"), "none");
  EXPECT_EQ(authorize(plain, login_of(R"({"login":{"password":"only"}})"), "").error().code, Errc::denied);
  Profile composed;
  composed.auth = {{.needs = {"user", "company"},
                    .headers = {},
                    .user = "{company}+{user}",
                    .password = "{password}",
                    .values = {}}};
  EXPECT_EQ(header(composed, R"({"company":"c","login":{"user":"u","password":"p"}})"),
            "Authorization: Basic Yyt1OnA=");
}

TEST(Auth, ASecretThatADeskRepeatsIsTakenOut) {
  const Login login = login_of(R"({"login":{"user":"exhibit","password":"hunter22"}})");
  EXPECT_EQ(without_secrets("you said hunter22 and hunter22", login), "you said [secret] and [secret]");
  EXPECT_THAT(without_secrets("Basic ZXhoaWJpdDpodW50ZXIyMg==", login), Not(HasSubstr("ZXhoaWJp")));
}

TEST(Rate, EachKindOfHeaderBecomesAWait) {
  const auto wait = [](RateHeader::Kind kind, const char* value) {
    Profile profile;
    profile.rate = {{.kind = kind, .header = "X-Reset"}};
    return refused(profile, {}, said(429, "{}", {{"x-reset", value}})).retry_after_ms;
  };
  EXPECT_EQ(wait(RateHeader::Kind::seconds_left, "12"), 12'000U);
  EXPECT_EQ(wait(RateHeader::Kind::epoch_s, "1000030"), 30'000U);
  EXPECT_EQ(wait(RateHeader::Kind::epoch_s, "5"), 1'000U);
  EXPECT_EQ(wait(RateHeader::Kind::epoch_s, "99999999999"), 3'600'000U);
  EXPECT_EQ(wait(RateHeader::Kind::iso8601, "1970-01-12T13:47:20.000Z"), 40'000U);
  EXPECT_EQ(wait(RateHeader::Kind::http_date, "Mon, 12 Jan 1970 13:46:50 GMT"), 10'000U);
  EXPECT_EQ(wait(RateHeader::Kind::iso8601, "soon"), 0U);
}

TEST(Time, IsReadWithItsZone) {
  EXPECT_EQ(parse_time("2026-11-22T02:12:41Z"), 1795313561);
  EXPECT_EQ(parse_time("2026-11-22 02:12:41"), 1795313561);
  EXPECT_EQ(parse_time("2026-11-22T03:12:41.123+0100"), 1795313561);
  EXPECT_EQ(parse_time("2026-11-21T21:12:41-05:00"), 1795313561);
  for (const char* none : {"", "2026-11-22", "2026-13-22T02:12:41Z", "x026-11-22T02:12:41Z", "2026-11-22T02:12:41+1"})
    EXPECT_FALSE(parse_time(none)) << none;
}

std::int64_t read_text(void* ctx, std::uint64_t offset, void* buffer, std::size_t capacity) {
  const auto& text = *static_cast<const std::string*>(ctx);
  const std::string piece = text.substr(static_cast<std::size_t>(offset), capacity);
  piece.copy(static_cast<char*>(buffer), piece.size());
  return static_cast<std::int64_t>(piece.size());
}

/// Read in pieces of every small size, from every place.
TEST(RestBody, IsTheSameInPiecesOfEverySize) {
  for (std::size_t size = 0; size < 11; ++size) {
    std::string evidence = std::string("\x00\xFF\xD4\xC3 evidence", 12).substr(0, size);
    exh_blob blob{};
    blob.length = evidence.size();
    blob.ctx = &evidence;
    blob.read = read_text;
    for (const bool base64 : {false, true}) {
      const RestBody body("<before>", &blob, base64, "<after>");
      const std::string whole = cat("<before>", base64 ? encode_base64(as_bytes(evidence)) : evidence, "<after>");
      ASSERT_EQ(body.blob()->length, whole.size());
      for (std::size_t step = 1; step < 9; ++step) {
        std::string got(whole.size() + 9, '?');
        std::size_t at = 0;
        while (const auto read = body.blob()->read(body.blob()->ctx, at, got.data() + at, step))
          at += static_cast<std::size_t>(read);
        EXPECT_EQ(got.substr(0, at), whole) << size << base64 << step;
      }
    }
  }
}

TEST(Request, AMultipartBodyKeepsItsOrderAndNoNameBreaksOut) {
  const auto profile = parse_profile(
      R"({"profile":"x","repeatable":true,"operations":{"create":{"method":"POST","path":"/","equals":{"/a":"b"}},
      "note":{"method":"POST","path":"/n","status":[202],
      "multipart":[{"name":"kind","text":"{ticket}"},{"name":"data","json":{"a":"{ticket}"},"type":"application/json"},
      {"name":"file","filename":"{name}","type":"{mime}","evidence":true},{"name":"last","text":"z"}]}}})");
  ASSERT_TRUE(profile) << profile.error().text;
  const HttpRequest made = request_of(*profile, profile->find("note")->requests[0],
                                      {{"ticket", "7"}, {"name", "a\"\r\nX: y.pcap"}, {"mime", "a/b\r\nX: y"}}, "{}");
  EXPECT_THAT(made.body, HasSubstr("name=\"kind\"\r\n\r\n7\r\n--"));
  EXPECT_LT(made.body.find("name=\"kind\""), made.body.find("name=\"data\""));
  EXPECT_THAT(made.body, HasSubstr("{\"a\":\"7\"}"));
  EXPECT_THAT(made.body, HasSubstr("filename=\"a%22%0D%0AX: y.pcap\"\r\nContent-Type: a/b  X: y\r\n\r\n"));
  EXPECT_TRUE(made.body.ends_with("\r\n\r\n"));
  EXPECT_EQ(made.evidence, EvidenceAs::raw);
  EXPECT_TRUE(made.tail.starts_with("\r\n--exhibit-"));
  EXPECT_THAT(made.tail, HasSubstr("name=\"last\"\r\n\r\nz\r\n"));
  EXPECT_TRUE(made.tail.ends_with("--\r\n"));
}

TEST(Preview, ShowsTheRequestsAndNeverTheKeyInTheirBody) {
  const auto profile = parse_profile(
      R"({"profile":"x","repeatable":true,"operations":{
      "create":{"method":"POST","path":"/","body":{"key":"{auth.key}","t":"{title}"},"equals":{"/a":"b"}},
      "note":{"method":"POST","path":"/n","status":[202]}}})");
  ASSERT_TRUE(profile) << profile.error().text;
  OpText op;
  op.body_json = R"({"title":"hello"})";
  const std::string shown =
      preview_json(*profile, {.base = "https://x", .auth = {{"key", "s3cret"}}}, EXH_OP_ENSURE, op);
  EXPECT_THAT(shown, HasSubstr("hello"));
  EXPECT_THAT(shown, HasSubstr("[secret]"));
  EXPECT_THAT(shown, Not(HasSubstr("s3cret")));
}

TEST(Template, TreesDropWhatIsEmptyAndMakeNumbersWhereTheyAreWanted) {
  const Values values = {{"n", "5"}, {"t", "x\"'"}, {"tree", R"({"type":"doc"})"}, {"name", "cf_1"}};
  const auto made = [&](const char* pattern) {
    const auto json = instantiated(*parse_json(pattern), values);
    return json ? json->dump() : std::string("nothing");
  };
  EXPECT_EQ(made(R"({"a":{"b":"{none}"},"c":["{none}","{t}"]})"), R"({"c":["x\"'"]})");
  EXPECT_EQ(made(R"({"a":{"$number":"{n}"},"b":{"$number":"{t}"},"c":{"$bool":"true"},"d":{"$text":"{none}"}})"),
            R"({"a":5,"c":true,"d":""})");
  EXPECT_EQ(made(R"({"{name}":{"$json":"{tree}"}})"), R"({"cf_1":{"type":"doc"}})");
  EXPECT_EQ(filled("'CF.{{{t|sql}}}' {t|quoted}", values), R"('CF.{x"\'}' x\"')");
}

}  // namespace
}  // namespace exhibit::rest
