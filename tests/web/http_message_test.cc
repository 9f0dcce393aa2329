#include "web/http_message.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/web/fake_tenant.h"
#include "web/pages.h"
#include "web/site.h"

namespace exhibit::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

TEST(HttpMessage, TheSecurityHeadersAreExactlyThese) {
  const auto csp =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
      "form-action 'self'; frame-ancestors 'none'";
  EXPECT_THAT(all_headers({.headers = {{"ETag", "x"}}}, true),
              ElementsAre(Pair("Content-Type", "text/html; charset=utf-8"), Pair("Content-Security-Policy", csp),
                          Pair("X-Content-Type-Options", "nosniff"), Pair("Cache-Control", "no-store"),
                          Pair("Referrer-Policy", "no-referrer"), Pair("Cross-Origin-Resource-Policy", "same-origin"),
                          Pair("X-Frame-Options", "DENY"), Pair("Strict-Transport-Security", "max-age=31536000"),
                          Pair("ETag", "x")));
  EXPECT_EQ(all_headers({}, false).size(), 7U);
}

TEST(HttpMessage, PathsAreDecodedOrRefused) {
  EXPECT_EQ(normal_path("/"), "/");
  EXPECT_EQ(normal_path("/e/abc"), "/e/abc");
  EXPECT_EQ(normal_path("/%65/abc"), "/e/abc");
  for (const std::string_view bad :
       {"",       "e/abc",          "http://x/e",  "//e",      "/e//x",   "/e/",       "/e/.",
        "/e/..",  "/../etc/passwd", "/e/%2e%2e/x", "/%2E%2E/", "/e/%2fx", "/e/%2Fx",   "/e/%5cx",
        "/e\\x",  "/e/%00",         "/e/x%",       "/e/x%4",   "/e/x%zz", "/e/%c0%ae", "/e/%ff",
        "/e/%0a", "/e/\x01",        "/e/%7f",      "*"})
    EXPECT_EQ(normal_path(bad), std::nullopt) << bad;
  EXPECT_EQ(normal_path("/" + std::string(2048, 'a')), std::nullopt);
}

TEST(HttpMessage, RangesOfTenBytes) {
  const auto whole = ByteRange{ByteRange::Kind::whole, 0, 10}, bad = ByteRange{ByteRange::Kind::unsatisfiable, 0, 0};
  const auto part = [](std::uint64_t from, std::uint64_t count) {
    return ByteRange{ByteRange::Kind::part, from, count};
  };
  for (const std::string_view all : {"", "items=0-1", "bytes=0-1,3-4", "bytes"}) EXPECT_EQ(byte_range(all, 10), whole);
  EXPECT_EQ(byte_range("bytes=0-0", 10), part(0, 1));
  EXPECT_EQ(byte_range("bytes=2-", 10), part(2, 8));
  EXPECT_EQ(byte_range("bytes=2-99999999999", 10), part(2, 8));
  EXPECT_EQ(byte_range("bytes=-3", 10), part(7, 3));
  EXPECT_EQ(byte_range("bytes=-30", 10), part(0, 10));
  EXPECT_EQ(byte_range("Bytes=9-9", 10), part(9, 1));
  for (const std::string_view wrong :
       {"bytes=", "bytes=-", "bytes=-0", "bytes=10-", "bytes=5-4", "bytes=a-b", "bytes=1-b", "bytes=1", "bytes=--1",
        "bytes=1-2-3", "bytes=18446744073709551616-"})
    EXPECT_EQ(byte_range(wrong, 10), bad) << wrong;
  EXPECT_EQ(byte_range("bytes=-1", 0), bad);
}

TEST(HttpMessage, OnlyOurOwnHostIsServed) {
  const std::string_view url = "https://ev.msp.example/base";
  for (const std::string_view good :
       {"ev.msp.example", "EV.msp.example", "ev.msp.example:443", "localhost:8443", "127.0.0.1:8443", "[::1]:8443"})
    EXPECT_TRUE(host_fits(good, url, 8443)) << good;
  for (const std::string_view bad : {"", "evil.example", "ev.msp.example.evil", "localhost", "127.0.0.1:80",
                                     "ev.msp.example:8443", "ev.msp.example@evil"})
    EXPECT_FALSE(host_fits(bad, url, 8443)) << bad;
}

