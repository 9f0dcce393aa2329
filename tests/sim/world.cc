#include "world.h"

#include <algorithm>

#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;

const SensorId sensor{"acme-ips1"};

StatusEvent completion(std::uint64_t log, WallTime when) {
  StatusEvent event;
  event.event_id = cat("s", log);
  event.time.ns = ns_of(when);
  event.detail = "ipLogCompleted";
  event.ip_log = log;
  event.ip_log_phase = StatusEvent::IpLogPhase::completed;
  return event;
}

}  // namespace

World::World(std::uint64_t seed, Faults faults) : dice_(seed), faults_(faults) {
  now_ = {wall_from_ns(1'800'000'000'000'000'000), MonoTime{1h}};
  restart();
  poll();
}

EngineSettings World::settings() const {
  EngineSettings s;
  s.tenant = {"acme"};
  s.tenant_name = "ACME";
  s.public_url = "https://ev.example";
  s.link_key = Bytes(32, 7);
  s.attach = AttachPolicy::trigger_packet;
  s.outbox.settle = 30s;
  s.outbox.retry_max = 10min;
  s.sensors[sensor] = {};
  return s;
}

void World::say(const std::string& line) {
  transcript_.push_back(cat(duration_text(now_.mono - MonoTime{1h}), "  ", line));
}

void World::at(Nanoseconds wait, std::function<void()> what, bool dies_with_process) {
  happenings_.push_back({now_.mono + wait, ++order_, std::move(what), dies_with_process});
  std::push_heap(happenings_.begin(), happenings_.end(), [](const Happening& a, const Happening& b) { return b < a; });
}

/// One alert: of a few attackers and signatures, so that many join; often on a log that runs already.
void World::raise_alert() {
  test::AlertXml xml;
  xml.event_id = cat(1000 + raised_.size());
  xml.time_ns = cat(ns_of(now_.wall));
  xml.attacker = cat("192.0.2.", roll(1, 4));
  xml.signature = cat(3000 + roll(0, 2));
  xml.severity = chance(15) ? "low" : "high";
  xml.risk = xml.severity == "low" ? 10 : 85;
  xml.log = "";
  std::vector<SensorEvent> events;
  if (roll(0, 9) > 1) {
    const bool shared = !logs_.empty() && roll(0, 2) == 0 && logs_.rbegin()->second.ends > now_.mono;
    const std::uint64_t id = shared ? logs_.rbegin()->first : 500 + logs_.size();
    xml.log = cat(id);
    if (!shared) {
      Log log{id, now_.mono + 30s, {}, chance(faults_.status_lost)};
      log.overwritten = log.ends + (chance(faults_.ring_turns) ? Nanoseconds(1s) : Nanoseconds(24h));
      const bool early = chance(faults_.status_early);
      if (early) log.ends = now_.mono;
      logs_[id] = log;
      if (early)
        events.emplace_back(completion(id, now_.wall));
      else if (!log.status_lost)
        at(
            30s, [this, id] { unacknowledged_.push_back({completion(id, now_.wall)}); }, false);
    }
  }
  if (roll(0, 4) == 0) xml.packet.clear();
  events.emplace_back(xml.wire());
  raised_.push_back(xml);
  say(cat("sensor raises ", xml.event_id, " signature ", xml.signature, " from ", xml.attacker, " log ",
          xml.log.empty() ? "-" : xml.log));
  unacknowledged_.push_back(std::move(events));
}

/// The sensor keeps a batch until it is acknowledged; without that it gives the same one again.
void World::poll() {
  at(
      Nanoseconds(roll(500, 3000) * 1'000'000), [this] { poll(); }, false);
  if (unacknowledged_.empty()) return;
  SensorSaid said{sensor, {}};
  said.batch.events = unacknowledged_.front();
  give(said);
  for (const SensorEvent& event : said.batch.events) {
    const auto* alert = std::get_if<IdsAlert>(&event);
    const auto same = [&](const auto& row) { return row.second.event_id == alert->event_id; };
    if (alert && std::none_of(alerts_.begin(), alerts_.end(), same)) return;  // Not committed.
  }
  if (!chance(faults_.batch_repeated)) unacknowledged_.pop_front();
}

