#include <gmock/gmock.h>

#include <functional>
#include <set>

#include "acme_engine.h"
#include "base/text.h"
#include "engine/capture_tracker.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using Phase = StatusEvent::IpLogPhase;
using State = CaptureState;

using test::sensor;
const CaptureKey key{sensor, "77", 0};
const IncidentId first{"inc-1"}, second{"inc-2"};
const Now start{wall_from_ns(1'800'000'000'000'000'000), MonoTime{1000h}};

/// A capture as it may stand in its row, and what is done to it.
struct Situation {
  State state;
  bool pulled_before = false, completed = false, heard = false, refused = false, on_demand = false, wanted = false,
       tired = false, past_forecast = false;
};
struct Happening {
  std::string name;
  std::function<void(CaptureTracker&, Now, Reaction&)> happens;
};

std::vector<Situation> situations() {
  std::vector<Situation> all;
  for (const State state : {State::expected, State::recording, State::due, State::fetching, State::sealed_complete,
                            State::sealed_partial, State::lost})
    for (unsigned bits = 0; bits < 256; ++bits) {
      const auto bit = [bits](unsigned n) { return (bits >> n & 1U) != 0; };
      const Situation one{state, bit(0), bit(1), bit(2), bit(3), bit(4), bit(5), bit(6), bit(7)};
      const bool sealed = is_sealed(state), under_way = state == State::due || state == State::fetching;
      if (one.pulled_before && (one.on_demand || !one.wanted)) continue;  // Nobody pulls what nobody wants.
      if (under_way && (one.on_demand || !one.wanted)) continue;
      if ((sealed && !one.pulled_before) || (state == State::lost && one.pulled_before)) continue;
      all.push_back(one);
    }
  return all;
}

CaptureRow row_of(const Situation& given) {
  CaptureRow row;
  row.key = key;
  row.state = given.state == State::fetching ? State::due : given.state;
  row.cause = given.state == State::sealed_partial || given.state == State::lost ? CaptureCause::overwritten
                                                                                 : CaptureCause::none;
  if (given.wanted) row.incidents = {first};
  if (given.pulled_before) row.evidence = EvidenceId{"aa"}, row.bytes = 100;
  row.completed = given.completed, row.heard = given.heard, row.refused = given.refused;
  row.on_demand = given.on_demand;
  row.attempts = given.tired ? 10'000 : given.pulled_before ? 1 : 0;
  row.named = start.wall - 1h;
  row.due = Deadline::in(0s, start);
  row.safe_until = Deadline::in(given.past_forecast ? 0s : 1h, start);
  if (is_settled(given.state)) row.settled_at = start.wall - 10min;
  return row;
}

Happening named(const char* name, Nanoseconds age, bool on_demand) {
  return {name, [=](CaptureTracker& tracker, Now now, Reaction& out) {
            test::AlertXml xml;
            xml.time_ns = cat(ns_of(now.wall - age));
            (void)tracker.named(sensor, "77", second, xml.alert(now.wall), on_demand, now, out);
          }};
}

Happening said(const char* name, Phase phase, bool with_time) {
  return {name, [=](CaptureTracker& tracker, Now now, Reaction& out) {
            StatusEvent event;
            event.ip_log = 77, event.ip_log_phase = phase;
            if (with_time) event.time.ns = ns_of(now.wall);
            tracker.status(sensor, event, now, out);
          }};
}

Happening refused(const char* name, bool says_logs, std::optional<IpLogId> log) {
  return {name, [=](CaptureTracker& tracker, Now now, Reaction& out) {
            ErrorEvent error;
            error.ip_log_refused = says_logs, error.ip_log = log;
            tracker.refused(sensor, error, now, out);
          }};
}

Happening ended(const char* name, FetchEnded::Kind kind, std::optional<EvidenceId> evidence, std::string why = "why") {
  return {name, [=](CaptureTracker& tracker, Now now, Reaction& out) {
            tracker.fetch_ended({key, kind, evidence, evidence ? 200U : 0U, why}, now, out);
          }};
}

