#pragma once

#include <gmock/gmock.h>

#include "base/sha256.h"
#include "base/text.h"
#include "tests/web/fake_tenant.h"
#include "web/site.h"
#include "web/web_server.h"

/// The pages of two tenants without a socket, before a clock that the test moves.
namespace exhibit::web {

class TestClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override { return now_; }
  void pass(Nanoseconds time) { now_.wall += stuck ? Nanoseconds{0} : time, now_.mono += time; }
  /// The wall clock alone.
  void jump(Nanoseconds way) { now_.wall += way; }
  bool stuck = false;

 private:
  Now now_{wall_from_ns(1'795'313'600'000'000'000), MonoTime{std::chrono::hours{5}}};
};

inline std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "(none)";
}

class SiteTest : public testing::Test {
 protected:
  SiteTest() { make(false); }

  void make(bool tls) {
    static const std::string hash = scrypt_hash("correct horse", Bytes(16, 7));
    Site::Settings settings;
    settings.public_url = tls ? "https://ev.msp.example" : "http://127.0.0.1:8443";
    settings.users = {{"kim", hash, {TenantId{"acme"}}, false}, {"lee", hash, {TenantId{"*"}}, true}};
    settings.tls = tls;
    settings.api = {{"soar", hex(sha256("token-of-soar")), {TenantId{"acme"}}}};
    site = std::make_shared<Site>(
        settings, Site::World{clock, [](LogLevel, std::string_view, std::string_view, std::string_view) {},
                              [this] {
                                return std::vector<std::shared_ptr<TenantRuntime>>{acme, globex};
                              },
                              [](const std::function<void()>& work) { work(); }});
    acme->incidents[link] = test::phf_incident(TenantId{"acme"}, link);
    globex->incidents[foreign] = test::phf_incident(TenantId{"globex"}, foreign);
    cookie.clear();
  }

  Response ask(Request request) {
    if (request.cookie.empty()) request.cookie = cookie;
    Response answer{.status = 0};
    int times = 0;
    site->handle(std::move(request), [&](Response response) { answer = std::move(response), ++times; });
    EXPECT_EQ(times, 1);
    return answer;
  }
  Response get(std::string path, std::string query = "") {
    return ask({.path = std::move(path), .query = std::move(query)});
  }

  /// Sends the sign-in form as a browser does, with its cookie and its token.
  Response sign_in(std::string_view user, std::string_view password, std::string_view to = "/") {
    const Response form = get("/sign-in");
    const std::string set = header(form, "Set-Cookie");
    const std::size_t token = form.body.find("name=\"token\" value=\"") + 20;
    return ask({.method = "POST",
                .path = "/sign-in",
                .cookie = set.substr(0, set.find(';')),
                .body = cat("user=", user, "&password=", percent_encoded(password), "&to=", percent_encoded(to),
                            "&token=", form.body.substr(token, 64)),
                .peer = "192.0.2.77"});
  }
  void enter(std::string_view user = "kim") {
    const std::string set = header(sign_in(user, "correct horse"), "Set-Cookie");
    cookie = set.substr(0, set.find(';'));
  }
  std::string csrf() {
    const std::string body = get("/").body;
    return body.substr(body.find("name=\"token\" value=\"") + 20, 64);
  }

  TestClock clock;
  std::shared_ptr<test::FakeTenant> acme = std::make_shared<test::FakeTenant>("acme");
  std::shared_ptr<test::FakeTenant> globex = std::make_shared<test::FakeTenant>("globex");
  const LinkId link = test::link_of("rec"), foreign = test::link_of("foreign");
  const std::string at = "/e/" + link.text;
  std::shared_ptr<Site> site;
  std::string cookie;
};

}  // namespace exhibit::web
