#include "engine/capture_tracker.h"

#include <gmock/gmock.h>

#include "acme_engine.h"
#include "base/text.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using Pulled = FetchEnded::Kind;

using test::sensor;
const IncidentId one{"inc-1"}, two{"inc-2"};
const EvidenceId sealed{"aa"}, other{"bb"};

class CaptureTrackerTest : public testing::Test {
 protected:
  CaptureTrackerTest() { tracker.configure(sensor, {}); }

  Now at(Nanoseconds since) const { return {start.wall + since, start.mono + since}; }
  CaptureKey named(const IncidentId& incident, Nanoseconds when, bool on_demand = false,
                   const std::string& log = "77") {
    test::AlertXml xml;
    xml.time_ns = cat(ns_of(at(when).wall));
    return tracker.named(sensor, log, incident, xml.alert(at(when).wall), on_demand, at(when), out);
  }
  void heard(StatusEvent::IpLogPhase phase, Nanoseconds when) {
    StatusEvent event;
    event.ip_log = 77;
    event.ip_log_phase = phase;
    event.time.ns = ns_of(at(when).wall);
    tracker.status(sensor, event, at(when), out);
  }
  void ended(Pulled kind, Nanoseconds when, std::optional<EvidenceId> evidence = {}, std::uint64_t bytes = 100) {
    tracker.fetch_ended({key, kind, std::move(evidence), bytes, "why"}, at(when), out);
  }
  void tick(Nanoseconds when) { tracker.tick(at(when), out); }
  int fetches() {
    const auto is_fetch = [](const Effect& effect) { return std::holds_alternative<FetchCapture>(effect); };
    const auto count = std::count_if(out.effects.begin(), out.effects.end(), is_fetch);
    out = {};
    return static_cast<int>(count);
  }
  std::string state() const {
    const CaptureRow* row = tracker.find(key);
    return row->cause == CaptureCause::none ? std::string(token(row->state))
                                            : cat(token(row->state), " ", token(row->cause));
  }

  const Now start{wall_from_ns(1'800'000'000'000'000'000), MonoTime{1h}};
  CaptureTracker tracker;
  Reaction out;
  CaptureKey key{sensor, "77", 0};
};

TEST_F(CaptureTrackerTest, ACompletionIsFetchedAtOnceAndSealed) {
  named(one, 0s);
  heard(StatusEvent::IpLogPhase::started, 1s);
  EXPECT_EQ(state(), "recording");
  heard(StatusEvent::IpLogPhase::completed, 20s);
  tick(20s);
  EXPECT_EQ(fetches(), 1);
  ended(Pulled::whole, 21s, sealed);
  EXPECT_EQ(state(), "sealed-complete");
}

TEST_F(CaptureTrackerTest, ALogNamedByTwoAlertsIsFetchedOnceForBoth) {
  named(one, 0s);
  EXPECT_EQ(named(two, 2s), key);
  heard(StatusEvent::IpLogPhase::completed, 30s);
  heard(StatusEvent::IpLogPhase::completed, 31s);
  tick(31s);
  EXPECT_EQ(fetches(), 1);
  EXPECT_THAT(tracker.find(key)->incidents, testing::ElementsAre(one, two));
}

TEST_F(CaptureTrackerTest, WithoutAWordOfTheSensorTheTimerPullsAndTwoEqualPullsProveCompleteness) {
  named(one, 0s);
  tick(32s);
  EXPECT_EQ(fetches(), 0);
  tick(33s);
  EXPECT_EQ(fetches(), 1);
  ended(Pulled::whole, 34s, sealed);
  EXPECT_EQ(state(), "due");
  tick(44s);
  EXPECT_EQ(fetches(), 1);
  ended(Pulled::whole, 45s, sealed);
  EXPECT_EQ(state(), "sealed-complete");
}

