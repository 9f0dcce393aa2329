#include "web/site.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/sha256.h"
#include "base/text.h"
#include "tests/web/site_fixture.h"

namespace exhibit::web {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

TEST_F(SiteTest, WithoutASessionEveryIdGetsTheSameRedirect) {
  for (const LinkId& id : {link, foreign, test::link_of("unknown")})
    for (const std::string_view end : {"", "/state", "/packets", "/capture/0"}) {
      const std::string path = cat("/e/", id.text, end);
      const Response answer = get(path);
      EXPECT_EQ(answer.status, 303);
      EXPECT_EQ(answer.body, "");
      EXPECT_THAT(answer.headers, ElementsAre(Pair("Location", "/sign-in?to=" + percent_encoded(path))));
    }
  EXPECT_EQ(get("/e/x").status, 303);
  EXPECT_EQ(ask({.method = "POST", .path = at + "/fetch"}).status, 303);
  EXPECT_THAT(acme->log(), IsEmpty());
}

TEST_F(SiteTest, SignInLeadsBackToTheLinkAndNowhereElse) {
  EXPECT_EQ(header(sign_in("kim", "correct horse", at + "?capture=0&packet=3"), "Location"),
            at + "?capture=0&packet=3");
  for (const std::string_view bad :
       {"//evil.example", "https://evil.example/e/", "/\\evil.example", "/e/../../evil", "/e//evil.example",
        "/e/%2e%2e/x", "javascript:alert(1)", "/e/x\r\nSet-Cookie: a=b", "e/x", "/sign-out", "", "/e/x?a=<script>",
        "/e/@evil", " /e/x"})
    EXPECT_EQ(header(sign_in("kim", "correct horse", bad), "Location"), "/") << bad;
}

TEST_F(SiteTest, UnknownAndForeignLinksAreTheSameNotFound) {
  enter();
  const Response unknown = get("/e/" + test::link_of("unknown").text);
  EXPECT_EQ(unknown.status, 404);
  for (const std::string_view end : {"", "/state", "/packets", "/packet", "/capture/0"}) {
    const Response other = get(cat("/e/", foreign.text, end));
    EXPECT_EQ(other.status, 404) << end;
    EXPECT_EQ(other.body, unknown.body) << end;
    EXPECT_EQ(other.headers, unknown.headers) << end;
  }
  EXPECT_EQ(get("/e/short").body, unknown.body);
  EXPECT_THAT(globex->log(), IsEmpty());
  enter("lee");
  EXPECT_EQ(get("/e/" + foreign.text).status, 200);
}

TEST_F(SiteTest, CookiesHaveTheFormThatTheirTransportAllows) {
  EXPECT_THAT(header(sign_in("kim", "correct horse"), "Set-Cookie"),
              testing::MatchesRegex("exhibit_session=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200"));
  make(true);
  EXPECT_THAT(header(sign_in("kim", "correct horse"), "Set-Cookie"),
              testing::MatchesRegex(
                  "__Host-exhibit_session=[0-9a-f]{32}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200"));
}

TEST_F(SiteTest, ASessionEndsAfterItsLifeAndAtSignOut) {
  enter();
  clock.pass(std::chrono::hours{12} - std::chrono::seconds{1});
  EXPECT_EQ(get(at).status, 200);
  clock.pass(std::chrono::seconds{1});
  EXPECT_EQ(get(at).status, 303);
  enter();
  EXPECT_EQ(ask({.method = "POST", .path = "/sign-out", .body = "token=wrong"}).status, 403);
  EXPECT_EQ(get(at).status, 200);
  EXPECT_EQ(ask({.method = "POST", .path = "/sign-out", .body = "token=" + csrf()}).status, 303);
  EXPECT_EQ(get(at).status, 303);
}

TEST_F(SiteTest, AWrongPasswordAndAnUnknownNameAreToldTheSameUntilTheGateCloses) {
  const auto words = [](const Response& r) { return r.body.substr(r.body.find("class=\"problem\""), 80); };
  const Response wrong = sign_in("kim", "no"), unknown = sign_in("nobody", "no");
  EXPECT_EQ(wrong.status, 403);
  EXPECT_EQ(unknown.status, 403);
  EXPECT_EQ(words(wrong), words(unknown));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(sign_in("kim", "no").status, 403);
  EXPECT_EQ(sign_in("kim", "correct horse").status, 429);
  EXPECT_EQ(sign_in("lee", "correct horse").status, 303);
  clock.pass(std::chrono::minutes{5});
  EXPECT_EQ(sign_in("kim", "correct horse").status, 303);
}

TEST_F(SiteTest, TwoTabsMaySignInInAnyOrder) {
  const Response first = get("/sign-in");
  const std::string set = header(first, "Set-Cookie");
  const Response second = ask({.path = "/sign-in", .cookie = set.substr(0, set.find(';'))});
  EXPECT_EQ(second.body, first.body);
  EXPECT_NE(get("/sign-in").body, first.body);
}

TEST_F(SiteTest, NoPostIsTakenWithoutItsToken) {
  const std::string form = cat("user=kim&password=", percent_encoded("correct horse"), "&to=/");
  EXPECT_EQ(ask({.method = "POST", .path = "/sign-in", .body = form}).status, 403);
  enter();
  const std::string token = csrf();
  for (const std::string& body :
       {std::string("capture=0"), std::string("capture=0&token="), "capture=0&token=" + std::string(64, '0')})
    EXPECT_EQ(ask({.method = "POST", .path = at + "/fetch", .body = body}).status, 403);
  const std::string good = "capture=0&token=" + token;
  EXPECT_EQ(ask({.method = "POST", .path = at + "/fetch", .fetch_site = "cross-site", .body = good}).status, 403);
  EXPECT_EQ(ask({.method = "POST", .path = at + "/fetch", .origin = "https://evil.example", .body = good}).status, 403);
  EXPECT_THAT(acme->fetched, IsEmpty());
  EXPECT_EQ(ask({.method = "POST", .path = at + "/fetch", .origin = "null", .body = good}).status, 303);
  EXPECT_THAT(acme->fetched, ElementsAre(HasSubstr("by user:kim")));
  EXPECT_THAT(acme->log(), Contains(HasSubstr("user:kim fetch-asked ")));
}

TEST_F(SiteTest, TheLedgerIsWrittenBeforeAnyByteIsRead) {
  acme->seal(link, test::phf_capture(0));
  enter();
  const std::size_t before = acme->log().size();
  for (const std::string_view path : {"", "/packets", "/packet", "/capture/0"}) {
    const std::size_t from = acme->log().size();
    ASSERT_EQ(get(at + std::string(path), "capture=0&n=4").status, 200) << path;
    ASSERT_GT(acme->log().size(), from) << path;
    EXPECT_THAT(acme->log()[from], HasSubstr("user:kim ")) << path;
  }
  EXPECT_THAT(acme->log(), Contains(HasSubstr("user:kim downloaded ")));
  EXPECT_GT(acme->log().size(), before + 4);
}

TEST_F(SiteTest, WhenTheLedgerRefusesNothingIsShown) {
  acme->seal(link, test::phf_capture(0));
  enter();
  acme->ledger_refuses = true;
  for (const std::string_view path : {"", "/state", "/packets", "/packet", "/capture/0"}) {
    const Response answer = get(at + std::string(path), "capture=0&n=4");
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_EQ(answer.file, nullptr);
    EXPECT_THAT(answer.body, Not(HasSubstr("phf"))) << path;
  }
  EXPECT_THAT(acme->log(), Not(Contains(HasSubstr("read "))));
}

TEST_F(SiteTest, AnOpenPageIsWrittenDownOnceAndAgainWhenItShowsMore) {
  enter();
  (void)get(at);
  const std::size_t seen = acme->log().size();
  const Response first = get(at + "/state");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(ask({.path = at + "/state", .if_none_match = header(first, "ETag")}).status, 304);
  EXPECT_EQ(acme->log().size(), seen);
  acme->seal(link, test::phf_capture(0));
  const Response second = ask({.path = at + "/state", .if_none_match = header(first, "ETag")});
  EXPECT_EQ(second.status, 200);
  EXPECT_THAT(second.body, HasSubstr("Yes: HTTP 404"));
  EXPECT_EQ(acme->log().size(), seen + 1);
}

TEST_F(SiteTest, ADownloadGivesTheSealedBytesWholeOrOneRange) {
  const Bytes file = test::phf_capture(0);
  acme->seal(link, file);
  enter();
  const std::string path = at + "/capture/0", hash = hex(sha256(file)), size = cat(file.size());
  const Response whole = get(path);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.content_type, "application/vnd.tcpdump.pcap");
  Bytes given(file.size() + 1);
  given.resize(static_cast<std::size_t>(::pread(whole.file->get(), given.data(), given.size(), 0)));
  EXPECT_EQ(given, file);
  EXPECT_EQ(whole.count, file.size());
  EXPECT_EQ(header(whole, "ETag"), cat("\"", hash, "\""));
  EXPECT_EQ(header(whole, "Content-Disposition"),
            cat("attachment; filename=\"acme-acme-ips1-1734556221-", hash.substr(0, 12), ".pcap\""));
  const Response part = ask({.path = path, .range = "bytes=24-39"});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.from, 24U);
  EXPECT_EQ(part.count, 16U);
  EXPECT_EQ(header(part, "Content-Range"), "bytes 24-39/" + size);
  EXPECT_EQ(ask({.path = path, .range = "bytes=0-1,4-5"}).status, 200);
  EXPECT_EQ(ask({.path = path, .range = "bytes=24-39", .if_range = "\"other\""}).status, 200);
  const Response bad = ask({.path = path, .range = "bytes=" + size + "-"});
  EXPECT_EQ(bad.status, 416);
  EXPECT_EQ(bad.file, nullptr);
  EXPECT_EQ(header(bad, "Content-Range"), "bytes */" + size);
  EXPECT_EQ(ask({.path = path, .if_none_match = cat("\"", hash, "\"")}).status, 304);
}