TEST(HttpMessage, FormsAndCookies) {
  EXPECT_EQ(form_field("a=1&b=x+y%26z&b=2", "b"), "x y&z");
  EXPECT_EQ(form_field("a=1", "c"), "");
  EXPECT_EQ(form_field("a=%zz", "a"), "");
  EXPECT_EQ(cookie_value("x=1; exhibit_session=abc; exhibit_session=def", "exhibit_session"), "abc");
  EXPECT_EQ(cookie_value("not_exhibit_session=abc", "exhibit_session"), "");
}

TEST(Markup, ForeignTextEndsAsTextInEverySink) {
  const std::string_view hostile = "</pre><script>alert(1)</script>\" onload='x' &lt; \xE2\x80\xAE \x1B[2J \xFF";
  const Node node = element("p", "a", hostile).with("title", hostile);
  const std::string html = to_html(node);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("\x1B")));
  EXPECT_EQ(std::count(html.begin(), html.end(), '<'), 2);
  EXPECT_EQ(std::count(html.begin(), html.end(), '"'), 4);
  const Result<Json> json = parse_json(to_json(node));
  ASSERT_TRUE(json);
  EXPECT_TRUE(to_html(lines("a\r\n<b>\tc")).starts_with("a\n&lt;b&gt;    c"));
}

/// Every field that a sensor, a desk or a packet fills, filled with markup.
TEST(Markup, AHostileIncidentHasTheSameElementsAsAHarmlessOne) {
  const auto elements = [](const std::string& evil) {
    PageRows rows = test::phf_incident(TenantId{"acme"}, test::link_of("x"));
    Alert alert = *rows.alert;
    for (std::string* text : {&alert.signature_name,
                              &alert.signature_id,
                              &alert.subsignature_id,
                              &alert.signature_version,
                              &alert.signature_details,
                              &alert.event_id,
                              &alert.virtual_sensor,
                              &alert.interface,
                              &alert.vlan,
                              &alert.protocol,
                              &alert.attacker->address,
                              &alert.attacker->locality,
                              &alert.attacker->os,
                              &alert.targets[0].address,
                              &alert.actions[0],
                              &alert.block.how,
                              &rows.raw,
                              &rows.tenant_name,
                              &rows.incident.number,
                              &rows.incident.url,
                              &rows.captures[0].key.locator})
      *text = evil;
    alert.block.kind = Block::Kind::blocked;
    alert.trigger_packet.clear();
    alert.trigger_problem = evil;
    rows.captures[0].state = rows.view.captures[0].state = CaptureState::lost;
    rows.view.captures[0].proof = {evil};
    rows.alert = std::make_shared<const Alert>(alert);
    rows.view.first = rows.alert.get();
    IncidentPage page{rows, "", "token"};
    const std::string html = whole_page({.base = "", .title = evil, .user = evil, .csrf = evil},
                                        incident_page(page, 0, packet_problem({page, 0, evil}, evil)));
    std::string tags;
    for (std::size_t i = html.find('<'); i != std::string::npos; i = html.find('<', i + 1))
      tags += html.substr(i, html.find_first_of(" >", i) - i);
    EXPECT_TRUE(parse_json(state_json(page)));
    return tags;
  };
  const std::string harmless_twin = elements("word");
  for (const std::string evil : {"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
                                 "'; </title></pre></dd>", "<!--", "]]>", "&#60;b&#62;", "\xC0\xBCscript\xC0\xBE"})
    EXPECT_EQ(elements(evil), harmless_twin) << evil;
}

TEST(Pages, ADownloadIsNamedByUsAlone) {
  PageRows rows = test::phf_incident(TenantId{"../../etc"}, test::link_of("x"));
  rows.captures[0].key = {SensorId{"a\"b\r\nc"}, std::string(300, 'x') + "/..", 0};
  rows.captures[0].evidence = EvidenceId{std::string(64, 'f')};
  EXPECT_EQ(capture_file_name(rows, rows.captures[0]),
            "------etc-a-b--c-" + std::string(30, 'x') + "-ffffffffffff.pcap");
}

}  // namespace
}  // namespace exhibit::web