void World::give(const Input& input) {
  if (!engine_) return;
  Reaction reaction = engine_->on(input, now_);
  if (chance(faults_.crash)) return crash();
  if (!commit(reaction.facts)) {
    // The process may live on: then what it sent and pulls goes on, and answers an engine that never asked.
    say("the disk refuses a commit");
    return roll(0, 1) == 0 ? restart() : restore_engine();
  }
  if (chance(faults_.crash)) return crash();
  perform(reaction.effects);
  arm_tick();
}

bool World::commit(const Facts& facts) {
  if (!facts.empty() && chance(faults_.commit_refused)) return false;
  for (const Fact& fact : facts) apply(fact);
  return true;
}

void World::apply(const Fact& fact) {
  if (const auto* row = std::get_if<AlertRow>(&fact)) alerts_.insert_or_assign(row->identity, *row);
  if (const auto* row = std::get_if<IncidentRow>(&fact)) incidents_.insert_or_assign(row->id, *row);
  if (const auto* row = std::get_if<ReportRow>(&fact)) reports_.insert_or_assign({row->capture, row->incident}, *row);
  if (const auto* row = std::get_if<DeliveryRow>(&fact)) deliveries_.insert_or_assign(row->id, *row);
  if (const auto* row = std::get_if<CaptureRow>(&fact)) {
    const auto before = captures_.find(row->key);
    if (before != captures_.end() && is_settled(before->second.state) && before->second.state != row->state)
      violated(cat("capture ", row->key.text(), " left its settled state"));
    captures_.insert_or_assign(row->key, *row);
  }
}

void World::perform(const Effects& effects) {
  for (const Effect& effect : effects) {
    if (const auto* held = std::get_if<SendDelivery>(&effect)) send(*held);
    if (const auto* held = std::get_if<LookUpDelivery>(&effect)) look_up(*held);
    if (const auto* held = std::get_if<FetchCapture>(&effect)) fetch(*held);
    if (const auto* held = std::get_if<ExamineCapture>(&effect)) examine(*held);
  }
}

void World::store_at_desk(const SendDelivery& send) {
  if (send.kind == DeliveryKind::ensure) {
    desk_.push_back({send.correlation.text, {send.id.text}});
    return;
  }
  for (Ticket& ticket : desk_) {
    if (ticket.correlation != send.correlation.text) continue;
    if (std::find(ticket.operations.begin(), ticket.operations.end(), send.id.text) != ticket.operations.end())
      violated(cat("operation ", send.id.text, " stands twice in its ticket"));
    if (ticket.operations.back() > send.id.text && ticket.operations.back().size() >= send.id.text.size())
      violated(cat("operation ", send.id.text, " came after ", ticket.operations.back()));
    ticket.operations.push_back(send.id.text);
    return;
  }
  violated(cat(token(send.kind), " for a ticket that does not stand: ", send.id.text));
}

void World::send(const SendDelivery& order) {
  const auto row = deliveries_.find(order.id);
  if (row == deliveries_.end() || row->second.state != DeliveryState::inflight)
    violated(cat("sent what is not claimed: ", order.id.text));
  if (order.kind != DeliveryKind::ensure && order.ticket.empty())
    violated(cat("sent without a ticket: ", order.id.text));
  using Kind = DeliveryOutcome::Kind;
  DeliveryOutcome outcome{Kind::done, order.correlation.text, "INC", "", {}, ""};
  bool stored = true;
  if (chance(faults_.answer_lost_stored))
    outcome.kind = Kind::unknown;
  else if (chance(faults_.answer_lost_not_stored))
    outcome.kind = Kind::unknown, stored = false;
  else if (chance(faults_.desk_retry))
    outcome.kind = Kind::retry, stored = false;
  else if (chance(faults_.desk_denied))
    outcome.kind = Kind::denied, stored = false;
  else if (chance(faults_.desk_rejects) && row->second.rung != Rung::link_only)
    outcome.kind = Kind::rejected, stored = false;
  if (outcome.kind == Kind::unknown) ++unknown_outcomes_;
  say(cat("desk gets ", token(order.kind), " ", order.id.text.substr(30), stored ? " and stores it" : "",
          outcome.kind == Kind::done ? "" : ", no good answer"));
  // It reaches the desk whether or not we live to hear of it.
  if (stored)
    at(
        20ms, [this, order] { store_at_desk(order); }, false);
  at(Nanoseconds(roll(30, 2000) * 1'000'000), [this, id = order.id, outcome] { give(DeliveryEnded{id, outcome}); });
}