TEST_F(SiteTest, ADamagedFileIsSaidAndNeverShown) {
  acme->seal(link, test::phf_capture(0));
  acme->files().damaged = true;
  enter();
  const Response page = get(at);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, AllOf(HasSubstr("is damaged"), Not(HasSubstr("packet-list"))));
  const Response file = get(at + "/capture/0");
  EXPECT_EQ(file.status, 500);
  EXPECT_THAT(file.body, HasSubstr("no longer match their hash"));
  EXPECT_THAT(acme->log(), Contains(HasSubstr("exhibit found-damaged")));
}

TEST_F(SiteTest, AFilterWorksOrSaysWhyNot) {
  acme->seal(link, test::phf_capture(3));
  enter();
  const auto rows = [&](const std::string& filter) {
    const std::string body = get(at + "/packets", "capture=0&filter=" + percent_encoded(filter)).body;
    std::size_t count = 0;
    for (std::size_t i = body.find("data-packet"); i != std::string::npos; i = body.find("data-packet", i + 1)) ++count;
    return count;
  };
  EXPECT_EQ(rows(""), 13U);
  EXPECT_EQ(rows("tcp port 40112"), 7U);
  EXPECT_EQ(rows("udp"), 0U);
  const Response bad = get(at + "/packets", "capture=0&filter=tcp%20and%20and");
  EXPECT_EQ(bad.status, 200);
  EXPECT_THAT(bad.body, HasSubstr("The filter does not work"));
  EXPECT_EQ(get(at + "/packet", "capture=0&n=99").status, 404);
  EXPECT_EQ(get(at + "/packets", "capture=7").status, 404);
  EXPECT_EQ(get(at + "/capture/7").status, 404);
}