TEST_F(CaptureTrackerTest, ALogThatStillGrowsIsPulledAgain) {
  named(one, 0s);
  tick(33s);
  ended(Pulled::whole, 34s, sealed);
  tick(44s);
  ended(Pulled::whole, 45s, other);
  EXPECT_EQ(state(), "due");
  tick(55s);
  ended(Pulled::whole, 56s, other);
  EXPECT_EQ(state(), "sealed-complete");
  EXPECT_EQ(tracker.find(key)->evidence, other);
}

TEST_F(CaptureTrackerTest, ACompletionHeardBeforeItsAlertIsRemembered) {
  heard(StatusEvent::IpLogPhase::completed, 0s);
  tick(1s);
  EXPECT_EQ(fetches(), 0);  // Nobody wants it yet.
  named(one, 5s);
  tick(5s);
  EXPECT_EQ(fetches(), 1);
}

TEST_F(CaptureTrackerTest, AMoreAlertLengthensTheWait) {
  named(one, 0s);
  named(two, 20s);
  tick(33s);
  EXPECT_EQ(fetches(), 0);
  tick(53s);
  EXPECT_EQ(fetches(), 1);
}

struct GoneCase {
  const char* name;
  bool heard, refused, restarted;
  Nanoseconds when;
  const char* expected;
};
class Gone : public CaptureTrackerTest, public testing::WithParamInterface<GoneCase> {};

TEST_P(Gone, NotFoundMeansWhatElseIsKnown) {
  const GoneCase& given = GetParam();
  named(one, 0s);
  if (given.heard) heard(StatusEvent::IpLogPhase::started, 1s);
  if (given.refused) {
    ErrorEvent error;
    error.ip_log_refused = true;
    error.text = "IpLogProcessor::addIpLog: Ran out of file descriptors";
    tracker.refused(sensor, error, at(1s), out);
  }
  if (given.restarted) {
    StatusEvent event;
    event.detail = "applicationStarted";
    event.time.ns = ns_of(at(5s).wall);
    tracker.status(sensor, event, at(5s), out);
  }
  tick(given.when);
  ended(Pulled::gone, given.when + 1s);
  EXPECT_EQ(state(), given.expected);
  EXPECT_FALSE(tracker.find(key)->proof.empty());
}

INSTANTIATE_TEST_SUITE_P(Causes, Gone,
                         testing::Values(GoneCase{"Unknown", false, false, false, 33s, "lost id-unknown"},
                                         GoneCase{"Heard", true, false, false, 33s, "lost overwritten"},
                                         GoneCase{"Late", false, false, false, 25h, "lost overwritten"},
                                         GoneCase{"Busy", false, true, false, 33s, "lost writers-busy"},
                                         GoneCase{"Restarted", true, false, true, 33s, "lost sensor-restarted"}),
                         [](const auto& given) { return std::string(given.param.name); });

TEST_F(CaptureTrackerTest, WhatWasHadBeforeItWasGoneIsKeptAsPartial) {
  named(one, 0s);
  tick(33s);
  ended(Pulled::whole, 34s, sealed);
  tick(44s);
  ended(Pulled::gone, 45s);
  EXPECT_EQ(state(), "sealed-partial overwritten");
}

TEST_F(CaptureTrackerTest, EveryFailureEndsWithItsOwnCause) {
  const std::pair<Pulled, const char*> cases[] = {{Pulled::login_refused, "lost login-refused"},
                                                  {Pulled::certificate_refused, "lost certificate-refused"},
                                                  {Pulled::unreachable, "lost sensor-unreachable"},
                                                  {Pulled::damaged, "lost damaged-log"},
                                                  {Pulled::empty, "lost empty-log"},
                                                  {Pulled::store_refused, "lost disk-full"},
                                                  {Pulled::too_large, "lost too-large"}};
  for (const auto& [kind, expected] : cases) {
    tracker = {};
    tracker.configure(sensor, {});
    out = {};
    named(one, 0s);
    for (Nanoseconds when = 33s; !is_settled(tracker.find(key)->state) && when < 72h; when += 60s) {
      tick(when);
      if (fetches() == 1) ended(kind, when + 1s);
      EXPECT_EQ(fetches(), 0);
    }
    EXPECT_EQ(state(), expected);
  }
}