void World::look_up(const LookUpDelivery& order) {
  const auto row = deliveries_.find(order.id);
  if (row == deliveries_.end() || row->second.state != DeliveryState::unknown)
    violated(cat("looked for what is not unknown: ", order.id.text));
  at(Nanoseconds(roll(30, 500) * 1'000'000), [this, order] {
    using Found = DeliveryLookedUp::Found;
    DeliveryLookedUp result{order.id, Found::none, "", "", "", ""};
    if (chance(faults_.look_up_fails))
      result.found = Found::failed;
    else
      for (const Ticket& ticket : desk_)
        if (std::find(ticket.operations.begin(), ticket.operations.end(), order.id.text) != ticket.operations.end())
          result.found = Found::one, result.ticket = ticket.correlation, result.number = "INC";
    give(result);
  });
}

void World::fetch(const FetchCapture& order) {
  if (++fetching_ > 2) violated("more than two pulls at once");
  at(Nanoseconds(roll(50, 4000) * 1'000'000), [this, order, life = engine_life_] {
    if (life == engine_life_) --fetching_;
    using Kind = FetchEnded::Kind;
    const Log& log = logs_.at(*parse_number<std::uint64_t>(order.key.locator));
    FetchEnded ended{order.key, Kind::whole,
                     EvidenceId{hex(sha256(cat("log", log.id, now_.mono < log.ends ? cat(order.attempt) : "")))}, 1000,
                     ""};
    if (now_.mono >= log.overwritten)
      ended.kind = Kind::gone, ended.evidence.reset();
    else if (chance(faults_.fetch_fails))
      ended.kind = roll(0, 1) ? Kind::unreachable : Kind::not_ready, ended.evidence.reset();
    say(cat("log ", log.id,
            ended.kind == Kind::whole  ? " is fetched"
            : ended.kind == Kind::gone ? " is gone"
                                       : " cannot be fetched"));
    give(ended);
  });
}

void World::examine(const ExamineCapture& order) {
  at(10ms, [this, order] {
    CaptureReport report;
    report.packets = 3;
    report.addresses_match = true;
    give(CaptureExamined{order.key, order.incident, report});
  });
}

/// The process is gone: with it everything that it waited for. The desk and the sensor go on.
void World::crash() {
  ++crashes_;
  say("our process dies");
  restart();
}

void World::restart() {
  std::erase_if(happenings_, [](const Happening& h) { return h.dies_with_process; });
  std::make_heap(happenings_.begin(), happenings_.end(), [](const Happening& a, const Happening& b) { return b < a; });
  restore_engine();
}

void World::restore_engine() {
  ++engine_life_;
  fetching_ = 0;
  tick_at_.reset();
  engine_.emplace(settings());
  const Reaction reaction = engine_->restore(snapshot(), now_);
  for (const Fact& fact : reaction.facts) apply(fact);
  perform(reaction.effects);
  arm_tick();
}

Snapshot World::snapshot() const {
  Snapshot rows;
  for (const auto& [id, row] : alerts_)
    rows.alerts.push_back(row), rows.sequence = std::max(rows.sequence, row.sequence);
  for (const auto& [id, row] : incidents_) rows.incidents.push_back(row);
  for (const auto& [id, row] : captures_) rows.captures.push_back(row);
  for (const auto& [id, row] : reports_) rows.reports.push_back(row);
  for (const auto& [id, row] : deliveries_) rows.deliveries.push_back(row);
  rows.alerts_total = alerts_.size();
  rows.incidents_total = incidents_.size();
  return rows;
}

