#include "sensorproto/sim/sensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/base64.h"
#include "base/text.h"
#include "packet/capture_read.h"
#include "tests/loopback_client.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// Raises what the test orders, one order a tick.
class Script final : public Scenario {
 public:
  explicit Script(std::vector<std::function<void(Stage&)>>& orders) : orders_(orders) {}
  bool play(Stage& stage, std::chrono::milliseconds, WallTime) override {
    for (const auto& order : orders_) order(stage);
    orders_.clear();
    return true;
  }

 private:
  std::vector<std::function<void(Stage&)>>& orders_;
};

class SensorTest : public ::testing::Test {
 protected:
  explicit SensorTest(Sensor::Options options = {.user = "analyst", .password = "secret"})
      : sensor(
            std::move(options), [this] { return now; }, [this](const std::string& line) { said.push_back(line); },
            std::make_unique<Script>(orders)) {}

  HttpReply ask(std::string_view method, std::string_view path, std::string_view query, std::string_view body = {}) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.body = body;
    request.headers = {{"Authorization", "BASIC YW5hbHlzdDpzZWNyZXQ="}};
    return sensor.handle(request);
  }
  std::string sdee(std::string_view query) { return ask("GET", "/cgi-bin/sdee-server", query).body; }
  std::string get(std::string_view id, std::string_view more = {}) {
    return sdee(cat("action=get&timeout=0&subscriptionId=", id, more));
  }
  HttpReply log(std::uint64_t id) { return ask("POST", "/cgi-bin/iplog-server", cat("ipLogId=", id)); }
  std::string open(std::string_view more = {}) {
    return between(sdee(cat("action=open&startTime=0", more)), "sd:subscriptionId>", "<");
  }

  static std::string between(std::string_view text, std::string_view start, std::string_view end) {
    const std::size_t at = text.find(start);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + start.size());
    return std::string(text.substr(0, text.find(end)));
  }
  void raise(std::string address, std::optional<Recording> recording) {
    orders.push_back([address, recording](Stage& stage) {
      SimAlert alert{.attacker = {address, 1}, .targets = {{"198.51.100.20", 80}}};
      stage.raise(alert, recording);
    });
  }
  static std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; ++at) ++found;
    return found;
  }

  WallTime now = wall_from_ns(1'182'522'961'123'456'000);
  std::vector<std::string> said;
  std::vector<std::function<void(Stage&)>> orders;
  Sensor sensor;
};

TEST_F(SensorTest, AGetAcknowledgesTheBatchBeforeItAndConfirmNoBringsItAgain) {
  const std::string id = open();
  for (int i = 0; i < 3; ++i) raise("192.0.2.10", std::nullopt);
  sensor.tick();
  const std::string first = get(id, "&maxNbrOfEvents=2");
  EXPECT_EQ(count(first, "<sd:evIdsAlert"), 2U);
  EXPECT_THAT(first, HasSubstr("<sd:remaining-events>1</sd:remaining-events>"));
  EXPECT_EQ(get(id, "&confirm=no"), first);
  EXPECT_EQ(count(get(id), "<sd:evIdsAlert"), 1U);
  EXPECT_THAT(get(id), HasSubstr("<sd:events></sd:events>"));
}

TEST_F(SensorTest, ASixthSubscriptionIsRefusedUnlessItIsForcedAndThenTheOldestIsLost) {
  const std::string oldest = open();
  for (int i = 0; i < 4; ++i) {
    now += 1s;
    open();
  }
  EXPECT_THAT(sdee("action=open&events=evIdsAlert"), HasSubstr("sd:errLimitExceeded"));
  EXPECT_FALSE(open("&force=yes").empty());
  EXPECT_THAT(get(oldest), AllOf(HasSubstr("sd:errNotFound"), HasSubstr("Subscription does not exist")));
}

TEST_F(SensorTest, AnIdleSubscriptionEndsAfterThreeDays) {
  const std::string id = open();
  now += 73h;
  open();
  EXPECT_THAT(get(id), HasSubstr("sd:errNotFound"));
}

TEST_F(SensorTest, AClosedSubscriptionIsNotFoundAndCloseAnswersAnEmptyBody) {
  const std::string id = open();
  EXPECT_THAT(sdee(cat("action=close&subscriptionId=", id)), HasSubstr("<env:Body/>"));
  EXPECT_THAT(get(id), HasSubstr("sd:errNotFound"));
}

TEST_F(SensorTest, OnlyTheWantedTypesAndSeveritiesCome) {
  const std::string id = open("&events=evIdsAlert+evError&idsAlertSeverities=low");
  raise("192.0.2.10", Recording{});
  sensor.tick();
  EXPECT_THAT(get(id), HasSubstr("<sd:events></sd:events>"));
}