TEST_F(CaptureTrackerTest, ACutTransferIsTriedAgainAndThenKeptAsFarAsItGoes) {
  named(one, 0s);
  for (Nanoseconds when = 33s; !is_settled(tracker.find(key)->state); when += 200s) {
    tick(when);
    ended(Pulled::cut, when + 1s, sealed);
  }
  EXPECT_EQ(state(), "sealed-partial damaged-log");
}

TEST_F(CaptureTrackerTest, OnDemandWaitsForSomebodyToAsk) {
  named(one, 0s, true);
  heard(StatusEvent::IpLogPhase::completed, 30s);
  tick(60s);
  EXPECT_EQ(fetches(), 0);
  tracker.asked(key, at(61s), out);
  EXPECT_EQ(fetches(), 1);
}

TEST_F(CaptureTrackerTest, WhatNobodyAskedForIsLostWhenTheRingHasTurned) {
  named(one, 0s, true);
  tick(25h);
  EXPECT_EQ(state(), "lost policy-never");
  EXPECT_EQ(fetches(), 0);
}

TEST_F(CaptureTrackerTest, ARemovedLogIsLostWithTheSensorsWordAsProof) {
  named(one, 0s);
  heard(StatusEvent::IpLogPhase::removed, 10s);
  EXPECT_EQ(state(), "lost overwritten");
  EXPECT_THAT(tracker.find(key)->proof, testing::Contains(testing::HasSubstr("ipLogRemoved")));
}

TEST_F(CaptureTrackerTest, ANumberUsedAgainIsAnotherCapture) {
  named(one, 0s);
  heard(StatusEvent::IpLogPhase::completed, 30s);
  tick(30s);
  ended(Pulled::whole, 31s, sealed);
  const CaptureKey again = named(two, 1h);
  EXPECT_EQ(again.epoch, 1U);
  EXPECT_EQ(state(), "sealed-complete");
}

TEST_F(CaptureTrackerTest, ALateAlertOfASealedLogJoinsIt) {
  named(one, 0s);
  heard(StatusEvent::IpLogPhase::completed, 30s);
  tick(30s);
  ended(Pulled::whole, 31s, sealed);
  test::AlertXml xml;
  xml.time_ns = cat(ns_of(at(10s).wall));
  EXPECT_EQ(tracker.named(sensor, "77", two, xml.alert(at(60s).wall), false, at(60s), out), key);
}

TEST_F(CaptureTrackerTest, AtMostTwoPullsASensorAndTheMostUrgentFirst) {
  named(one, 0s, false, "1");
  named(one, 1s, false, "2");
  named(one, 2s, false, "3");
  tick(40s);
  EXPECT_EQ(fetches(), 2);
  EXPECT_EQ(tracker.find({sensor, "3", 0})->state, CaptureState::due);
}

TEST_F(CaptureTrackerTest, APullThatDiedWithItsProcessIsDueAgain) {
  named(one, 0s);
  tick(33s);
  CaptureTracker restored;
  restored.configure(sensor, {});
  restored.restore({*tracker.find(key)}, {}, at(40s));
  EXPECT_EQ(restored.find(key)->state, CaptureState::due);
  Reaction reaction;
  restored.tick(at(40s), reaction);
  EXPECT_EQ(reaction.effects.size(), 1U);
}

TEST_F(CaptureTrackerTest, AJumpedClockNeitherHurriesNorWaitsForYears) {
  named(one, 0s);
  for (const Nanoseconds jump : {-Nanoseconds(87'600h), Nanoseconds(87'600h)}) {
    CaptureTracker restored;
    restored.configure(sensor, {});
    const Now jumped{start.wall + jump, start.mono};
    restored.restore({*tracker.find(key)}, {}, jumped);
    EXPECT_LE(restored.next_wake().value(), jumped.mono + 1h);
  }
}

