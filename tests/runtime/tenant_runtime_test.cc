#include "runtime/tenant_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "evidence/ledger.h"
#include "runtime/clock.h"
#include "runtime/threads.h"
#include "sensorproto/sim/certificate.h"
#include "sensorproto/sim/sensor.h"
#include "tests/runtime/fake_desk.h"

/// One tenant with all its parts but the desk: real TLS to a simulated sensor, real store, real evidence.
namespace exhibit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TenantRuntimeTest : public ::testing::Test {
 protected:
  TenantRuntimeTest() {
    std::string pattern = (fs::temp_directory_path() / "exhibit-tenant-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    desk = std::make_shared<test::FakeDesk>(executors);
  }
  ~TenantRuntimeTest() override {
    stop();
    executors.join();
    if (turning.joinable()) over = true, turning.join();
    if (sensor) sensor->stop();
    server.reset();
    fs::remove_all(folder);
  }

  void raise(std::uint64_t alerts, double rate = 0, bool get_only = false) {
    sim::Sensor::Options options{.user = "analyst", .password = "secret", .host = "sim-ips1"};
    options.iplog_get_only = get_only;
    options.ring.life = 300ms;
    sensor = std::make_unique<sim::Sensor>(
        std::move(options), [] { return WallTime(std::chrono::system_clock::now()); },
        [this](const std::string& line) { logins += line.find("login") != std::string::npos ? 1 : 0; },
        sim::load_scenario({.alerts = alerts, .rate = rate, .seed = 1, .logs = logs}));
    server.emplace(sim::Endpoint{}, certificate.tls, [this](const sim::HttpRequest& request) {
      ++asked;
      return padded(sensor->handle(request));
    });
    turning = std::thread([this] {
      while (!over) {
        sensor->tick();
        std::this_thread::sleep_for(5ms);
      }
    });
  }

  /// Blanks behind each event.
  sim::HttpReply padded(sim::HttpReply reply) const {
    constexpr std::string_view end = "</sd:evIdsAlert>";
    for (std::size_t at = 0; padding > 0 && (at = reply.body.find(end, at)) != std::string::npos; at += end.size())
      reply.body.insert(at + end.size(), padding, ' ');
    return reply;
  }

  TenantSettings settings() const {
    SensorSettings ips;
    ips.name = {"sim-ips1"};
    ips.host = "127.0.0.1";
    ips.port = server->port();
    ips.pin = certificate.pin.substr(7);
    ips.login.user = "analyst";
    ips.login.password = {SecretReference::Kind::env, "UNUSED"};
    ips.subscription.long_poll = 1s;
    ips.subscription.retry_first = 100ms;
    ips.captures.ring.log_time = 300ms;
    ips.captures.margin = 100ms;
    ips.captures.retry_first = 200ms;
    ips.captures.confirm_wait = 100ms;
    TenantSettings tenant;
    tenant.tenant = {"acme"};
    tenant.name = "ACME";
    tenant.sensors.push_back(ips);
    tenant.desk = {"snow"};
    tenant.attach = AttachPolicy::trigger_packet;
    tenant.keep = keep;
    return tenant;
  }
  void start() {
    TenantRuntime::World world{executors,
                               clock,
                               [](LogLevel, std::string_view, std::string_view, std::string_view) {},
                               [this](const SecretReference&) {
                                 const std::lock_guard lock(mutex);
                                 return Result<Secret>(Secret(password));
                               },
                               desk,
                               folder,
                               "http://127.0.0.1:1",
                               {}};
    world.outbox.settle = settle;
    world.outbox.retry_first = 50ms;
    Result<std::unique_ptr<TenantRuntime>> made = make_tenant_runtime(settings(), std::move(world));
    ASSERT_TRUE(made) << made.error().text;
    runtime = std::move(*made);
    runtime->start();
  }
  void stop() {
    if (!runtime) return;
    desk->release();
    std::promise<void> stopped;
    const auto begin = std::chrono::steady_clock::now();
    runtime->stop([&] { stopped.set_value(); });
    stopped.get_future().get();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    runtime.reset();
  }
  Json report() {
    std::promise<std::string> promise;
    runtime->report(true, [&](std::string json) { promise.set_value(std::move(json)); });
    return parse_json(promise.get_future().get()).value_or(Json());
  }
  /// Asks until it holds, at most half a minute.
  template <typename Condition>
  bool becomes(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < end) {
      if (holds(report())) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }
  bool settles(std::uint64_t alerts) {
    return becomes([&](const Json& now) { return now["alerts"] == alerts && now["settled"] == true; });
  }
  static std::size_t captures_that(const Json& now, std::string_view state) {
    std::size_t count = 0;
    for (const Json& ticket : now["tickets"])
      for (const Json& capture : ticket["captures"]) count += text_at(capture, "state").starts_with(state) ? 1 : 0;
    return count;
  }

  const sim::SensorCertificate certificate = sim::make_certificate("sim-ips1", false);
  Executors executors{3, 2};
  SystemClock clock;
  std::mutex mutex;
  std::string folder, password = "secret";
  Keep keep;
  Nanoseconds settle{0};
  std::atomic<int> asked = 0, logins = 0;
  std::size_t padding = 0;
  bool logs = true;
  std::atomic<bool> over = false;
  std::unique_ptr<sim::Sensor> sensor;
  std::optional<sim::HttpServer> server;
  std::thread turning;
  std::shared_ptr<test::FakeDesk> desk;
  std::unique_ptr<TenantRuntime> runtime;
};

TEST_F(TenantRuntimeTest, EveryAlertGetsATicketAndEveryLogIsSealed) {
  raise(20);
  start();
  EXPECT_TRUE(settles(20));
  EXPECT_EQ(desk->tickets().size(), 20U);
  EXPECT_EQ(desk->repeated(), 0U);
  EXPECT_EQ(captures_that(report(), "sealed-complete"), 8U);
}

TEST_F(TenantRuntimeTest, LostAnswersAreLookedForAndNothingIsDoneTwice) {
  raise(20);
  desk->lose_answers(2);
  start();
  EXPECT_TRUE(settles(20));
  EXPECT_EQ(desk->repeated(), 0U);
  EXPECT_GT(desk->looked_up(), 10);
}

TEST_F(TenantRuntimeTest, AfterARestartNothingIsSentAgainAndTheSensorGoesOn) {
  raise(20, 20);
  start();
  EXPECT_TRUE(becomes([](const Json& now) { return now["alerts"] >= 5; }));
  stop();
  start();
  EXPECT_TRUE(settles(20));
  const int sent = desk->sent();
  stop();
  start();
  EXPECT_TRUE(settles(20));
  EXPECT_EQ(desk->sent(), sent);
  EXPECT_EQ(desk->repeated(), 0U);
  EXPECT_EQ(desk->tickets().size(), 20U);
}

TEST_F(TenantRuntimeTest, WhatTheDeskAnsweredRightBeforeAStopIsNotAskedForAgain) {
  raise(1);
  start();
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (desk->answered() < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  stop();
  const auto store = open_sqlite_store(cat(folder, "/tenants/acme/exhibit.db"));
  ASSERT_TRUE(store) << store.error().text;
  EXPECT_THAT((*store)->deliveries(DeliveryState::done, 10).value(), SizeIs(2));  // The ticket and its trigger packet.
  EXPECT_THAT((*store)->deliveries(DeliveryState::inflight, 10).value(), SizeIs(0));
}

TEST_F(TenantRuntimeTest, ATenantCanBeOpenedAgainWhileTheDeskStillHoldsCallsOfItsFormerLife) {
  raise(4);
  desk->hang();
  start();
  EXPECT_TRUE(becomes([&](const Json&) { return desk->hanging() > 0; }));
  const std::shared_ptr<TenantRuntime> former = std::move(runtime);
  std::promise<void> stopped;
  former->stop([&] { stopped.set_value(); });
  stopped.get_future().get();
  start();
  EXPECT_EQ(report()["failed"], nullptr);
  std::promise<bool> refused;
  former->list(10, 0, [&](const Result<std::vector<IncidentRow>>& rows) { refused.set_value(!rows); });
  EXPECT_TRUE(refused.get_future().get());
}

TEST_F(TenantRuntimeTest, WhatADeskIsOwedBeyondWhatMemoryHoldsIsDeliveredOnceOverARestart) {
  constexpr std::uint64_t alerts = limits::waiting_in_memory + 300;
  logs = false;
  raise(alerts);
  desk->hang();
  start();
  EXPECT_TRUE(becomes([&](const Json& now) { return now["alerts"] == alerts; }));
  EXPECT_EQ(report()["open_deliveries"], alerts * 2);  // A ticket and its trigger packet.
  stop();
  start();
  EXPECT_EQ(report()["open_deliveries"], alerts * 2);
  desk->go_on();
  EXPECT_TRUE(settles(alerts)) << report();
  EXPECT_EQ(desk->tickets().size(), alerts);
  EXPECT_EQ(desk->repeated(), 0U);
}

TEST_F(TenantRuntimeTest, TheOldestGoWhenTheBoundsAreMetAndNothingIsLost) {
  keep.rows = 4U << 20;
  raise(1200, 600);
  start();
  std::uint64_t most = 0;
  EXPECT_TRUE(becomes([&](const Json& now) {
    most = std::max(most, now["store_bytes"].get<std::uint64_t>());
    return now["alerts"] == 1200 && now["settled"] == true;
  }));
  EXPECT_EQ(desk->tickets().size(), 1200U);
  EXPECT_EQ(desk->repeated(), 0U);
  EXPECT_LE(most, keep.rows + keep.rows / 10);
  EXPECT_GE(most, keep.rows / 2) << "the bound was hardly met";
  EXPECT_LT(report()["tickets"].size(), 1100U);
  EXPECT_TRUE(becomes([&](const Json& now) { return now["store_bytes"] < keep.rows * 7 / 10; }));
  EXPECT_THAT(report()["conditions"], testing::IsEmpty());
}

TEST_F(TenantRuntimeTest, WhatIsOwedNeverGoesAndTheSensorKeepsTheRest) {
  keep.rows = 3U << 20;
  raise(1000);
  desk->hang();
  start();
  EXPECT_TRUE(becomes([](const Json& now) {
    return now["sensors"][0]["state"] == "paused" && !now["conditions"].empty() &&
           now["conditions"][0]["key"] == "store/bounds";
  }));
  const std::size_t taken = report()["tickets"].size();
  EXPECT_LT(taken, 1000U);
  EXPECT_EQ(report()["alerts"], taken) << "none of them went";
  stop();
  desk = std::make_shared<test::FakeDesk>(executors);
  start();
  EXPECT_TRUE(settles(1000));
  EXPECT_EQ(desk->tickets().size(), 1000U);
  EXPECT_TRUE(becomes([](const Json& now) { return now["conditions"].empty(); }));
}

TEST_F(TenantRuntimeTest, ASensorThatTakesNoPostForItsLogsIsAskedByGet) {
  raise(1, 0, true);
  start();
  EXPECT_TRUE(settles(1));
  EXPECT_EQ(captures_that(report(), "sealed-complete"), 1U);
}

TEST_F(TenantRuntimeTest, ABatchThatIsTooLargeComesInParts) {
  padding = limits::sdee_document / 60;
  raise(100);
  start();
  EXPECT_TRUE(settles(100));
  EXPECT_EQ(desk->tickets().size(), 100U);
  EXPECT_EQ(report()["gaps"], 0);
}

TEST_F(TenantRuntimeTest, TwoRefusedLoginsStopTheSensorUntilAnOperatorResumesIt) {
  raise(3);
  password = "wrong";
  start();
  const auto halted = [](const Json& now) { return now["sensors"][0]["state"] == "halted"; };
  EXPECT_TRUE(becomes(halted));
  EXPECT_EQ(asked, 2);
  EXPECT_FALSE(report()["conditions"].empty());
  {
    const std::lock_guard lock(mutex);
    password = "secret";
  }
  std::promise<bool> resumed;
  runtime->resume("sim-ips1", [&](const Result<void>& done) { resumed.set_value(done.has_value()); });
  EXPECT_TRUE(resumed.get_future().get());
  EXPECT_TRUE(settles(3));
  EXPECT_TRUE(becomes([](const Json& now) { return now["conditions"].empty(); }));
}

TEST_F(TenantRuntimeTest, PagesLedgerAndListAreAskedFromOtherThreadsWhileAlertsCome) {
  raise(40, 100);
  start();
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      for (int n = 0; n < 30; ++n) {
        std::promise<void> listed, noted;
        runtime->list(10, 0, [&](const Result<std::vector<IncidentRow>>& rows) {
          EXPECT_TRUE(rows);
          listed.set_value();
        });
        runtime->note_in_ledger("user:kim", "viewed", "list", "", [&](const Result<void>& done) {
          EXPECT_TRUE(done);
          noted.set_value();
        });
        listed.get_future().get();
        noted.get_future().get();
      }
    });
  for (std::thread& reader : readers) reader.join();
  EXPECT_TRUE(settles(40));
  std::promise<bool> unknown;
  runtime->page(LinkId{"nothing"}, [&](const Result<PageRows>& rows) {
    unknown.set_value(!rows && rows.error().code == Errc::not_found);
  });
  EXPECT_TRUE(unknown.get_future().get());
}