TEST_F(SiteTest, TheFirstViewSaysEverythingBeforeTheCaptureIsThere) {
  enter();
  const std::string body = get(at).body;
  for (const std::string_view said :
       {"192.0.2.10 asked 198.51.100.20 for /cgi-bin/phf", "Blocked: none reported.", "Recording", "Not yet known",
        "Expected about 02:13:15 UTC", "Safe until", "Sun 22 Nov 2026 02:12:41.123 UTC", "3200/0 WWW phf", "INC0012345",
        "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE", "Cookie: sid=0123456789ab", "acme-ips1", "2: high and risk 85",
        "&lt;evIdsAlert eventId="})
    EXPECT_THAT(body, HasSubstr(said));
  EXPECT_THAT(body, AllOf(Not(HasSubstr("Fetch now")), Not(HasSubstr("<script>")), Not(HasSubstr("style="))));
}

TEST_F(SiteTest, ACaptureOnDemandIsFetchedByAButton) {
  PageRows& rows = acme->incidents[link];
  rows.captures[0].on_demand = rows.view.captures[0].on_demand = true;
  enter();
  EXPECT_THAT(get(at).body,
              AllOf(HasSubstr("On demand"), HasSubstr("Fetch now"), Not(HasSubstr("fills in by itself"))));
}

TEST_F(SiteTest, ALostCaptureSaysCauseProofAndWhatIsLeft) {
  PageRows& rows = acme->incidents[link];
  rows.captures[0].state = rows.view.captures[0].state = CaptureState::lost;
  rows.view.captures[0].cause = CaptureCause::overwritten;
  rows.view.captures[0].proof = {"acme-ips1 said errNotFound"};
  enter();
  const std::string body = get(at).body;
  for (const std::string_view said : {"Lost", "verwritten on the sensor", "acme-ips1 said errNotFound",
                                      "web log of 198.51.100.20", "Cannot be told from packets"})
    EXPECT_THAT(body, HasSubstr(said));
}

