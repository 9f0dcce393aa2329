#include "base/text.h"
#include "sensorproto/sim/sensor.h"

/// The inner side of the simulated sensor: alerts composed, logs recorded, the ring turning.
namespace exhibit::sim {
namespace {

std::string_view name_of(IpLogRing::Change change) {
  return change == IpLogRing::Change::started     ? "log-started"
         : change == IpLogRing::Change::completed ? "log-completed"
                                                  : "log-overwritten";
}

/// Sensors have a microsecond clock.
WallTime to_microseconds(WallTime time) { return wall_from_ns(ns_of(time) / 1000 * 1000); }

}  // namespace

SimIdentity Sensor::identity(std::optional<WallTime> time) {
  return {.host = options_.host, .event = ++next_event_, .time = to_microseconds(time.value_or(clock_()))};
}

void Sensor::add(std::string type, std::string severity, std::string xml) {
  store_.append(
      {.type = std::move(type), .severity = std::move(severity), .composed = clock_(), .xml = std::move(xml)});
  changed_.notify_all();
}

void Sensor::tell_ring() {
  for (const auto& [change, log] : ring_.happenings()) {
    const bool removed = change == IpLogRing::Change::overwritten;
    if (log.first_alert != 0 || named_.contains(log.id))
      say_(cat(R"({"event":")", name_of(change), R"(","log":")", log.id, R"(","at_ns":")", ns_of(clock_()), R"("})"));
    const bool announced = removed ? options_.announce_removed && named_.contains(log.id)
                                   : log.first_alert != 0 && !(log.silent && change == IpLogRing::Change::completed);
    if (!announced || options_.status_form == StatusForm::none) continue;
    named_.insert(log.id);
    add("evStatus", "", log_status_xml({change, log}, identity(), options_.status_form));
  }
}

IpLog* Sensor::start_log(const std::string& address, std::uint64_t alert, const Recording& recording, WallTime time) {
  IpLog* const log = ring_.record(address, alert, clock_());
  if (log == nullptr) return nullptr;
  log->silent = log->silent || recording.silent;
  log->link_type = log->packets.empty() ? recording.link_type : log->link_type;
  if (recording.life) log->ends = clock_() + *recording.life;
  for (const Heard& heard : recording.traffic)
    log->packets.push_back(
        {.time = time + heard.after, .bytes = heard.bytes, .original_length = heard.original_length});
  return log;
}

std::uint64_t Sensor::compose(const SimAlert& alert, const SimIdentity& as, std::optional<std::uint64_t> log) {
  ++alerts_;
  if (log) named_.insert(*log);
  const WallTime composed = clock_();
  add("evIdsAlert", alert.severity, alert_xml(alert, as, log));
  say_(cat(R"({"event":"alert","event_id":")", as.event, R"(","composed_ns":")", ns_of(composed), R"(","log":)",
           log ? cat('"', *log, '"') : std::string("null"), "}"));
  return as.event;
}

std::uint64_t Sensor::raise(const SimAlert& alert, const std::optional<Recording>& recording,
                            std::optional<WallTime> seen) {
  const SimIdentity as = identity(seen);
  std::optional<std::uint64_t> log;
  bool refused = false;
  if (recording) {
    const IpLog* const started = start_log(alert.attacker.address, as.event, *recording, as.time);
    refused = started == nullptr;
    if (started != nullptr) log = started->id;
  }
  compose(alert, as, log);
  if (refused)
    add("evError", "warning",
        error_xml("errWarning", "IpLogProcessor::addIpLog: Ran out of file descriptors", "warning", identity()));
  tell_ring();
  return as.event;
}

std::uint64_t Sensor::record(const std::string& address, const Recording& recording) {
  const IpLog* const log = start_log(address, next_event_ + 1, recording, to_microseconds(clock_()));
  const std::uint64_t id = log == nullptr ? 0 : log->id;
  tell_ring();
  return id;
}

std::uint64_t Sensor::raise_naming(const SimAlert& alert, std::uint64_t log, WallTime seen) {
  return compose(alert, identity(seen), log);
}

void Sensor::fill_ring() {
  for (std::size_t i = 0; i < options_.ring.files; ++i) {
    IpLog* const log = ring_.record(cat("203.0.113.", i % 250 + 1, "/", i), 0, clock_());
    if (log == nullptr) break;
    log->ends = clock_();
    ring_.tick(clock_());
  }
  tell_ring();
}

void Sensor::tick() {
  const Lock lock(mutex_);
  ring_.tick(clock_());
  tell_ring();
  if (started_ && !played_)
    played_ =
        !scenario_ ||
        !scenario_->play(*this, std::chrono::duration_cast<std::chrono::milliseconds>(clock_() - *started_), clock_());
  finish_when_done();
}

/// Over when everything was composed, every log has ended, and all of it was acknowledged.
void Sensor::finish_when_done() {
  const bool over = answers_ ? answers_->all_acknowledged()
                             : scenario_ && played_ && !ring_.any_recording() && store_.all_acknowledged();
  if (done_ || !over) return;
  done_ = true;
  say_(cat(R"({"event":"done","alerts":)", answers_ ? answers_->count() : alerts_, R"(,"opened_ns":")",
           opened_ ? ns_of(*opened_) : 0, R"(","at_ns":")", ns_of(clock_()), R"("})"));
}

}  // namespace exhibit::sim
