#include "runtime/sensor_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <future>
#include <mutex>

#include "base/text.h"
#include "sensorproto/sim/certificate.h"
#include "tests/runtime/blunt_server.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Kind = SensorCallError::Kind;

const sim::SensorCertificate& certificate(bool legacy) {
  static const sim::SensorCertificate modern = sim::make_certificate("sim-ips1", false);
  static const sim::SensorCertificate old = sim::make_certificate("sim-ips1", true);
  return legacy ? old : modern;
}

std::string pin_of(bool legacy) { return certificate(legacy).pin.substr(std::string_view("sha256:").size()); }

class SensorHttpTest : public ::testing::Test {
 protected:
  static constexpr SensorHttp::Limits roomy{10s, 10s, 1U << 20};

  ~SensorHttpTest() override {
    http.reset();
    executors.join();
  }

  /// A server that gives this answer to everything, and counts.
  void serve(sim::HttpReply given, std::optional<sim::ServerTls> tls = std::nullopt, std::uint16_t port = 0) {
    server.emplace(sim::Endpoint{"127.0.0.1", port}, std::move(tls),
                   [this, answer = std::move(given)](const sim::HttpRequest& request) {
                     ++asked;
                     const std::lock_guard lock(mutex);
                     last = request;
                     return answer;
                   });
  }
  SensorSettings settings(std::uint16_t port, bool tls) const {
    SensorSettings sensor;
    sensor.name = {"acme-ips1"};
    sensor.host = "127.0.0.1";
    sensor.port = port;
    sensor.tls = tls;
    sensor.login.user = "analyst";
    return sensor;
  }
  SensorCallResult call(const SensorSettings& sensor, SensorHttp::Limits limits = roomy) {
    http = std::make_unique<SensorHttp>(strand, sensor);
    return again(limits);
  }
  /// Over the same object, so over a kept connection if there is one.
  SensorCallResult again(SensorHttp::Limits limits = roomy) {
    std::promise<SensorCallResult> promise;
    sunk.clear();
    boost::asio::co_spawn(strand,
                          http->call({"GET", "/cgi-bin/sdee-server?action=get", "", 1s}, Secret("secret"), limits,
                                     [this](ByteView piece) { sunk.append(piece.begin(), piece.end()); }),
                          [&](std::exception_ptr, SensorCallResult result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  SensorCallResult call_tls(bool old_server, std::string pin, bool legacy_switch) {
    if (!server) serve({.body = "fine"}, certificate(old_server).tls);
    SensorSettings sensor = settings(server->port(), true);
    sensor.pin = std::move(pin);
    sensor.legacy_tls = legacy_switch;
    return call(sensor);
  }

  Executors executors{2, 1};
  Strand strand = executors.make_strand();
  std::optional<sim::HttpServer> server;
  std::unique_ptr<SensorHttp> http;
  std::atomic<int> asked = 0;
  std::mutex mutex;
  sim::HttpRequest last;
  std::string sunk;
};

void expect_refused(const SensorCallResult& result) {
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, Kind::certificate_refused) << result.error->why;
  EXPECT_EQ(result.answer.status, 0);
}

TEST_F(SensorHttpTest, TheRightPinIsEnoughAndTheLoginArrives) {
  const SensorCallResult result = call_tls(false, pin_of(false), false);
  EXPECT_FALSE(result.error) << result.error->why;
  EXPECT_EQ(result.answer.status, 200);
  EXPECT_EQ(result.answer.body, "fine");
  EXPECT_EQ(sunk, "fine");
  EXPECT_EQ(last.header("Authorization"), "Basic YW5hbHlzdDpzZWNyZXQ=");
}

TEST_F(SensorHttpTest, AnotherKeyIsRefusedBeforeAnythingIsSaidAndIsNamed) {
  const SensorCallResult result = call_tls(false, std::string(64, '0'), false);
  expect_refused(result);
  EXPECT_THAT(result.error->why, HasSubstr(pin_of(false)));
  EXPECT_EQ(asked, 0);
}

TEST_F(SensorHttpTest, WithoutAPinASelfMadeCertificateIsRefused) {
  expect_refused(call_tls(false, "", false));
  EXPECT_EQ(asked, 0);
}

TEST_F(SensorHttpTest, AnOldSensorIsReachedOnlyWithTheSwitchAndItsPinAndNothingElseChanges) {
  expect_refused(call_tls(true, pin_of(true), false));
  const SensorCallResult reached = call_tls(true, pin_of(true), true);
  EXPECT_FALSE(reached.error) << reached.error->why;
  expect_refused(call_tls(true, std::string(64, '0'), true));
  expect_refused(call_tls(true, pin_of(true), false));
  EXPECT_EQ(asked, 1);
  server.reset();
  EXPECT_FALSE(call_tls(false, pin_of(false), false).error);
}

TEST_F(SensorHttpTest, APeerThatDripsIsLeftAtTheEndOfTheWholeDeadline) {
  serve({.body = std::string(1000, 'x'), .act = sim::Act::drip});
  const auto begin = std::chrono::steady_clock::now();
  const SensorCallResult result = call(settings(server->port(), false), {600ms, 10s, 1U << 20});
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, Kind::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

TEST_F(SensorHttpTest, ABodyThatFallsSilentIsLeftLongBeforeTheDeadline) {
  test::BluntServer silent("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
  const auto begin = std::chrono::steady_clock::now();
  const SensorCallResult result = call(settings(silent.port(), false), {20s, 300ms, 1U << 20});
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, Kind::timeout);
  EXPECT_EQ(result.answer.body, "ab");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(SensorHttpTest, HeaderAndBodyHaveABound) {
  for (const sim::Act act : {sim::Act::endless_header, sim::Act::endless_body}) {
    serve({.act = act});
    const SensorCallResult result = call(settings(server->port(), false), {10s, 10s, 100'000});
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->kind, Kind::too_large) << result.error->why;
    EXPECT_LE(result.answer.body.size(), 100'000U);
    server.reset();
  }
}

TEST_F(SensorHttpTest, ARedirectIsAnAnswerAndNoRoad) {
  std::atomic<int> elsewhere = 0;
  sim::HttpServer other({}, std::nullopt, [&](const sim::HttpRequest&) {
    ++elsewhere;
    return sim::HttpReply{};
  });
  serve({.status = 302, .headers = {{"Location", cat("http://127.0.0.1:", other.port(), "/")}}, .body = "go"});
  const SensorCallResult result = call(settings(server->port(), false));
  EXPECT_EQ(result.answer.status, 302);
  EXPECT_EQ(sunk, "") << "what is no success is no evidence";
  EXPECT_EQ(elsewhere, 0);
}

TEST_F(SensorHttpTest, ACutBodyIsNoticedAndWhatCameIsKept) {
  serve({.body = std::string(1000, 'x'), .act = sim::Act::cut});
  const SensorCallResult result = call(settings(server->port(), false));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, Kind::cut);
  EXPECT_EQ(result.answer.body.size(), 500U);
}

TEST_F(SensorHttpTest, AConnectionIsKeptAndOneThatThePeerClosedMeanwhileIsReplaced) {
  serve({.body = "fine"});
  const std::uint16_t port = server->port();
  EXPECT_FALSE(call(settings(port, false)).error);
  EXPECT_FALSE(last.reused);
  EXPECT_FALSE(again().error);
  EXPECT_TRUE(last.reused);
  server.reset();
  serve({.body = "fine"}, std::nullopt, port);
  const SensorCallResult result = again();
  EXPECT_FALSE(result.error) << result.error->why;
  EXPECT_FALSE(last.reused);
}

TEST_F(SensorHttpTest, NobodyThereIsSaidAtOnce) {
  serve({});
  const std::uint16_t port = server->port();
  server.reset();
  const SensorCallResult result = call(settings(port, false));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, Kind::unreachable);
}

}  // namespace
}  // namespace exhibit
