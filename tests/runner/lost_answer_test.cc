#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "runtime/runner_process.h"
#include "tests/runner/desk_fixture.h"

namespace exhibit {
namespace {

using Kind = DeliveryOutcome::Kind;
using Found = DeliveryLookedUp::Found;
using ::testing::HasSubstr;

struct Fault {
  const char* mode;
  bool reused;
};

/// Every way in which an answer was seen to get lost, on a fresh connection and on one that was used before.
class LostAnswerTest : public DeskFixture, public ::testing::WithParamInterface<Fault> {
 protected:
  LostAnswerTest() { settings.deadline = std::chrono::milliseconds{700}; }
  std::string order(std::string_view call) const {
    return cat(GetParam().mode, ":on=", call, GetParam().reused ? ",reused=true" : "");
  }
};

TEST_P(LostAnswerTest, MakesNoSecondTicketAndNeverASecondPostWithoutALook) {
  misbehave(order("create"));
  // A used connection is not always back in its pool in time, so it may take some tickets to meet the fault.
  std::string id = "EXH1-A";
  DeliveryOutcome outcome = send(ensure(id));
  for (int i = 0; i < 20 && outcome.kind == Kind::done; ++i) {
    id = cat("EXH1-A", i);
    outcome = send(ensure(id));
  }
  EXPECT_EQ(outcome.kind, Kind::unknown) << outcome.why;
  EXPECT_EQ(deliver(ensure(id)).kind, Kind::done);
  const Json all = held();
  EXPECT_EQ(std::count_if(all["tickets"].begin(), all["tickets"].end(),
                          [&](const Json& ticket) { return ticket["fields"]["correlation_id"] == id; }),
            1);
  EXPECT_EQ(calls().find("cc"), std::string::npos) << calls();
}

TEST_P(LostAnswerTest, MakesNoSecondNote) {
  const DeliveryOutcome ticket = send(ensure("EXH1-A"));
  misbehave(order("note"));
  EXPECT_EQ(deliver(note(ticket, "CAPTURE READY")).kind, Kind::done);
  EXPECT_EQ(held()["tickets"][0]["work_notes"].size(), 2U);
  EXPECT_EQ(calls().find("nn"), std::string::npos) << calls();
}

TEST_P(LostAnswerTest, MakesNoSecondAttachment) {
  const DeliveryOutcome ticket = send(ensure("EXH1-A"));
  misbehave(order("attach"));
  EXPECT_EQ(deliver(attach(ticket, std::string(200'000, 'p'))).kind, Kind::done);
  EXPECT_EQ(held()["tickets"][0]["attachments"].size(), 1U);
  EXPECT_EQ(calls().find("aa"), std::string::npos) << calls();
}

std::vector<Fault> all_faults() {
  std::vector<Fault> faults;
  for (const char* mode : {"store-then-hang", "store-then-reset", "store-then-close", "store-then-500",
                           "store-then-502", "store-then-302", "store-then-200-html", "store-then-100-continue",
                           "store-then-drip", "hang", "reset", "close", "endless-header", "endless-body"})
    for (const bool reused : {false, true}) faults.push_back({mode, reused});
  return faults;
}

INSTANTIATE_TEST_SUITE_P(Desk, LostAnswerTest, ::testing::ValuesIn(all_faults()), [](const auto& test) {
  return cat(replace_all(test.param.mode, "-", "_"), test.param.reused ? "_reused" : "");
});

class RunnerDeathTest : public DeskFixture {
 protected:
  /// The runner is our only child.
  static std::vector<pid_t> runner_processes() {
    std::vector<pid_t> all;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream children(thread.path() / "children");
      for (pid_t process = 0; children >> process;) all.push_back(process);
    }
    return all;
  }
  static pid_t runner_process() {
    const auto all = runner_processes();
    return all.empty() ? -1 : all.front();
  }
};

TEST_F(RunnerDeathTest, InTheMiddleOfACreateCostsALookAndNoSecondTicket) {
  misbehave("store-then-hang:on=create");
  open_desk();
  std::promise<DeliveryOutcome> promise;
  desk->send({}, ensure("EXH1-A"), FileHandle(), [&](DeliveryOutcome got) { promise.set_value(std::move(got)); });
  while (tickets() == 0) std::this_thread::yield();
  ASSERT_EQ(::kill(runner_process(), SIGKILL), 0);
  EXPECT_EQ(promise.get_future().get().kind, Kind::unknown);
  EXPECT_EQ(look_up(ensure("EXH1-A")).found, Found::one);
  EXPECT_EQ(send(ensure("EXH1-A")).kind, Kind::done);
  EXPECT_EQ(tickets(), 1U);
}

TEST_F(RunnerDeathTest, AnEndlessAnswerEndsEarlyAndDoesNotFillTheRunnersMemory) {
  settings.deadline = std::chrono::seconds{20};
  for (const char* fault : {"endless-header", "endless-body"}) {
    misbehave(cat(fault, ":on=create"));
    DeliveryOutcome outcome = send(ensure(cat("EXH1-", fault)));
    // The library keeps the broken connection; the look-up that meets it fails and is simply done again.
    for (int i = 0; i < 3 && outcome.kind == Kind::retry; ++i) outcome = send(ensure(cat("EXH1-", fault)));
    EXPECT_EQ(outcome.kind, Kind::unknown) << fault << ": " << outcome.why;
  }
  std::ifstream status(cat("/proc/", runner_process(), "/status"));
  std::string line;
  while (std::getline(status, line) && !line.starts_with("VmHWM:")) {
  }
  std::uint64_t kilobytes = 0;
  std::istringstream(line.substr(6)) >> kilobytes;
  EXPECT_GT(kilobytes, 0U);
  EXPECT_LT(kilobytes, 200'000U);
}

TEST_F(RunnerDeathTest, NoNewRunnerStartsWhileAnOldOneMayStillReachTheDesk) {
  std::filesystem::create_directories(state + "/run");
  std::optional<FileHandle> lock = take_runner_lock(state + "/run/desk-snow.lock");
  ASSERT_TRUE(lock);
  EXPECT_FALSE(runner_is_gone(state, {"snow"}));
  const DeliveryOutcome outcome = send(ensure("EXH1-A"));
  EXPECT_EQ(outcome.kind, Kind::retry);
  EXPECT_EQ(calls(), "");
  lock.reset();
  EXPECT_TRUE(runner_is_gone(state, {"snow"}));
  EXPECT_EQ(send(ensure("EXH1-A")).kind, Kind::done);
  EXPECT_FALSE(runner_is_gone(state, {"snow"}));
}

TEST_F(RunnerDeathTest, WhereAskedEachTenantHasARunnerOfHisOwnAndTheDeskStillOneGate) {
  settings.runner_per_tenant = true;
  settings.concurrency = 2;
  open_desk();
  const auto sent = [&](const char* tenant) {
    std::promise<DeliveryOutcome> promise;
    auto outcome = promise.get_future();
    desk->send({{tenant}}, ensure(cat("EXH1-", tenant)), FileHandle(),
               [&promise](DeliveryOutcome got) { promise.set_value(std::move(got)); });
    return outcome.get().kind;
  };
  EXPECT_EQ(sent("acme"), Kind::done);
  EXPECT_EQ(sent("globex"), Kind::done);
  EXPECT_FALSE(runner_is_gone(state, {"snow"}, {"acme"}));
  EXPECT_FALSE(runner_is_gone(state, {"snow"}, {"globex"}));
  const std::vector<pid_t> both = runner_processes();
  ASSERT_EQ(both.size(), 2U);
  ASSERT_EQ(::kill(both[0], SIGKILL), 0);
  const auto gone = [&](const char* tenant) { return runner_is_gone(state, {"snow"}, {tenant}); };
  while (!gone("acme") && !gone("globex")) std::this_thread::yield();
  const char *dead = gone("acme") ? "acme" : "globex", *other = gone("acme") ? "globex" : "acme";
  EXPECT_EQ(sent(other), Kind::done);
  EXPECT_THAT(sent(dead), ::testing::AnyOf(Kind::done, Kind::unknown)) << "whether its death was heard of yet";
  const std::vector<pid_t> after = runner_processes();
  EXPECT_NE(std::find(after.begin(), after.end(), both[1]), after.end()) << "the other tenant's went on";
  EXPECT_EQ(tickets(), 2U);
}

TEST_F(RunnerDeathTest, StoppingTheDeskEndsEveryCallOnce) {
  misbehave("store-then-hang:on=create");
  open_desk();
  std::vector<std::promise<DeliveryOutcome>> promises(3);
  for (auto& promise : promises)
    desk->send({}, ensure("EXH1-A"), FileHandle(),
               [&promise](DeliveryOutcome got) { promise.set_value(std::move(got)); });
  while (tickets() == 0) std::this_thread::yield();
  close_desk();
  EXPECT_EQ(promises[0].get_future().get().kind, Kind::unknown);
  EXPECT_EQ(promises[1].get_future().get().kind, Kind::retry);
  EXPECT_EQ(promises[2].get_future().get().kind, Kind::retry);
}

}  // namespace
}  // namespace exhibit