TEST_F(SensorTest, AlertsOnOneAttackerShareOneLogAndEachLengthensIt) {
  const std::string id = open();
  raise("192.0.2.10", Recording{.traffic = {{1ms, icmp_echo("192.0.2.10", "198.51.100.20", 1)}}});
  sensor.tick();
  now += 20s;
  raise("192.0.2.10", Recording{});
  sensor.tick();
  now += 20s;
  sensor.tick();
  EXPECT_THAT(log(1734556221).body, HasSubstr("errInUse"));
  now += 11s;
  sensor.tick();
  const std::string file = log(1734556221).body;
  EXPECT_EQ(CaptureReader::open(as_bytes(file))->next()->captured, 74U);
  const std::string events = get(id);
  EXPECT_EQ(count(events, "<cid:ipLogId>1734556221</cid:ipLogId>"), 2U);
  EXPECT_EQ(count(events, "<ipLogCompleted><ipLogId>1734556221</ipLogId>"), 1U);
}

TEST_F(SensorTest, ALoginIsNeededAndTheCookieMayReplaceIt) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/cgi-bin/sdee-server";
  request.query = "action=open";
  EXPECT_EQ(sensor.handle(request).status, 401);
  request.headers = {{"Authorization", "Basic YW5hbHlzdDpzZWNyZXQ="}};
  const HttpReply opened = sensor.handle(request);
  ASSERT_EQ(opened.headers.back().name, "Set-Cookie");
  request.headers = {{"Cookie", opened.headers.back().value.substr(0, opened.headers.back().value.find(';'))}};
  EXPECT_EQ(sensor.handle(request).status, 200);
}

TEST_F(SensorTest, EveryFaultHasItsNameAndAnUnknownNameIsRefused) {
  EXPECT_FALSE(sensor.misbehave("iplog-sulk"));
  EXPECT_FALSE(sensor.misbehave("hang"));
  ASSERT_TRUE(sensor.misbehave("get-503:2"));
  const std::string id = open();
  for (const int status : {503, 503, 200})
    EXPECT_EQ(ask("GET", "/cgi-bin/sdee-server", cat("action=get&timeout=0&subscriptionId=", id)).status, status);
}

TEST_F(SensorTest, AnIpLogCanComeBigEndianCutEmptyOrNotAtAll) {
  const std::string id = open();
  raise("192.0.2.10", Recording{.traffic = {{1ms, icmp_echo("192.0.2.10", "198.51.100.20", 1)}}});
  sensor.tick();
  now += 31s;
  sensor.tick();
  for (const char* fault :
       {"iplog-big-endian", "iplog-cut-record", "iplog-header-only", "iplog-404", "iplog-not-ready", "iplog-gone"})
    ASSERT_TRUE(sensor.misbehave(fault));
  const std::string turned = log(1734556221).body;
  EXPECT_EQ(turned.substr(0, 4), "\xa1\xb2\xc3\xd4");
  const auto packet = CaptureReader::open(as_bytes(turned))->next();
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(*packet->time, wall_from_ns(1'182'522'961'124'456'000));
  EXPECT_EQ(log(1734556221).body.size(), turned.size() - 7);
  EXPECT_EQ(log(1734556221).body.size(), 24U);
  EXPECT_EQ(log(1734556221).status, 404);
  EXPECT_THAT(log(1734556221).body, HasSubstr("errInUse"));
  EXPECT_THAT(log(1734556221).body, HasSubstr("errNotFound"));
  EXPECT_EQ(log(1734556221).body.size(), turned.size());
}

class SmallRing : public SensorTest {
 protected:
  SmallRing()
      : SensorTest([] {
          Sensor::Options options{.user = "analyst", .password = "secret"};
          options.ring.files = 3;
          options.ring.writers = 2;
          options.store.bytes = 4000;
          return options;
        }()) {}
};

TEST_F(SmallRing, TheOldestFinishedLogIsOverwrittenAndThenNotFound) {
  open();
  for (int i = 1; i <= 4; ++i) {
    raise(cat("192.0.2.", i), Recording{});
    sensor.tick();
    now += 31s;
    sensor.tick();
  }
  EXPECT_THAT(log(1734556221).body, HasSubstr("errNotFound"));
  EXPECT_EQ(log(1734556222).body.size(), 24U);
  EXPECT_THAT(said, ::testing::Contains(HasSubstr(R"("event":"log-overwritten","log":"1734556221")")));
}

TEST_F(SmallRing, WithoutAFreeWriterTheAlertNamesNoLogAndAnErrorSaysWhy) {
  const std::string id = open("&events=evIdsAlert+evError");
  for (int i = 1; i <= 3; ++i) {
    raise(cat("192.0.2.", i), Recording{});
    sensor.tick();
    const std::string events = get(id);
    EXPECT_EQ(count(events, "<cid:ipLogId>"), i == 3 ? 0U : 1U);
    EXPECT_EQ(count(events, "Ran out of file descriptors"), i == 3 ? 1U : 0U);
  }
}

