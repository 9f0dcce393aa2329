#include <gmock/gmock.h>

#include <set>

#include "sensorproto/sdee/subscription.h"
#include "tests/sensorproto/sensor_answers.h"

namespace exhibit {
namespace {

const std::string event = alert(5);

struct Case {
  const char* name;
  int status;
  std::string body;
  std::string when_closed, when_ready;  ///< What follows this answer to an open, and to a get.
};

const Case cases[] = {
    {"Opened", 200, opened, "await", "await"},
    {"Events", 200, event, "pause, open", "await"},
    {"Nothing", 200, body("<sd:events></sd:events>"), "pause, open", "await"},
    {"LoginRefused", 401, "", "pause, open", "pause, get, not confirmed"},
    {"ServerError", 500, "<html>oops</html>", "pause, open", "pause, get, not confirmed"},
    {"GoodWordsBadStatus", 503, event, "pause, open", "pause, get, not confirmed"},
    {"Unreadable", 200, "<broken", "pause, open", "pause, get, not confirmed"},
    {"NotFound", 200, fault("errNotFound"), "pause, open", "open"},
    {"NotFoundWithStatus", 404, fault("errNotFound"), "pause, open", "open"},
    {"Permission", 200, fault("errPermissionDenied"), "halted permission-denied", "halted permission-denied"},
    {"Token", 200, fault("errAuthenticationTokenExpired"), "halted permission-denied", "halted permission-denied"},
    {"NotAvailable", 200, fault("errNotAvailable"), "halted not-available", "pause, get, not confirmed"},
    {"Full", 200, fault("errLimitExceeded"), "pause, open", "pause, get, not confirmed"},
};

class SubscriptionAnswer : public testing::TestWithParam<Case> {};

/// The whole table of the picture in subscription.h.
TEST_P(SubscriptionAnswer, LeadsToTheDrawnStep) {
  SdeeSubscription closed({}, {});
  (void)closed.next();
  (void)closed.answered({GetParam().status, "id=xyz; path=/", GetParam().body});
  EXPECT_EQ(wants(closed), GetParam().when_closed);

  SdeeSubscription ready({}, {});
  (void)ready.next();
  (void)ready.answered({200, "id=xyz", opened});
  ready.committed();
  ASSERT_EQ(wants(ready), "get, not confirmed");
  (void)ready.answered({GetParam().status, "", GetParam().body});
  EXPECT_EQ(wants(ready), GetParam().when_ready);
}

INSTANTIATE_TEST_SUITE_P(All, SubscriptionAnswer, testing::ValuesIn(cases),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(SubscriptionTransitions, ResumedFromWhereverItHalted) {
  SdeeSubscription never_opened({}, {});
  (void)never_opened.next();
  (void)never_opened.answered({200, "", fault("errNotAvailable")});
  never_opened.resume();
  EXPECT_EQ(wants(never_opened), "open");

  SdeeSubscription open({}, {"sub-3", "", "", 0});
  (void)open.next();
  (void)open.answered({200, "", fault("errPermissionDenied")});
  open.resume();
  EXPECT_EQ(wants(open), "get, not confirmed") << "its slot is still there";

  SdeeSubscription at_work({}, {"sub-3", "", "", 0});
  (void)at_work.next();
  (void)at_work.answered({200, "", event});
  at_work.resume();
  EXPECT_EQ(wants(at_work), "await") << "what is not stored is not acknowledged by a person's word either";
}

TEST(SubscriptionTransitions, TwoFailuresInARowAreOnePause) {
  SdeeSubscription subscription({}, {"sub-3", "", "", 0});
  (void)subscription.next();
  subscription.failed("timeout");
  subscription.failed("timeout");
  EXPECT_EQ(wants(subscription), "pause, get, not confirmed");
}

TEST(SubscriptionTransitions, ASensorThatForgetsUsAgainAndAgainIsGivenTime) {
  SdeeSubscription subscription({}, {"sub-3", "", "", 0});
  EXPECT_EQ(wants(subscription), "get, not confirmed");
  (void)subscription.answered({200, "", fault("errNotFound")});
  EXPECT_EQ(wants(subscription), "open");
  (void)subscription.answered({200, "", opened});
  subscription.committed();
  subscription.failed("timeout");
  EXPECT_EQ(wants(subscription), "pause, get, not confirmed");
  (void)subscription.answered({200, "", fault("errNotFound")});
  EXPECT_EQ(wants(subscription), "pause, open");
}

TEST(SubscriptionTransitions, PoisonIsCountedByWhatItIs) {
  SdeeSubscription subscription({}, {"sub-3", "", "", 0});
  for (const char* poison : {"<a", "<b", "<a", "<b", "<a"}) {
    (void)wants(subscription);
    EXPECT_FALSE(subscription.answered({200, "", poison})) << "never the same three times in a row";
  }
}

TEST(SubscriptionTransitions, AnUnreadableAnswerToOpenIsNeverTakenForABatch) {
  SdeeSubscription subscription({}, {});
  for (int i = 0; i < 5; ++i) {
    (void)subscription.next();
    EXPECT_FALSE(subscription.answered({200, "", "<broken"}));
    EXPECT_EQ(wants(subscription), "pause, open");
  }
}

TEST(SubscriptionTransitions, ForceIsSentOnlyWhereTheTenantSaysSo) {
  SdeeSubscription::Settings settings;
  settings.force = true;
  SdeeSubscription subscription(settings, {});
  EXPECT_THAT(std::get<SensorRequest>(subscription.next()).target, testing::HasSubstr("force=yes"));
}

TEST(SubscriptionTransitions, TheSensorsOwnWordsAreSentBackEncoded) {
  SdeeSubscription subscription({}, {"a/b c&d=ZZ-._~09", "s&1", "", 0});
  EXPECT_THAT(std::get<SensorRequest>(subscription.next()).target,
              testing::HasSubstr("subscriptionId=a%2fb%20c%26d%3dZZ-._~09&sessionId=s%261&"));
}

TEST(SubscriptionTransitions, ASessionIdThatChangesIsKeptWithTheBatch) {
  SdeeSubscription subscription({}, {"sub-3", "old", "", 0});
  (void)subscription.next();
  const auto batch = subscription.answered(
      {200, "",
       cat("<env:Envelope xmlns:env='e' xmlns:sd='s'><env:Header><sd:oobInfo><sd:sessionId>new</sd:sessionId>"
           "</sd:oobInfo></env:Header><env:Body><sd:sessionId>new</sd:sessionId><sd:events/></env:Body>"
           "</env:Envelope>")});
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->cursor.session_id, "new");
}

TEST(SubscriptionTransitions, EventsOfEveryKindMoveTheCursorAndUnknownOnesDoNot) {
  SdeeSubscription subscription({}, {"sub-3", "", "", 0});
  (void)subscription.next();
  const auto batch = subscription.answered(
      {200, "",
       body("<sd:events><sd:evStatus eventId='1'><sd:time>7000000000</sd:time><sd:other/></sd:evStatus>"
            "<sd:evError eventId='2'><sd:time>8000000000</sd:time></sd:evError><sd:evIdsAlert eventId='3'/>"
            "<sd:evShunRqst eventId='4'><sd:time>9000000000</sd:time></sd:evShunRqst></sd:events>")});
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->events.size(), 4U);
  EXPECT_EQ(batch->cursor.last_time_ns, 8'000'000'000);
}

}  // namespace
}  // namespace exhibit
