#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "acme_engine.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/tenant_engine.h"
#include "engine_rows.h"
#include "phf_alert.h"

/// Whatever sensors, desks and people say, in whatever order, and whenever our process dies: the engine keeps its
/// promises, and an engine restored from rows is the engine that wrote them. Made from seeds.
namespace exhibit {
namespace {

using namespace std::chrono_literals;

const SensorId sensors[] = {{"s1"}, {"s2"}};

EngineSettings settings_of(std::uint64_t seed) {
  EngineSettings s = test::acme_engine(sensors[0]);
  s.sensors[sensors[1]] = {};
  s.policy.ticket_from = seed % 2 == 0 ? Severity::high : Severity::medium;
  s.policy.ticket_from_risk = 101;
  s.attach = static_cast<AttachPolicy>(seed % 3);
  s.disclosure = static_cast<Disclosure>(seed % 4);
  s.round_trip = seed % 5 < 3;
  s.outbox.in_flight_max = 8;
  s.operator_desk.on = seed % 3 != 0;
  s.operator_desk.tenant = s.tenant, s.operator_desk.desk = {"snow"};
  s.operator_desk.mail = {seed % 4 == 1, Channel::operator_mail, 1min, "ops@msp.example", {}};
  s.people = {seed % 4 < 2, Channel::people, 15min, "soc@msp.example", {}};
  if (seed % 3 > 0) s.waiting_in_memory = seed % 3 - 1;  // Whatever waits is put aside and comes back.
  return s;
}

class Life {
 public:
  explicit Life(std::uint64_t seed) : dice_(seed), settings_(settings_of(seed)), engine_(settings_) {}

  /// One thing happens; what it leaves is judged.
  void step() {
    pass(std::chrono::seconds{below(4) == 0 ? below(1200) : below(20)});
    const std::size_t what = below(20);
    if (what == 0) return restore();  // Our process died: what was under way is unknown now.
    if (what == 1)
      return give(SensorTrouble{one(), coin() ? CaptureCause::sensor_unreachable : CaptureCause::none, "w"});
    if (what == 2) return give(desk_said());
    if (what == 3) return give(asked_to_adopt());
    if (what == 4 && !rows_.captures.empty()) return give(FetchAsked{any(rows_.captures).first, "kim"});
    if (what == 5) return decide_a_letter();
    if (what == 6) return coin() ? give(Tick{}) : give(DiskSaid{coin(), "full"});
    if (what < 11) return give(sensor_said());
    answer_one(false);
  }

  /// All goes well from now on. True: at the end nothing is owed.
  bool ends_well() {
    for (int i = 0; i < 2000 && !(engine_.settled() && effects_.empty()); ++i) {
      while (!effects_.empty()) answer_one(true);
      for (const DeliveryRow& row : engine_.outbox().dead())
        give(LetterDecided{row.id, LetterDecided::What::expire, {}, {}, "kim"});
      pass(10min);
      give(Tick{});
    }
    return engine_.settled();
  }

  /// What is wrong, in the order in which it went wrong.
  std::vector<std::string> faults;

 private:
  std::size_t below(std::size_t limit) { return dice_() % limit; }
  bool coin() { return below(2) == 0; }
  template <typename Map>
  const typename Map::value_type& any(const Map& map) {
    return *std::next(map.begin(), static_cast<std::ptrdiff_t>(below(map.size())));
  }
  const SensorId& one() { return sensors[below(2)]; }
  void pass(Nanoseconds time) { now_.wall += time, now_.mono += time; }
  void fault(std::string what) { faults.push_back(std::move(what)); }