TEST_F(SiteTest, WrongMethodsAndOtherAddressesAreRefused) {
  EXPECT_EQ(get("/health").body, "ok\n");
  EXPECT_EQ(get("/e").status, 404);
  EXPECT_EQ(get("/etc/passwd").status, 404);
  EXPECT_EQ(get("/assets/nothing.css").status, 404);
  EXPECT_EQ(ask({.method = "POST", .path = "/health"}).status, 405);
  EXPECT_EQ(get("/sign-out").status, 405);
  enter();
  EXPECT_EQ(ask({.method = "POST", .path = at}).status, 405);
  EXPECT_EQ(get(at + "/fetch").status, 405);
  EXPECT_EQ(get(at + "/capture/0/x").status, 404);
  EXPECT_EQ(get(at + "/nothing").status, 404);
  acme->store_fails = true;
  EXPECT_EQ(get(at).status, 503);
}

Request adoption(std::string token, std::string body) {
  return {.method = "POST", .path = "/api/adopt", .body = std::move(body), .authorization = std::move(token)};
}
const std::string good_order = R"({"tenant":"acme","ticket":"sys9","number":"INC9","sensor":"s1","event_id":"77"})";

TEST_F(SiteTest, AProgramWithATokenSaysToWhichTicketAnAlertBelongs) {
  const Response answer = ask(adoption("Bearer token-of-soar", good_order));
  EXPECT_EQ(answer.status, 202);
  ASSERT_EQ(acme->adopted.size(), 1U);
  EXPECT_EQ(acme->adopted[0].ticket, "sys9");
  EXPECT_EQ(acme->adopted[0].event_id, "77");
  EXPECT_EQ(acme->adopted[0].by, "api:soar");
}

TEST_F(SiteTest, WithoutItsTokenItSaysNothing) {
  for (const char* token : {"", "Bearer wrong", "Bearer ", "Basic token-of-soar", "token-of-soar"})
    EXPECT_EQ(ask(adoption(token, good_order)).status, 401) << token;
  EXPECT_THAT(acme->adopted, IsEmpty());
}

TEST_F(SiteTest, ATokenReachesOnlyItsOwnTenants) {
  const std::string foreign_order = R"({"tenant":"globex","ticket":"sys9","sensor":"s1","event_id":"77"})";
  const Response foreign_answer = ask(adoption("Bearer token-of-soar", foreign_order));
  const Response unknown =
      ask(adoption("Bearer token-of-soar", R"({"tenant":"nobody","ticket":"t","sensor":"s","event_id":"1"})"));
  EXPECT_EQ(foreign_answer.status, 404);
  EXPECT_EQ(foreign_answer.body, unknown.body) << "nor does it learn who else is served";
  EXPECT_THAT(globex->adopted, IsEmpty());
}

TEST_F(SiteTest, AnOrderThatNamesNoAlertIsRefusedWithWhatIsMissing) {
  const Response answer = ask(adoption("Bearer token-of-soar", R"({"tenant":"acme","ticket":"sys9","sensor":"s1"})"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("event_id"));
  EXPECT_EQ(ask(adoption("Bearer token-of-soar", "[]")).status, 400);
  EXPECT_EQ(ask({.path = "/api/adopt", .authorization = "Bearer token-of-soar"}).status, 405);
}

TEST_F(SiteTest, WhatPeopleSayInTheTicketStandsOnThePageAsText) {
  PageRows& rows = acme->incidents[link];
  rows.incident.remote_state = "In Progress";
  rows.comments = {{rows.incident.id, "1", "kim", "<script>alert(1)</script> looked at it", "12:00", false, {}}};
  enter();
  const std::string body = get(at).body;
  EXPECT_THAT(body, HasSubstr("open, In Progress"));
  EXPECT_THAT(body, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; looked at it"));
}

TEST(Scrypt, TheStoredFormIsReadBackAndNothingElseMatches) {
  const std::string stored = scrypt_hash("pässword", Bytes(16, 9));
  EXPECT_THAT(stored, testing::StartsWith("scrypt$32768$8$1$"));
  EXPECT_TRUE(scrypt_matches("pässword", stored));
  EXPECT_FALSE(scrypt_matches("password", stored));
  for (const std::string_view bad : {"", "scrypt$", "scrypt$32768$8$1$$", "scrypt$3$8$1$AAAA$AAAA", "bcrypt$1$2$3$4$5",
                                     "scrypt$99999999999$8$1$AAAA$AAAA"})
    EXPECT_FALSE(scrypt_matches("", bad)) << bad;
}

}  // namespace
}  // namespace exhibit::web