std::vector<Happening> happenings() {
  using Kind = FetchEnded::Kind;
  std::vector<Happening> all = {
      named("named", 0s, false),
      named("named on demand", 0s, true),
      named("named late", 50min, false),
      said("added", Phase::added, true),
      said("started", Phase::started, true),
      said("started, no time", Phase::started, false),
      said("completed", Phase::completed, true),
      said("removed", Phase::removed, false),
      said("some other status", Phase::none, true),
      refused("refused", true, 77),
      refused("refused, no number", true, {}),
      refused("refused, another", true, 78),
      refused("another error", false, 77),
      ended("whole, the same", Kind::whole, EvidenceId{"aa"}),
      ended("whole, another", Kind::whole, EvidenceId{"bb"}),
      ended("cut", Kind::cut, EvidenceId{"bb"}),
      ended("cut, nothing kept", Kind::cut, {}, ""),
      ended("empty", Kind::empty, {}, ""),
      ended("not ready", Kind::not_ready, {}),
      ended("gone", Kind::gone, {}),
      ended("login refused", Kind::login_refused, {}),
      ended("certificate refused", Kind::certificate_refused, {}),
      ended("unreachable", Kind::unreachable, {}, ""),
      ended("too large", Kind::too_large, {}),
      ended("damaged", Kind::damaged, {}),
      ended("store refused", Kind::store_refused, {}),
  };
  all.push_back({"asked", [](CaptureTracker& tracker, Now now, Reaction& out) { tracker.asked(key, now, out); }});
  all.push_back({"tick", [](CaptureTracker& tracker, Now now, Reaction& out) { tracker.tick(now, out); }});
  all.push_back({"restarted, then gone", [](CaptureTracker& tracker, Now now, Reaction& out) {
                   StatusEvent event;
                   event.detail = "applicationStarted";
                   tracker.status(sensor, event, now, out);
                   tracker.fetch_ended({key, Kind::gone, {}, 0, ""}, now, out);
                 }});
  return all;
}

/// What must hold between any row and the one that follows it.
std::vector<std::string> faults(const CaptureRow& before, const CaptureRow& after, const Reaction& out) {
  std::vector<std::string> all;
  const auto must = [&all](bool holds, const char* what) {
    if (!holds) all.emplace_back(what);
  };
  const bool same = before.state == after.state && before.cause == after.cause && before.evidence == after.evidence;
  must(!is_settled(before.state) || same, "what is settled stays");
  must(after.state != State::lost || after.cause != CaptureCause::none, "a loss has its cause");
  must(after.state != State::lost || !after.evidence, "what was had is not lost");
  must(!before.evidence || after.evidence, "what was had is kept");
  must(!is_sealed(after.state) || after.evidence, "what is sealed can be opened");
  must(after.state != State::sealed_complete || after.cause == CaptureCause::none, "what is complete lacks nothing");
  must(is_settled(after.state) == after.settled_at.has_value(), "only what is settled has a time of it");
  std::size_t pulls = 0;
  for (const Effect& effect : out.effects) pulls += std::holds_alternative<FetchCapture>(effect) ? 1 : 0;
  const bool begun =
      after.state == State::fetching && (before.state != State::fetching || after.attempts > before.attempts);
  must(pulls == (begun ? 1U : 0U), "one pull for each that began");
  return all;
}

/// The whole table: every situation, everything that may happen, every change of state that follows.
TEST(CaptureTransitions, AreTheDrawnOnesAndEachOfThemHappens) {
  std::set<std::string> seen;
  for (const Situation& given : situations())
    for (const Happening& happening : happenings()) {
      CaptureTracker tracker;
      tracker.configure(sensor, {});
      tracker.restore({row_of(given)}, {}, start);
      Reaction ignored, out;
      if (given.state == State::fetching) tracker.tick(start, ignored);
      const CaptureRow before = *tracker.find(key);
      ASSERT_EQ(before.state, given.state);
      happening.happens(tracker, {start.wall + 1s, start.mono + 1s}, out);
      const CaptureRow& after = *tracker.find(key);
      EXPECT_THAT(faults(before, after, out), testing::IsEmpty()) << token(given.state) << ": " << happening.name;
      if (after.state != before.state) seen.insert(cat(token(before.state), " > ", token(after.state)));
    }
  EXPECT_THAT(
      seen, testing::UnorderedElementsAreArray(
                {"expected > recording", "expected > due", "expected > fetching", "expected > lost",
                 "expected > sealed-partial", "recording > due", "recording > fetching", "recording > lost",
                 "recording > sealed-partial", "due > fetching", "due > lost", "due > sealed-partial", "fetching > due",
                 "fetching > sealed-complete", "fetching > sealed-partial", "fetching > lost"}));
}