  SensorSaid sensor_said() {
    SensorSaid said{one(), {}};
    for (std::size_t i = below(3); i > 0; --i) {
      test::AlertXml xml;
      xml.event_id = coin() ? cat(++events_) : cat(1 + below(events_ + 1));
      xml.time_ns = cat(ns_of(now_.wall - std::chrono::seconds{below(4000)}));
      xml.severity = coin() ? "high" : coin() ? "medium" : "low";
      xml.signature = cat(3200 + below(3));
      xml.target = cat("198.51.100.", below(3));
      xml.log = coin() ? "" : cat(1 + below(6));
      if (coin()) xml.packet.clear();
      if (below(5) == 0)
        xml.extra =
            cat("<cid:summary cid:final='true' cid:initialAlert='", 1 + below(events_ + 1), "'>12</cid:summary>");
      if (below(5) == 0) xml.extra += "<sd:actions><cid:droppedPacket>true</cid:droppedPacket></sd:actions>";
      said.batch.events.emplace_back(xml.wire());
    }
    if (below(3) == 0) {
      StatusEvent status;
      status.ip_log = 1 + below(6);
      status.ip_log_phase = static_cast<StatusEvent::IpLogPhase>(below(5));
      if (coin()) status.time.ns = ns_of(now_.wall);
      if (below(8) == 0) status.detail = "applicationStarted";
      said.batch.events.emplace_back(status);
    }
    if (below(6) == 0) {
      ErrorEvent error;
      error.ip_log_refused = coin();
      if (coin()) error.ip_log = 1 + below(6);
      said.batch.events.emplace_back(error);
    }
    if (below(10) == 0) said.batch.unreadable.push_back({"<x", "no"});
    if (below(10) == 0) said.batch.gap = SensorGap{"missed-events", 0, 1, "the sensor said so"};
    return said;
  }

  DeskSaid desk_said() {
    DeskSaid said{{}, coin() ? cat("{\"since\":", below(9), "}") : "", false};
    for (const auto& [id, row] : rows_.incidents) {
      if (below(4) > 0) continue;
      TicketChange change;
      change.ticket = coin() ? row.ticket : "";
      change.correlation = coin() ? row.correlation.text : "";
      change.number = "INC9", change.version = cat(below(3)), change.state = "Open", change.closed = coin();
      if (coin()) change.comments = {{{}, "c1", "kim", "seen", "today", coin(), {}}};
      said.changes.push_back(std::move(change));
    }
    return said;
  }

  AdoptAsked asked_to_adopt() {
    AdoptionRow order;
    order.ticket = cat("theirs", below(4)), order.number = "INC77", order.sensor = one(), order.by = "kim";
    if (coin()) {
      order.event_id = cat(1 + below(events_ + 3));
    } else {
      order.time = rows_.alerts.empty() ? now_.wall : any(rows_.alerts).second.time;
      order.attacker = "192.0.2.10", order.target = cat("198.51.100.", below(3));
    }
    return {order};
  }

  void decide_a_letter() {
    const std::vector<DeliveryRow> dead = engine_.outbox().dead();
    if (dead.empty()) return give(LetterDecided{{"nobody's-1"}, {}, {}, {}, "kim"});
    const auto what = static_cast<LetterDecided::What>(below(4));
    give(LetterDecided{dead[below(dead.size())].id, what, "put-here", "INC5", "kim"});
  }

  void answer_one(bool well) {
    if (effects_.empty()) return give(Tick{});
    const std::size_t which = well ? 0 : below(effects_.size());
    const Effect effect = std::move(effects_[which]);
    effects_.erase(effects_.begin() + static_cast<std::ptrdiff_t>(which));
    std::visit([&](const auto& order) { answer(order, well || below(3) == 0); }, effect);
  }
  void answer(const SendDelivery& send, bool well) {
    const auto kind = well ? DeliveryOutcome::Kind::done : static_cast<DeliveryOutcome::Kind>(below(6));
    DeliveryEnded ended{send.id, {kind, cat("t-", send.correlation.text), cat("INC", below(99)), "", {}, "why"}};
    if (!well && coin()) ended.outcome.retry_after = std::chrono::seconds{below(600)};
    if (!well && coin()) ended.outcome.number.clear(), ended.outcome.ticket.clear();
    give(ended);
    if (!well && coin()) give(ended);  // Said twice, or late.
  }
  void answer(const LookUpDelivery& look, bool well) {
    using Found = DeliveryLookedUp::Found;
    const Found found = well ? Found::none : static_cast<Found>(below(5));
    give(DeliveryLookedUp{look.id, found, cat("t-", look.correlation.text), "INC1", "", "why"});
  }
  void answer(const FetchCapture& pull, bool well) {
    const auto kind = well ? FetchEnded::Kind::whole : static_cast<FetchEnded::Kind>(below(11));
    FetchEnded ended{pull.key, kind, {}, 100, "why"};
    if (kind <= FetchEnded::Kind::cut) ended.evidence = EvidenceId{cat("e", well ? 0 : below(3))};
    give(ended);
  }
  void answer(const ExamineCapture& order, bool) {
    CaptureReport report;
    report.packets = below(9), report.broken = coin();
    give(CaptureExamined{order.key, order.incident, report});
  }
  void answer(const TellOperator&, bool) {}

