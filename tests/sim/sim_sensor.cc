#include "sim_sensor.h"

#include <algorithm>

#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"
#include "phf_alert.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;

constexpr int batch_again = 150, status_lost = 300, status_early = 150, ring_turns = 100, fetch_fails = 200;
constexpr Nanoseconds log_length = 30s;

StatusEvent completion(std::uint64_t log, WallTime when) {
  StatusEvent event;
  event.event_id = cat("s", log);
  event.time.ns = ns_of(when);
  event.detail = "ipLogCompleted";
  event.ip_log = log;
  event.ip_log_phase = StatusEvent::IpLogPhase::completed;
  return event;
}

std::string content_hash(const SensorId& sensor, std::uint64_t log, std::string_view part) {
  return hex(sha256(cat(sensor.text, "/", log, "/", part)));
}

}  // namespace

SimSensor::SimSensor(Stage& stage, SimDisk& disk, SensorId id, Nanoseconds skew, Say say)
    : stage_(stage), disk_(disk), id_(std::move(id)), skew_(skew), say_(std::move(say)) {
  stage_.at(stage_.between(1s, 3s), [this] { poll(); });
}

void SimSensor::live(MonoTime end, Nanoseconds gap) {
  const Nanoseconds wait = stage_.between(Nanoseconds{1s}, 2 * gap);
  if (stage_.now().mono + wait >= end) return;
  stage_.at(wait, [this, end, gap] {
    raise_alert();
    live(end, gap);
  });
}

/// Begins a log, or joins the one that runs.
std::uint64_t SimSensor::record(std::vector<SensorEvent>& beside) {
  const MonoTime now = stage_.now().mono;
  if (!logs_.empty() && logs_.rbegin()->second.ends > now && stage_.roll(0, 2) == 0) return logs_.rbegin()->first;
  const std::uint64_t id = 500 + logs_.size();
  Log log{now + log_length, {}, stage_.chance(status_lost)};
  log.overwritten = log.ends + (stage_.chance(ring_turns) ? Nanoseconds(1s) : Nanoseconds(96h));
  const bool early = stage_.chance(status_early);
  if (early) log.ends = now;
  logs_[id] = log;
  disk_.whole[{id_, cat(id), 0}] = content_hash(id_, id, "");
  if (early)
    beside.emplace_back(completion(id, clock()));
  else if (!log.status_lost)
    stage_.at(log_length, [this, id] { unacknowledged_.push_back({completion(id, clock())}); });
  return id;
}

/// Of a few attackers and signatures, so that many join; often on a log that runs already.
void SimSensor::raise_alert() {
  test::AlertXml xml;
  xml.event_id = cat(1000 + raised_.size());
  xml.time_ns = cat(ns_of(clock()));
  xml.attacker = cat("192.0.2.", stage_.roll(1, 4));
  xml.signature = cat(3000 + stage_.roll(0, 2));
  xml.severity = stage_.roll(0, 99) < 15 ? "low" : "high";
  xml.risk = xml.severity == "low" ? 10 : 85;
  xml.log = "";
  std::vector<SensorEvent> events;
  if (stage_.roll(0, 9) > 1) xml.log = cat(record(events));
  if (stage_.roll(0, 4) == 0) xml.packet.clear();
  events.emplace_back(xml.wire());
  raised_.push_back(xml.event_id);
  stage_.say(cat(id_.text, " raises ", xml.event_id, ", ", xml.severity, ", signature ", xml.signature, " from ",
                 xml.attacker, xml.log.empty() ? "" : cat(", log ", xml.log)));
  unacknowledged_.push_back(std::move(events));
}

/// The sensor keeps a batch until it is acknowledged; without that it gives the same one again.
void SimSensor::poll() {
  stage_.at(stage_.between(500ms, 20s), [this] { poll(); });
  if (unacknowledged_.empty() || away()) return;
  SensorSaid said{id_, {}};
  said.batch.events = unacknowledged_.front();
  if (!say_(said)) return;
  given_.push_back(said.batch.events);
  if (!stage_.chance(batch_again)) unacknowledged_.pop_front();
}

FetchEnded SimSensor::fetch(const FetchCapture& order) {
  using Kind = FetchEnded::Kind;
  FetchEnded ended{order.key, Kind::whole, std::nullopt, 1000, ""};
  const std::uint64_t id = parse_number<std::uint64_t>(order.key.locator).value_or(0);
  const Log& log = logs_.at(id);
  if (away()) {
    ended.kind = Kind::unreachable;
  } else if (stage_.now().mono >= log.overwritten) {
    ended.kind = Kind::gone;
    disk_.said_gone.insert(order.key);
  } else if (stage_.chance(fetch_fails)) {
    ended.kind = std::array{Kind::unreachable, Kind::not_ready, Kind::cut,
                            Kind::empty}[static_cast<std::size_t>(stage_.roll(0, 3))];
  } else {
    const bool running = stage_.now().mono < log.ends;
    ended.evidence =
        EvidenceId{content_hash(id_, id, running ? cat("until ", stage_.now().mono.time_since_epoch().count()) : "")};
  }
  stage_.say(cat(id_.text,
                 ended.kind == Kind::whole  ? " gives log "
                 : ended.kind == Kind::gone ? " has no more of log "
                                            : " does not give log ",
                 id));
  return ended;
}

void SimSensor::judge_the_end() const {
  for (const std::string& event : raised_)
    if (!disk_.has_event(id_, event))
      stage_.violated(Invariant::alert_kept, cat(id_.text, " raised ", event, ", and no row holds it"));
}

}  // namespace exhibit::sim