TEST(RingForecast, ABusyRingIsSafeForAShorterTime) {
  RingForecast forecast({64, 20, 30s});
  const Nanoseconds quiet = forecast.safe_for(MonoTime{1h});
  for (int i = 0; i < 20; ++i) forecast.new_log_seen(MonoTime{1h + std::chrono::seconds{i * 30}});
  const Nanoseconds busy = forecast.safe_for(MonoTime{1h + 600s});
  EXPECT_LT(busy, quiet);
  EXPECT_NEAR(static_cast<double>(busy / 1s), 44.0 / 2.1 * 60 + 30, 120);
  EXPECT_EQ(quiet, Nanoseconds(22h) + 30s);
}

TEST_F(CaptureTrackerTest, TheEndOfAPullThatARestoredEngineNeverBeganChangesNothing) {
  key = named(one, 0s);
  tick(40s);
  const CaptureRow fetching = *tracker.find(key);
  CaptureTracker restored;
  restored.configure(sensor, {});
  restored.restore({fetching}, {}, at(41s));  // A commit was refused; the pull still runs.
  Reaction reaction;
  restored.fetch_ended({key, Pulled::whole, sealed, 100, ""}, at(42s), reaction);
  EXPECT_EQ(restored.find(key)->state, CaptureState::due);
  restored.tick(at(43s), reaction);
  EXPECT_EQ(restored.find(key)->state, CaptureState::fetching);
}

TEST_F(CaptureTrackerTest, WhatSomebodyMayStillSpeakOfIsNotForgotten) {
  key = named(one, 0s);
  tracker.fetch_ended({key, Pulled::too_large, {}, 0, ""}, at(1s), out);
  tick(40s);
  ended(Pulled::too_large, 41s);
  tracker.forget_settled_before(at(100h).wall, {key});
  ASSERT_NE(tracker.find(key), nullptr);
  tracker.forget_settled_before(at(100h).wall, {});
  EXPECT_EQ(tracker.find(key), nullptr);
}

TEST_F(CaptureTrackerTest, ALogThatEndedWhileItWasPulledIsPulledOnceMore) {
  named(one, 0s);
  tick(33s);
  ASSERT_EQ(fetches(), 1);
  heard(StatusEvent::IpLogPhase::completed, 34s);
  ended(Pulled::whole, 35s, sealed);
  EXPECT_EQ(state(), "due") << "what was pulled may lack the end";
  tick(46s);
  ended(Pulled::whole, 47s, EvidenceId{"whole"});
  EXPECT_EQ(state(), "sealed-complete");
  EXPECT_EQ(tracker.find(key)->evidence, EvidenceId{"whole"});
}

TEST_F(CaptureTrackerTest, ANumberWhoseCaptureIsForgottenIsANewOneWhenItComesAgain) {
  named(one, 0s);
  heard(StatusEvent::IpLogPhase::completed, 30s);
  tick(30s);
  ended(Pulled::whole, 31s, sealed);
  tracker.forget_settled_before(at(100h).wall, {});
  heard(StatusEvent::IpLogPhase::completed, 101h);
  EXPECT_EQ(tracker.rows().size(), 0U) << "it speaks of the old one";
  EXPECT_EQ(named(two, 102h).epoch, 1U);
  CaptureTracker restored;
  restored.restore({}, {key}, at(103h));
  test::AlertXml xml;
  EXPECT_EQ(restored.named(sensor, "77", two, xml.alert(at(103h).wall), false, at(103h), out).epoch, 1U);
}

TEST_F(CaptureTrackerTest, AJumpOfOurClockDoesNotGiveASensorUpThatCannotBeReached) {
  named(one, 0s);
  tick(33s);
  Now later = at(34s);
  later.wall += 10 * 365 * 24h;
  tracker.fetch_ended({key, Pulled::unreachable, {}, 0, "timeout"}, later, out);
  EXPECT_EQ(state(), "due");
}

}  // namespace
}  // namespace exhibit