  void give(const Input& input) {
    for (const IncidentId& id : engine_.absent(input, now_)) engine_.bring_back(rows_.of(id), now_);
    const Reaction reaction = engine_.on(input, now_);
    if (below(40) == 0) return restore();  // The commit was refused: nothing of it is true.
    keep(reaction);
    (void)engine_.put_aside();
  }
  void keep(const Reaction& reaction) {
    for (const Fact& fact : reaction.facts) {
      if (const auto* row = std::get_if<CaptureRow>(&fact)) judge(*row);
      std::visit([this](const auto& row) { rows_.take(row); }, fact);
    }
    for (const Effect& effect : reaction.effects) {
      if (const auto* send = std::get_if<SendDelivery>(&effect)) judge(*send);
      if (!std::holds_alternative<TellOperator>(effect)) effects_.push_back(effect);
    }
    for (const auto& [id, row] : rows_.incidents)
      if (engine_.incident(id) && !engine_.view(id)) fault(cat(id.text, " is known and has no text"));
    (void)engine_.poll_request();
    const auto wake = engine_.next_wake();
    if (wake && *wake - now_.mono > 25h) fault("it sleeps for more than a day");
  }
  void judge(const CaptureRow& row) {
    const auto before = rows_.captures.find(row.key);
    if (before == rows_.captures.end() || !is_settled(before->second.state)) return;
    if (before->second.state != row.state || before->second.evidence != row.evidence)
      fault(cat("capture ", row.key.text(), " was settled and changed"));
  }
  void judge(const SendDelivery& send) {
    const auto row = rows_.deliveries.find(send.id);
    if (row == rows_.deliveries.end() || row->second.state != DeliveryState::inflight)
      fault(cat(send.id.text, " is sent, and no row says so"));
    if (!parse_json(send.body)) fault(cat(send.id.text, " has a body that is no JSON"));
    const bool ours = send.channel == Channel::desk && send.kind != DeliveryKind::ensure;
    if (ours && row != rows_.deliveries.end() && !rows_.incidents.at(row->second.incident).ticket_at)
      fault(cat(send.id.text, " (", token(send.kind), ", ", row->second.subject, ", ticket ", send.ticket,
                ") is sent before its ticket stands"));
  }

  /// The engine that the rows make must be the one that wrote them.
  void restore() {
    TenantEngine again(settings_);
    effects_.clear();
    const Reaction first = again.restore(rows_.snapshot(), now_);
    engine_ = std::move(again);
    const EngineCounts& counts = engine_.counts();
    if (counts.alerts != rows_.alerts.size() || counts.incidents != rows_.incidents.size()) fault("it counts anew");
    for (const auto& [id, row] : rows_.incidents) {
      const IncidentRow* known = engine_.incident(id);
      if (!known || known->ticket != row.ticket || known->alerts != row.alerts) fault(cat(id.text, " is another one"));
    }
    for (const auto& [key, row] : rows_.captures) {
      const CaptureRow* known = engine_.captures().find(key);
      if (!known || is_settled(known->state) != is_settled(row.state)) fault(cat(key.text(), " is another one"));
    }
    keep(first);
  }

  std::mt19937_64 dice_;
  EngineSettings settings_;
  TenantEngine engine_;
  test::EngineRows rows_;
  Effects effects_;
  std::uint64_t events_ = 0;
  Now now_{wall_from_ns(1'795'313'561'000'000'000), MonoTime{100h}};
};

TEST(AnyLife, KeepsEveryPromiseAndEndsWell) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Life life(seed);
    for (int i = 0; i < 400; ++i) life.step();
    const bool ended = life.ends_well();
    ASSERT_THAT(life.faults, testing::IsEmpty()) << "seed " << seed;
    ASSERT_TRUE(ended) << "seed " << seed;
  }
}

}  // namespace
}  // namespace exhibit
