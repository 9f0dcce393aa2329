#include "sensorproto/sdee/subscription.h"

#include <gmock/gmock.h>

#include "tests/sensorproto/sensor_answers.h"

namespace exhibit {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string nothing = body("<sd:events></sd:events>");

class SubscriptionTest : public testing::Test {
 protected:
  std::string request() {
    const auto next = subscription.next();
    const auto* made = std::get_if<SensorRequest>(&next);
    return made                                                          ? made->target
           : std::holds_alternative<SdeeSubscription::Pause>(next)       ? "pause"
           : std::holds_alternative<SdeeSubscription::AwaitCommit>(next) ? "await"
                                                                         : "halted";
  }
  auto answer(const std::string& text, int status = 200) {
    return subscription.answered({status, "id=xyz; path=/", text});
  }
  void open() {
    (void)subscription.next();
    (void)answer(opened);
    subscription.committed();
  }

  SdeeSubscription subscription{{}, {}};
};

TEST_F(SubscriptionTest, OpensFromTheBeginningAndAsksForTheThreeKindsOfEvents) {
  EXPECT_EQ(
      request(),
      "/cgi-bin/sdee-server?action=open&events=evIdsAlert+evStatus+evError&force=no&sessionCookies=yes&startTime=0");
}

TEST_F(SubscriptionTest, AcknowledgesOnlyWhatIsCommitted) {
  open();
  EXPECT_THAT(request(), HasSubstr("action=get&subscriptionId=sub-7&confirm=no"));
  ASSERT_TRUE(answer(alert(5)));
  EXPECT_EQ(request(), "await");
  EXPECT_EQ(request(), "await");
  subscription.committed();
  EXPECT_THAT(request(), HasSubstr("confirm=yes"));
}

TEST_F(SubscriptionTest, AFailedCommitAsksForTheSameBatchAgain) {
  open();
  (void)request();
  ASSERT_TRUE(answer(alert(5)));
  subscription.commit_failed();
  EXPECT_EQ(request(), "pause");
  EXPECT_THAT(request(), HasSubstr("confirm=no"));
}

TEST_F(SubscriptionTest, ALostAnswerAsksForItAgain) {
  open();
  (void)request();
  subscription.failed("timeout");
  EXPECT_EQ(request(), "pause");
  EXPECT_THAT(request(), HasSubstr("confirm=no"));
}

TEST(Subscription, AfterARestartTheFirstGetSaysConfirmNo) {
  SdeeSubscription resumed({}, {"sub-3", "sess", "id=1", 5'000'000'000});
  const auto request = std::get<SensorRequest>(resumed.next());
  EXPECT_THAT(request.target, HasSubstr("action=get&subscriptionId=sub-3&sessionId=sess&confirm=no"));
  EXPECT_EQ(request.cookie, "id=1");
}

/// The process died after it had asked for more. The sensor acts on that request only after the next process has asked:
/// what it hands out then goes to nobody, and must not be acknowledged.
TEST(Subscription, ARequestOfAnEarlierLifeMayComeLate) {
  SdeeSubscription resumed({}, {"sub-3", "", "", 0});
  EXPECT_EQ(wants(resumed), "get, not confirmed");
  ASSERT_TRUE(resumed.answered({200, "", alert(5)}));
  resumed.committed();
  EXPECT_EQ(wants(resumed), "pause, get, not confirmed");
  ASSERT_TRUE(resumed.answered({200, "", alert(6)})) << "which the late request was given first";
  resumed.committed();
  EXPECT_EQ(wants(resumed), "pause, get, not confirmed");
  ASSERT_TRUE(resumed.answered({200, "", alert(6)}));
  resumed.committed();
  EXPECT_EQ(wants(resumed), "get, confirmed");
}

TEST(Subscription, ASensorThatHasNothingNewIsAskedTwice) {
  SdeeSubscription resumed({}, {"sub-3", "", "", 0});
  for (const char* next : {"pause, get, not confirmed", "get, confirmed"}) {
    (void)wants(resumed);
    ASSERT_TRUE(resumed.answered({200, "", nothing}));
    resumed.committed();
    EXPECT_EQ(wants(resumed), next);
  }
}

TEST(Subscription, ASensorThatKnowsNoConfirmIsNotAskedSlowlyForEver) {
  SdeeSubscription resumed({}, {"sub-3", "", "", 0});
  int asked = 0;
  while (wants(resumed) != "get, confirmed" && asked < 10) {
    ASSERT_TRUE(resumed.answered({200, "", alert(++asked)}));
    resumed.committed();
  }
  EXPECT_EQ(asked, 3);
}

TEST(Subscription, AConnectionThatBreaksLeavesTheSameDoubt) {
  SdeeSubscription subscription({}, {});
  (void)wants(subscription);
  (void)subscription.answered({200, "id=xyz", opened});
  subscription.committed();
  EXPECT_EQ(wants(subscription), "get, not confirmed");
  subscription.failed("timeout");
  EXPECT_EQ(wants(subscription), "pause, get, not confirmed");
  ASSERT_TRUE(subscription.answered({200, "", alert(5)}));
  subscription.committed();
  EXPECT_EQ(wants(subscription), "pause, get, not confirmed");
}

TEST(Subscription, ALostSubscriptionIsOpenedAgainFromTheCursorWithAnOverlap) {
  SdeeSubscription resumed({}, {"sub-3", "", "", 100'000'000'000});
  (void)resumed.next();
  EXPECT_FALSE(resumed.answered({200, "", fault("errNotFound")}));
  EXPECT_THAT(std::get<SensorRequest>(resumed.next()).target, HasSubstr("action=open"));
  EXPECT_THAT(std::get<SensorRequest>(resumed.next()).target, HasSubstr("startTime=40000000000"));
}

TEST_F(SubscriptionTest, TwoRefusedLoginsStopItUntilItIsResumed) {
  (void)request();
  (void)answer("", 401);
  EXPECT_EQ(request(), "pause");
  (void)request();
  (void)answer("", 401);
  EXPECT_EQ(request(), "halted");
  EXPECT_EQ(request(), "halted");
  subscription.resume();
  EXPECT_THAT(request(), HasSubstr("action=open"));
}

TEST_F(SubscriptionTest, AFullSensorIsAskedAgainLaterAndNeverForced) {
  (void)request();
  (void)answer(fault("errLimitExceeded"));
  EXPECT_EQ(request(), "pause");
  EXPECT_THAT(request(), HasSubstr("force=no"));
}

TEST_F(SubscriptionTest, MissedEventsBecomeAGap) {
  open();
  (void)request();
  const auto batch =
      answer(body("<sd:missedEvents>true</sd:missedEvents><sd:events><sd:evIdsAlert "
                  "eventId='5'><sd:time>5000000000</sd:time></sd:evIdsAlert></sd:events>"));
  ASSERT_TRUE(batch && batch->gap);
  EXPECT_EQ(batch->gap->cause, "missed-events");
  EXPECT_EQ(batch->gap->to_ns, 5'000'000'000);
}

TEST_F(SubscriptionTest, TheSamePoisonThreeTimesIsPutAsideWithAGap) {
  open();
  for (int i = 0; i < 2; ++i) {
    (void)request();
    EXPECT_FALSE(answer("<broken"));
    EXPECT_EQ(request(), "pause");
  }
  EXPECT_THAT(request(), HasSubstr("confirm=no"));
  const auto batch = answer("<broken");
  ASSERT_TRUE(batch && batch->gap);
  EXPECT_EQ(batch->gap->cause, "unreadable-batch");
  EXPECT_THAT(batch->unreadable, SizeIs(1));
  subscription.committed();
  EXPECT_THAT(request(), HasSubstr("confirm=yes"));
}

TEST_F(SubscriptionTest, AnAnswerThatIsTooLargeIsAskedForInSmallerPartsAndThenInLargerOnes) {
  open();
  for (const char* asked : {"=100&", "=25&"}) {
    EXPECT_THAT(request(), HasSubstr(cat("maxNbrOfEvents", asked)));
    EXPECT_FALSE(subscription.too_large("<env:Env", "too large"));
  }
  EXPECT_THAT(request(), HasSubstr("confirm=no&maxNbrOfEvents=6&"));
  std::vector<std::string> asked(9, "=6&");
  asked.insert(asked.end(), {"=24&", "=96&", "=100&", "=100&"});
  for (const std::string& each : asked) {
    EXPECT_THAT(request(), HasSubstr(cat("maxNbrOfEvents", each)));
    ASSERT_TRUE(answer(alert(5)));
    subscription.committed();
  }
  EXPECT_THAT(request(), HasSubstr("confirm=yes"));
}

TEST_F(SubscriptionTest, AnEventThatIsTooLargeByItselfIsPutAsideAndTheFeedGoesOn) {
  open();
  std::optional<SdeeBatch> batch;
  int asked = 0;
  for (; !batch; ++asked) {
    ASSERT_THAT(request(), HasSubstr("action=get")) << asked;
    batch = subscription.too_large("<env:Env", "the answer is larger than we take");
    if (!batch && asked >= 3) {
      EXPECT_EQ(request(), "pause");
    }
  }
  EXPECT_EQ(asked, 6) << "100, 25, 6, and 1 three times";
  ASSERT_TRUE(batch->gap);
  EXPECT_EQ(batch->gap->cause, "unreadable-batch");
  ASSERT_THAT(batch->unreadable, SizeIs(1));
  EXPECT_EQ(batch->unreadable[0].raw, "<env:Env");
  subscription.committed();
  EXPECT_THAT(request(), HasSubstr("confirm=yes&maxNbrOfEvents=1&"));
}

TEST_F(SubscriptionTest, ABatchThatIsAskedForAgainIsAskedForInTheSameSize) {
  open();
  (void)request();
  subscription.failed("timeout");  // From here on a late request may take a batch.
  EXPECT_EQ(request(), "pause");
  (void)request();
  EXPECT_FALSE(subscription.too_large("<env:Env", "too large"));
  for (const char* step : {"=25&", "pause", "confirm=no&maxNbrOfEvents=25&", "confirm=yes&maxNbrOfEvents=25&"}) {
    const std::string next = request();
    EXPECT_THAT(next, HasSubstr(step));
    if (next == "pause") continue;
    ASSERT_TRUE(answer(alert(5)));
    subscription.committed();
  }
}

TEST_F(SubscriptionTest, ASensorThatRepeatsTheSameBatchWhateverIsAskedForIsHeardWithMorePatience) {
  open();
  std::size_t taken = 0;
  for (int i = 0; i < 4; ++i) {
    auto next = subscription.next();
    if (std::holds_alternative<SdeeSubscription::Pause>(next)) next = subscription.next();
    const std::size_t most = std::get<SensorRequest>(next).answer_max;
    EXPECT_GE(most, taken);
    taken = most;
    if (i < 3) {
      EXPECT_FALSE(subscription.too_large("<env:Env", "too large"));
    }
  }
  EXPECT_EQ(taken, 4U << 20);
}

TEST_F(SubscriptionTest, AnAnswerToOpenThatIsTooLargeIsNoBatch) {
  for (int i = 0; i < 12; ++i) {
    EXPECT_THAT(request(), HasSubstr("action=open"));
    EXPECT_FALSE(subscription.too_large("<env:Env", "too large"));
    EXPECT_EQ(request(), "pause");
  }
}

TEST_F(SubscriptionTest, OurOwnLoginsAreNoNews) {
  open();
  (void)request();
  const auto batch =
      answer(body("<sd:events><evStatus eventId='8'><time>9000000000</time><loginAction/></evStatus></sd:events>"));
  ASSERT_TRUE(batch);
  EXPECT_TRUE(batch->events.empty());
  EXPECT_EQ(batch->cursor.last_time_ns, 0);
}

TEST_F(SubscriptionTest, PausesGrowAndEnd) {
  (void)request();
  Nanoseconds last{0};
  for (int i = 0; i < 12; ++i) {
    subscription.failed("refused");
    const auto pause = std::get<SdeeSubscription::Pause>(subscription.next());
    EXPECT_GE(pause.length, last);
    last = pause.length;
    (void)subscription.next();
  }
  EXPECT_EQ(last, std::chrono::seconds{120});
}

TEST_F(SubscriptionTest, AsksForNothingBeforeItsSlotIsStored) {
  (void)request();
  const auto batch = answer(opened);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->cursor.subscription_id, "sub-7");
  EXPECT_THAT(batch->events, IsEmpty());
  EXPECT_EQ(request(), "await");
  subscription.committed();
  EXPECT_THAT(request(), HasSubstr("action=get&subscriptionId=sub-7&confirm=no"))
      << "late, after another life's get, it would acknowledge what nobody stored";
}

TEST_F(SubscriptionTest, ASlotThatCouldNotBeStoredIsUsedAllTheSame) {
  (void)request();
  ASSERT_TRUE(answer(opened));
  subscription.commit_failed();
  EXPECT_EQ(request(), "pause");
  EXPECT_THAT(request(), HasSubstr("action=get&subscriptionId=sub-7&confirm=no"));
}

}  // namespace
}  // namespace exhibit