void World::arm_tick() {
  const auto wake = engine_->next_wake();
  if (!wake || (tick_at_ && *tick_at_ <= *wake)) return;
  tick_at_ = *wake;
  at(std::max(*wake - now_.mono, Nanoseconds(1ms)), [this] {
    tick_at_.reset();
    give(Tick{});
    arm_tick();
  });
}

void World::step() {
  std::pop_heap(happenings_.begin(), happenings_.end(), [](const Happening& a, const Happening& b) { return b < a; });
  Happening next = std::move(happenings_.back());
  happenings_.pop_back();
  const Nanoseconds passed = std::max(next.at - now_.mono, Nanoseconds{0});
  now_.mono += passed;
  now_.wall += passed;
  next.what();
  check_rows();
}

void World::check_rows() {
  std::map<std::string, int> tickets;
  for (const Ticket& ticket : desk_)
    if (++tickets[ticket.correlation] == 2) violated(cat("two tickets for ", ticket.correlation));
}

void World::run_for(std::chrono::minutes length) {
  const MonoTime end = now_.mono + length;
  for (Nanoseconds wait = 1s; now_.mono + wait < end; wait += Nanoseconds(roll(1, 120) * 1'000'000'000))
    at(
        wait, [this] { raise_alert(); }, false);
  while (!happenings_.empty() && now_.mono < end && violations_.empty()) step();
}

void World::quiesce() {
  quiet_ = true;
  const MonoTime end = now_.mono + 48h;
  while (!happenings_.empty() && now_.mono < end && violations_.empty() &&
         !(engine_->settled() && unacknowledged_.empty()))
    step();
  if (!violations_.empty()) return;
  for (const auto& [id, row] : incidents_)
    if (std::none_of(desk_.begin(), desk_.end(),
                     [&](const Ticket& t) { return t.correlation == row.correlation.text; }))
      violated(cat("no ticket for incident ", id.text));
  for (const auto& [id, row] : incidents_) {
    const auto mine =
        std::count_if(alerts_.begin(), alerts_.end(), [&](const auto& alert) { return alert.second.incident == id; });
    if (static_cast<std::uint64_t>(mine) != row.alerts)
      violated(cat("incident ", id.text, " counts ", row.alerts, " alerts and holds ", mine));
  }
  for (const test::AlertXml& xml : raised_)
    if (std::none_of(alerts_.begin(), alerts_.end(),
                     [&](const auto& row) { return row.second.event_id == xml.event_id; }))
      violated(cat("alert ", xml.event_id, " was lost"));
  for (const auto& [key, row] : captures_) {
    if (!row.incidents.empty() && !is_settled(row.state))
      violated(cat("capture ", key.text(), " never settled: ", token(row.state)));
    if (row.state == CaptureState::lost && row.cause == CaptureCause::none)
      violated(cat("capture ", key.text(), " was lost without a cause"));
  }
  for (const auto& [id, row] : incidents_)
    for (const CaptureKey& key : row.captures) {
      const auto capture = captures_.find(key);
      if (capture == captures_.end())
        violated(cat("incident ", id.text, " names a capture that no row holds: ", key.text()));
      else if (is_sealed(capture->second.state) && !reports_.contains({key, id}))
        violated(cat("nobody looked into capture ", key.text(), " for incident ", id.text));
    }
  std::map<std::string, int> notes;
  for (const auto& [id, row] : deliveries_) {
    if (row.kind == DeliveryKind::note && row.subject.starts_with("capture ") &&
        ++notes[row.incident.text + row.subject] > 1)
      violated(cat("two notes for one capture: ", id.text));
    if (!is_final(row.state))
      violated(cat("delivery ", id.text, " never ended: ", token(row.state)));
  }
}

std::string World::digest() const {
  std::string all;
  for (const Ticket& ticket : desk_) all += cat(ticket.correlation, ":", join(ticket.operations, ","), "\n");
  for (const auto& [key, row] : captures_) all += cat(key.text(), " ", token(row.state), " ", token(row.cause), "\n");
  for (const auto& [id, row] : deliveries_) all += cat(id.text, " ", token(row.state), "\n");
  return hex(sha256(all));
}

}  // namespace exhibit::sim