/// A sensor that reused the number is another recording; the old one stays as it is.
TEST(CaptureTransitions, ANumberThatBeginsAgainIsANewCapture) {
  for (const Happening& again : {named("named", 0s, false), said("started", Phase::started, true)})
    for (const State state : {State::sealed_complete, State::sealed_partial, State::lost}) {
      CaptureTracker tracker;
      Reaction out;
      tracker.restore({row_of({.state = state, .pulled_before = state != State::lost, .wanted = true})}, {}, start);
      again.happens(tracker, start, out);
      EXPECT_EQ(tracker.rows().size(), 2U) << token(state) << ": " << again.name;
      EXPECT_TRUE(tracker.find({sensor, "77", 1})) << again.name;
      EXPECT_EQ(tracker.find(key)->state, state);
    }
}

TEST(CaptureTransitions, TheSoonerLostOfTwoIsPulledFirstAndHighBeforeLow) {
  CaptureTracker tracker;
  CaptureTracker::Settings one_at_a_time;
  one_at_a_time.pulls_max = 1;
  tracker.configure(sensor, one_at_a_time);
  const Situation due{.state = State::due, .wanted = true};
  std::vector<CaptureRow> rows(3, row_of(due));
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].key.locator = cat(i), rows[i].safe_until = Deadline::in(1h, start);
  rows[0].severity = Severity::low, rows[1].severity = Severity::medium, rows[2].severity = Severity::high;
  tracker.restore(rows, {}, start);
  std::vector<std::string> order;
  for (int i = 0; i < 3; ++i) {
    Reaction out;
    tracker.tick(start, out);
    ASSERT_EQ(out.effects.size(), 1U);
    const CaptureKey pulled = std::get<FetchCapture>(out.effects[0]).key;
    order.push_back(pulled.locator);
    EXPECT_FALSE(tracker.next_wake()) << "the others wait for its end, not for a time";
    Reaction end;
    tracker.fetch_ended({pulled, FetchEnded::Kind::gone, {}, 0, ""}, start, end);
    for (const Effect& effect : end.effects) {
      order.push_back(std::get<FetchCapture>(effect).key.locator);
      Reaction next;
      tracker.fetch_ended({std::get<FetchCapture>(effect).key, FetchEnded::Kind::gone, {}, 0, ""}, start, next);
      if (!next.effects.empty()) order.push_back(std::get<FetchCapture>(next.effects[0]).key.locator);
      i = 3;
    }
  }
  EXPECT_THAT(order, testing::ElementsAre("2", "1", "0"));
}

TEST(CaptureTransitions, ABusyRingTakesLifeFromWhatIsNotYetPulled) {
  CaptureTracker tracker;
  CaptureTracker::Settings small;
  small.ring = {4, 1, 30s};
  tracker.configure(sensor, small);
  Reaction out;
  test::AlertXml xml;
  xml.time_ns = cat(ns_of(start.wall));
  (void)tracker.named(sensor, "1", first, xml.alert(start.wall), false, start, out);
  const MonoTime safe_at_first = tracker.find({sensor, "1", 0})->safe_until.mono;
  for (int i = 0; i < 40; ++i) {
    const Now now{start.wall + std::chrono::seconds{i}, start.mono + std::chrono::seconds{i}};
    (void)tracker.named(sensor, cat(i + 2), first, xml.alert(now.wall), false, now, out);
  }
  EXPECT_LT(tracker.find({sensor, "1", 0})->safe_until.mono, safe_at_first);
}

TEST(CaptureTransitions, ProofIsBoundedHoweverLongASensorRefuses) {
  CaptureTracker tracker;
  tracker.configure(sensor, {});
  tracker.restore({row_of({.state = State::expected, .wanted = true})}, {}, start);
  Reaction out;
  for (int i = 0; i < 30; ++i) refused("refused", true, {}).happens(tracker, start, out);
  EXPECT_EQ(tracker.find(key)->proof.size(), 8U);
}

TEST(CaptureTransitions, OtherSensorsAreLeftAlone) {
  CaptureTracker tracker;
  CaptureRow other = row_of({.state = State::expected, .wanted = true});
  other.key.sensor = {"s2"};
  tracker.restore({other}, {}, start);
  Reaction out;
  refused("refused", true, {}).happens(tracker, start, out);
  tracker.asked(key, start, out);
  EXPECT_TRUE(out.facts.empty() && out.effects.empty());
  EXPECT_EQ(*tracker.next_wake(), start.mono) << "a sensor that nobody configured is served all the same";
}

}  // namespace
}  // namespace exhibit
