#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "base/text.h"
#include "exhibit/adapter.h"
#include "tests/kit/kit_world.h"

namespace exhibit::kit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A token server on one origin and a desk on another, behind the real runner.
class OAuthOverTheWire : public ::testing::Test {
 protected:
  sim::HttpReply token(const sim::HttpRequest& request) {
    const std::lock_guard lock(mutex);
    forms.push_back(request.body);
    if (token_status != 200)
      return {.status = token_status, .headers = {{"Location", "http://127.0.0.1:1/"}}, .body = ""};
    return {.headers = {{"Content-Type", "application/json"}},
            .body = cat(R"({"access_token":"good-)", forms.size(), R"(","expires_in":3600})")};
  }
  sim::HttpReply answer(const sim::HttpRequest& request) {
    const std::lock_guard lock(mutex);
    seen.emplace_back(request.header("Authorization"));
    const bool good = seen.back() == cat("Bearer ", good_token);
    return {.status = good ? 200 : 401,
            .headers = {{"Content-Type", "application/json"}},
            .body = good ? R"({"result":[]})" : "{}"};
  }
  [[nodiscard]] std::string config(std::uint16_t token_port) const {
    return cat(
        R"({"url":"http://127.0.0.1:)", desk.port(),
        R"(","allow":["127.0.0.1"],"login":{"oauth2":{"grant":"client_credentials","token_url":"http://127.0.0.1:)",
        token_port, R"(/oauth_token.do","client_id":"id","client_secret":"very-secret"}},"profile":)",
        KitWorld::profile_text("servicenow"), "}");
  }

  std::mutex mutex;
  std::vector<std::string> forms, seen;
  std::string good_token = "good-1";
  int token_status = 200;
  sim::HttpServer tokens{{}, std::nullopt, [this](const sim::HttpRequest& request) { return token(request); }};
  sim::HttpServer desk{{}, std::nullopt, [this](const sim::HttpRequest& request) { return answer(request); }};
  RunnerClient runner{EXHIBIT_BINARY_DIR "/bin/exhibit-adapter-runner",
                      EXHIBIT_BINARY_DIR "/lib/libexhibit-adapter-rest.so"};
};

TEST_F(OAuthOverTheWire, TwoLinksLogInOnceAndARefusedTokenCostsOneLogin) {
  ASSERT_EQ(runner.open(0, config(tokens.port())).rc, EXH_OK);
  ASSERT_EQ(runner.open(1, config(tokens.port())).rc, EXH_OK);
  EXPECT_EQ(runner.probe(0).rc, EXH_OK);
  EXPECT_EQ(runner.probe(1).rc, EXH_OK);
  EXPECT_THAT(seen, ElementsAre("Bearer good-1", "Bearer good-1"));
  EXPECT_EQ(forms.size(), 1U);
  good_token = "good-2";
  EXPECT_EQ(runner.probe(0).rc, EXH_OK);
  EXPECT_EQ(runner.probe(1).rc, EXH_OK);
  EXPECT_EQ(forms.size(), 2U);
  good_token = "never";
  const Answer denied = runner.probe(0);
  EXPECT_EQ(denied.rc, EXH_DENIED);
  EXPECT_EQ(forms.size(), 3U);
  EXPECT_THAT(denied.whole, Not(HasSubstr("very-secret")));
  EXPECT_THAT(denied.whole, Not(HasSubstr("good-")));
}

TEST_F(OAuthOverTheWire, ATokenServerThatRefusesOrSendsAwayIsNotFollowed) {
  ASSERT_EQ(runner.open(0, config(tokens.port())).rc, EXH_OK);
  token_status = 302;
  EXPECT_EQ(runner.probe(0).rc, EXH_RETRY);
  token_status = 401;
  EXPECT_EQ(runner.probe(0).rc, EXH_DENIED);
  EXPECT_TRUE(seen.empty());
}

TEST_F(OAuthOverTheWire, ALoginThatIsNotWhatTheProfileWantsIsRefusedAtOnce) {
  const Answer answer = runner.open(0, replace_all(config(tokens.port()), "client_credentials", "magic"));
  EXPECT_EQ(answer.rc, EXH_REJECTED);
  EXPECT_THAT(answer.whole, HasSubstr("login/oauth2/grant"));
  EXPECT_THAT(answer.whole, Not(HasSubstr("very-secret")));
}

}  // namespace
}  // namespace exhibit::kit