TEST_F(TenantRuntimeTest, RestartsBeforeTheFirstAlertTakeOneSlotOfTheSensorsFive) {
  raise(0);
  for (int life = 0; life < 6; ++life) {
    const int before = asked;
    start();
    EXPECT_TRUE(becomes([&](const Json&) { return asked >= before + 2; })) << "no answer to its first get is awaited";
    stop();
  }
  start();
  EXPECT_TRUE(becomes([](const Json& now) { return now["sensors"][0]["state"] == "following"; }));
}

/// No file of this process grows while it lives.
class NoFileGrows {
 public:
  NoFileGrows() {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~NoFileGrows() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  NoFileGrows(const NoFileGrows&) = delete;
  NoFileGrows& operator=(const NoFileGrows&) = delete;

 private:
  rlimit before_{};
};

TEST_F(TenantRuntimeTest, WhatTheDeskAnsweredWhileTheStoreRefusedIsNotAskedForAgain) {
  raise(1);
  settle = 10s;
  desk->hang();
  start();
  EXPECT_TRUE(becomes([&](const Json&) { return desk->hanging() == 1; }));
  {
    const NoFileGrows limit;
    desk->go_on();
    EXPECT_TRUE(becomes([](const Json& now) { return now["conditions"].dump().find("store:") != std::string::npos; }));
  }
  EXPECT_TRUE(becomes([&](const Json&) { return desk->answered() >= 2; })) << "its trigger packet follows the ticket";
  EXPECT_EQ(desk->looked_up(), 0);
  EXPECT_EQ(desk->repeated(), 0U);
}

TEST_F(TenantRuntimeTest, WhatASensorsLinkSaidIsSaidAgainOnceTheStoreTakesItsRow) {
  raise(1);
  password = "wrong";
  start();
  const auto named = [](const Json& now, std::string_view what) {
    return now["conditions"].dump().find(what) != std::string::npos;
  };
  {
    const NoFileGrows limit;
    EXPECT_TRUE(
        becomes([&](const Json& now) { return now["sensors"][0]["state"] == "halted" && named(now, "store:"); }));
    EXPECT_FALSE(named(report(), "login")) << "its row was refused";
  }
  EXPECT_TRUE(becomes([&](const Json& now) { return named(now, "login") && !named(now, "store:"); }));
}

TEST_F(TenantRuntimeTest, WhoLooksInOneMomentStandsInTheLedgerOnceBeforeItIsShown) {
  raise(1);
  start();
  constexpr int looks = 300;
  std::vector<std::future<bool>> shown;
  for (int i = 0; i < looks; ++i) {
    const auto one = std::make_shared<std::promise<bool>>();
    shown.push_back(one->get_future());
    runtime->note_in_ledger("user:kim", "viewed", cat("page ", i), "",
                            [one](const Result<void>& done) { one->set_value(done.has_value()); });
  }
  for (std::future<bool>& one : shown) EXPECT_TRUE(one.get());
  std::promise<void> stopped;
  runtime->stop([&] { stopped.set_value(); });
  stopped.get_future().get();
  std::promise<bool> refused;
  runtime->note_in_ledger("user:kim", "viewed", "too late", "",
                          [&](const Result<void>& done) { refused.set_value(!done); });
  EXPECT_TRUE(refused.get_future().get());
  const auto store = open_sqlite_store(cat(folder, "/tenants/acme/exhibit.db"));
  ASSERT_TRUE(store) << store.error().text;
  const auto entries = (*store)->ledger(1, 1000);
  ASSERT_THAT(*entries, SizeIs(looks));
  EXPECT_FALSE(verify_ledger(*entries));
  for (int i = 0; i < looks; ++i) EXPECT_EQ((*entries)[static_cast<std::size_t>(i)].object, cat("page ", i));
}

}  // namespace
}  // namespace exhibit