TEST_F(SmallRing, EventsThatTheStoreOverwroteAreReportedAsMissedOnce) {
  const std::string id = open();
  for (int i = 0; i < 5; ++i) raise("192.0.2.1", std::nullopt);
  sensor.tick();
  EXPECT_THAT(get(id), HasSubstr("<sd:missedEvents>true</sd:missedEvents>"));
  EXPECT_THAT(get(id, "&confirm=no"), HasSubstr("missedEvents"));
  EXPECT_THAT(get(id), Not(HasSubstr("missedEvents")));
}

TEST(StatusForms, AllThreeNameTheLog) {
  const IpLogRing::Happening done{IpLogRing::Change::completed,
                                  {.id = 77, .address = "192.0.2.1", .started = {}, .ends = {}, .packets = {}}};
  const SimIdentity identity{.host = "s", .event = 5, .time = {}};
  EXPECT_THAT(log_status_xml(done, identity, StatusForm::children), HasSubstr("<ipLogCompleted><ipLogId>77</ipLogId>"));
  EXPECT_THAT(log_status_xml(done, identity, StatusForm::attributes), HasSubstr("ipLogCompleted ipLogId=\"77\""));
  EXPECT_THAT(log_status_xml(done, identity, StatusForm::url), HasSubstr("iplog-server?ipLogId=77<"));
  EXPECT_EQ(log_status_xml(done, identity, StatusForm::none), "");
}

TEST(Answers, ABareEventIsWrappedAndAnEnvelopeStaysAsItIs) {
  EXPECT_THAT(as_answer("<?xml version=\"1.0\"?>\n<!-- x --><sd:evIdsAlert/>"),
              AllOf(HasSubstr("<sd:events><sd:evIdsAlert/></sd:events>"), HasSubstr("<env:Envelope")));
  EXPECT_EQ(as_answer("<e:Envelope/>"), "<e:Envelope/>");
  EXPECT_EQ(as_answer("no xml"), "no xml");
}

TEST(Answers, EachIsHandedOutOnceAndAgainOnRequest) {
  RecordedAnswers answers({"a", "b"});
  EXPECT_EQ(answers.next(true), "a");
  EXPECT_EQ(answers.next(false), "a");
  EXPECT_EQ(answers.next(true), "b");
  EXPECT_FALSE(answers.all_acknowledged());
  EXPECT_EQ(answers.next(true), "");
  EXPECT_TRUE(answers.all_acknowledged());
}

/// The requests as public clients sent them, over a socket, with the subscription's real id put in.
TEST_F(SensorTest, TheRequestsOfPublicClientsGetRightAnswers) {
  const char* const corpus = std::getenv("EXHIBIT_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "skipped: EXHIBIT_CORPUS is not set";
  std::ifstream file(cat(corpus, "/sdee/client-requests-observed.txt"));
  const HttpServer server({}, std::nullopt, [this](const HttpRequest& request) { return sensor.handle(request); });
  test::Wire wire(server.port());
  std::string id, line;
  int asked = 0;
  while (std::getline(file, line)) {
    const auto words = split(line, " ");
    if (words.size() < 2 || !words[1].starts_with("/cgi-bin/sdee-server")) continue;
    const std::string form = between(line, "|", "|"), old = between(line, "subscriptionId=", "&");
    const auto with_id = [&](std::string text) {
      for (const char* wait : {"timeout=1", "timeout=5"}) text = replace_all(text, wait, "timeout=0");
      const std::string sent = between(cat(text, "&"), "subscriptionId=", "&");
      return sent.empty() ? text : replace_all(text, sent, id);
    };
    const test::Answer answer =
        wire.ask(words[0], with_id(std::string(words[1])),
                 "Authorization: BASIC YW5hbHlzdDpzZWNyZXQ=\r\nCookie: HTTP::Headers=HASH(0x5)\r\n", with_id(form));
    ++asked;
    EXPECT_EQ(answer.status, 200) << line;
    EXPECT_THAT(answer.body, AllOf(Not(HasSubstr("Fault")), HasSubstr("<sd:sessionId>"))) << line;
    if (line.find("action=open") != std::string::npos) {
      id = between(answer.body, "sd:subscriptionId>", "<");
    } else if (line.find("action=close") == std::string::npos) {
      EXPECT_THAT(answer.body, HasSubstr("<sd:events></sd:events>")) << line;
    }
  }
  EXPECT_GE(asked, 10);
}

}  // namespace
}  // namespace exhibit::sim
