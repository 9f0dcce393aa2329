#include "web/web_server.h"

#include <gmock/gmock.h>

#include <future>

#include "base/text.h"
#include "tests/loopback_client.h"
#include "tests/web/fake_tenant.h"

/// The real server on loopback: what it takes from strangers, and that it goes on serving others meanwhile.
namespace exhibit::web {
namespace {

using test::Answer;
using test::Wire;
using testing::HasSubstr;
using testing::Not;

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    static const std::string hash = scrypt_hash("correct horse", Bytes(16, 7));
    tenant->incidents[link] = test::phf_incident(tenant->settings().tenant, link);
    tenant->seal(link, test::phf_capture(2000));
    HostSettings settings;
    settings.web_port = 0;
    settings.public_url = "http://localhost";
    settings.users = {{"kim", hash, {TenantId{"acme"}}, false}};
    auto started =
        start_web_server(settings,
                         {executors, clock, [](LogLevel, std::string_view, std::string_view, std::string_view) {},
                          [this] { return std::vector<std::shared_ptr<TenantRuntime>>{tenant}; }},
                         {.header = std::chrono::milliseconds{500},
                          .body = std::chrono::milliseconds{500},
                          .idle = std::chrono::milliseconds{500},
                          .connections = 64});
    server = std::move(*started);
  }
  ~ServerTest() override {
    std::promise<void> stopped;
    server->stop([&] { stopped.set_value(); });
    EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds{5}), std::future_status::ready);
    server.reset();
    executors.join();
  }

  static std::string cookie_in(const Answer& answer, std::string_view name) {
    const std::size_t at = answer.head.find(cat("Set-Cookie: ", name, "="));
    if (at == std::string::npos) return {};
    const std::string_view rest = std::string_view(answer.head).substr(at + 12);
    return std::string(rest.substr(0, rest.find(';')));
  }
  std::string session() {
    Wire wire(server->port());
    const Answer form = wire.ask("GET", "/sign-in");
    const std::string token = form.body.substr(form.body.find("name=\"token\" value=\"") + 20, 64);
    const Answer in = wire.ask("POST", "/sign-in", cat("Cookie: ", cookie_in(form, "exhibit_form"), "\r\n"),
                               cat("user=kim&password=correct+horse&to=/&token=", token));
    EXPECT_EQ(in.status, 303);
    return cat("Cookie: ", cookie_in(in, "exhibit_session"), "\r\n");
  }

  Executors executors{2, 2};
  SystemClock clock;
  std::shared_ptr<test::FakeTenant> tenant = std::make_shared<test::FakeTenant>("acme");
  const LinkId link = test::link_of("sealed");
  std::unique_ptr<WebServer> server;
};

TEST_F(ServerTest, OneConnectionCarriesManyRequests) {
  const std::string cookie = session(), file = cat("/e/", link.text, "/capture/0");
  Wire wire(server->port());
  EXPECT_EQ(wire.ask("GET", cat("/e/", link.text)).status, 303);
  EXPECT_THAT(wire.ask("GET", cat("/e/", link.text), cookie).body, HasSubstr("Yes: HTTP 404"));
  const Answer whole = wire.ask("GET", file, cookie);
  EXPECT_EQ(whole.status, 200);
  EXPECT_GT(whole.body.size(), 200'000U);
  const Answer part = wire.ask("GET", file, cookie + "Range: bytes=0-3\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, whole.body.substr(0, 4));
}

TEST_F(ServerTest, AHeadAnswerHasNoBody) {
  Wire wire(server->port());
  wire.send("HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const Answer head = wire.read();  // Ends with the connection, since no body comes.
  EXPECT_THAT(head.head, HasSubstr("Content-Length: 3"));
  EXPECT_EQ(head.body, "");
}

TEST_F(ServerTest, EveryAnswerCarriesTheSecurityHeaders) {
  for (const std::string_view target : {"/health", "/sign-in", "/nothing", "/e/x", "/..", "/assets/x"}) {
    const Answer answer = Wire(server->port()).ask("GET", target);
    for (const std::string_view name :
         {"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
          "connect-src "
          "'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n",
          "X-Content-Type-Options: nosniff\r\n", "Cache-Control: no-store\r\n", "Referrer-Policy: no-referrer\r\n",
          "Cross-Origin-Resource-Policy: same-origin\r\n", "X-Frame-Options: DENY\r\n"})
      EXPECT_THAT(answer.head, HasSubstr(name)) << target;
    EXPECT_THAT(answer.head, Not(HasSubstr("Server:")));
  }
}

TEST_F(ServerTest, WhatIsTooLargeOrMisshapenIsRefused) {
  const auto raw = [&](std::string_view bytes) {
    Wire wire(server->port());
    wire.send(bytes);
    return wire.read().status;
  };
  EXPECT_EQ(raw(cat("GET / HTTP/1.1\r\nHost: localhost\r\nX: ", std::string(17'000, 'x'), "\r\n\r\n")), 431);
  EXPECT_EQ(raw(cat("GET /", std::string(17'000, 'x'), " HTTP/1.1\r\nHost: localhost\r\n\r\n")), 431);
  EXPECT_EQ(raw("POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n"), 413);
  EXPECT_EQ(raw("DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 405);
  EXPECT_EQ(raw("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
  EXPECT_EQ(raw("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(raw("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), 400);
  EXPECT_EQ(raw("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(raw("\x16\x03\x01 this is TLS\r\n\r\n"), 400);
  for (const std::string_view target :
       {"/e/%2e%2e/x", "/../etc/passwd", "/%00", "/e%2fx", "//evil", "http://x/", "/e\\x"})
    EXPECT_EQ(raw(cat("GET ", target, " HTTP/1.1\r\nHost: localhost\r\n\r\n")), 400) << target;
}

TEST_F(ServerTest, HalfOpenConnectionsKeepNobodyOut) {
  std::vector<std::unique_ptr<Wire>> half_open;
  for (int i = 0; i < 200; ++i) {  // Three times as many as there is room for.
    half_open.push_back(std::make_unique<Wire>(server->port()));
    half_open.back()->send("GET / HT");
  }
  EXPECT_EQ(Wire(server->port()).ask("GET", "/health").status, 200);
  EXPECT_EQ(Wire(server->port()).ask("GET", "/health").status, 200);
}

TEST_F(ServerTest, AHeaderThatDoesNotEndIsCutOff) {
  Wire wire(server->port());
  wire.send("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_LE(wire.read().status, 0);  // Returns when the server hangs up.
  Wire silent(server->port());
  EXPECT_LE(silent.read().status, 0);
}

TEST_F(ServerTest, AnIdleConnectionIsClosedAndABodyThatDoesNotComeToo) {
  Wire wire(server->port());
  EXPECT_EQ(wire.ask("GET", "/health").status, 200);
  EXPECT_LE(wire.read().status, 0);
  Wire form(server->port());
  form.send("POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nuser=");
  EXPECT_LE(form.read().status, 0);
}

TEST(Server, AnUnusableCertificateOrAddressIsSaid) {
  Executors executors(1, 1);
  const SystemClock clock;
  WebServer::World world{executors, clock, {}, {}};
  HostSettings settings;
  settings.web_port = 0;
  settings.web_address = "192.0.2.1";
  EXPECT_EQ(start_web_server(settings, world).error().code, Errc::unavailable);
  settings.web_address = "127.0.0.1";
  settings.web_certificate = settings.web_key = "/nonexistent/web.pem";
  EXPECT_EQ(start_web_server(settings, world).error().code, Errc::bad_input);
}

}  // namespace
}  // namespace exhibit::web
