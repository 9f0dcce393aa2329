#include "engine/capture_tracker.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/plants.h"
#include "base/text.h"
#include "base/utc.h"

namespace exhibit {
namespace {

constexpr std::size_t proof_max = 8;
constexpr std::size_t incidents_per_capture = 1000;

std::string at_utc(WallTime time) { return cat("at ", clock_seconds(civil_of(time)), " UTC"); }

/// 1, 2, 4, 10, 20 times the first wait: 30 s, 1, 2, 5, 10 minutes by default.
Nanoseconds wait_before(int attempt, Nanoseconds first) {
  constexpr std::array<int, 5> steps = {1, 2, 4, 10, 20};
  return first * steps[std::min<std::size_t>(static_cast<std::size_t>(std::max(attempt - 1, 0)), steps.size() - 1)];
}

/// What is lost first comes first; an hour for a medium alert weighs like two for a high one.
Nanoseconds urgency(const CaptureRow& row, Now now) {
  const int weight = row.severity == Severity::high ? 1 : row.severity == Severity::medium ? 2 : 4;
  return (row.safe_until.mono - now.mono) * weight;
}

}  // namespace

CaptureTracker::Sensor& CaptureTracker::sensor_of(const SensorId& id) {
  return sensors_.try_emplace(id, Sensor(Settings{})).first->second;
}

void CaptureTracker::restore(const std::vector<CaptureRow>& rows, const std::vector<CaptureKey>& earlier, Now now) {
  for (const CaptureKey& key : earlier) forget(key);
  for (CaptureRow row : rows) {
    if (row.state == CaptureState::fetching) row.state = CaptureState::due;  // The pull died with its process.
    row.due = row.due.rebased(now, std::chrono::hours{1});
    row.safe_until = row.safe_until.rebased(now, std::chrono::hours{24});
    rows_.insert_or_assign(row.key, std::move(row));
  }
}

const CaptureRow* CaptureTracker::find(const CaptureKey& key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

CaptureRow& CaptureTracker::begin_epoch(CaptureKey key, Now now) {
  Sensor& sensor = sensor_of(key.sensor);
  sensor.forecast.new_log_seen(now.mono);
  // The ring takes the oldest file first, so a log that turns it faster shortens the life of those before it.
  for (auto at = rows_.lower_bound({key.sensor, "", 0}); at != rows_.end() && at->first.sensor == key.sensor; ++at) {
    CaptureRow& older = at->second;
    if (is_settled(older.state)) continue;
    const Nanoseconds age = std::max(Nanoseconds(now.wall - older.named), Nanoseconds{1});
    const Deadline sooner = Deadline::in(std::max(sensor.forecast.safe_for(now.mono) - age, Nanoseconds{0}), now);
    if (sooner.mono < older.safe_until.mono) older.safe_until = sooner;
  }
  CaptureRow row;
  row.key = key;
  row.named = now.wall;
  row.safe_until = Deadline::in(sensor.forecast.safe_for(now.mono), now);
  row.due = Deadline::in(sensor.settings.ring.log_time + sensor.settings.margin, now);
  return rows_.insert_or_assign(std::move(key), std::move(row)).first->second;
}

void CaptureTracker::bring_back(const std::vector<CaptureRow>& rows) {
  for (const CaptureRow& row : rows)
    if (is_settled(row.state)) rows_.emplace(row.key, row);
}

void CaptureTracker::forget(const CaptureKey& key) {
  std::uint32_t& newest = forgotten_[{key.sensor, key.locator}];
  newest = std::max(newest, key.epoch);
}

const std::uint32_t* CaptureTracker::forgotten(const SensorId& sensor, std::string_view locator) const {
  const auto found = forgotten_.find({sensor, std::string(locator)});
  return found == forgotten_.end() ? nullptr : &found->second;
}

CaptureRow* CaptureTracker::latest(const SensorId& sensor, std::string_view locator) {
  auto after = rows_.upper_bound({sensor, std::string(locator), ~0U});
  const bool any = after != rows_.begin() && (--after)->first.sensor == sensor && after->first.locator == locator;
  if (!any) return nullptr;
  // One that was brought back may be older than what was forgotten.
  const std::uint32_t* const newer = forgotten(sensor, locator);
  return newer && *newer > after->first.epoch ? nullptr : &after->second;
}

/// The latest recording under this number, or a new one.
CaptureRow& CaptureTracker::newest(const SensorId& sensor, std::string_view locator, Now now) {
  if (CaptureRow* const row = latest(sensor, locator)) return *row;
  const std::uint32_t* const earlier = forgotten(sensor, locator);
  return begin_epoch({sensor, std::string(locator), earlier ? *earlier + 1 : 0}, now);
}

CaptureKey CaptureTracker::named(const SensorId& sensor_id, std::string_view locator, const IncidentId& incident,
                                 const Alert& alert, bool on_demand, Now now, Reaction& out) {
  Sensor& sensor = sensor_of(sensor_id);
  CaptureRow* row = &newest(sensor_id, locator, now);
  const bool reused = is_settled(row->state) && row->settled_at && alert.time > *row->settled_at;
  const bool restarted = sensor.restarted && row->named < *sensor.restarted && alert.time > *sensor.restarted;
  if (reused || restarted) row = &begin_epoch({sensor_id, std::string(locator), row->key.epoch + 1}, now);
  const bool first = row->incidents.empty();
  if (std::find(row->incidents.begin(), row->incidents.end(), incident) == row->incidents.end() &&
      row->incidents.size() < incidents_per_capture)
    row->incidents.push_back(incident);
  row->severity = std::max(row->severity, alert.severity);
  row->on_demand = (first || row->on_demand) && on_demand;
  if (!is_settled(row->state) && row->state != CaptureState::fetching && !row->completed && !row->evidence) {
    // A backlog's logs ended long ago; a further alert lengthens a running one.
    const Nanoseconds age =
        std::clamp(elapsed(alert.time, now.wall), Nanoseconds{0}, Nanoseconds(std::chrono::hours{24}));
    const Nanoseconds until_end = sensor.settings.ring.log_time + sensor.settings.margin - age;
    row->due = Deadline::in(std::max(until_end, Nanoseconds{0}), now);
    if (first)
      row->safe_until =
          Deadline::in(std::max(sensor.forecast.safe_for(now.mono) - age, sensor.settings.ring.log_time), now);
  }
  if (row->completed && !is_settled(row->state) && row->state != CaptureState::fetching && !row->on_demand)
    completed(*row, now);
  out.facts.emplace_back(*row);
  return row->key;
}

void CaptureTracker::completed(CaptureRow& row, Now now) {
  if (row.state == CaptureState::fetching && !row.completed) ended_while_pulled_.insert(row.key);
  row.completed = true;
  if (!row.completed_at) row.completed_at = now.wall;
  if (is_settled(row.state) && !planted(Plant::settled_again)) return;
  if (row.state == CaptureState::fetching || row.on_demand || row.incidents.empty()) return;
  row.state = CaptureState::due;
  row.due = Deadline::in(Nanoseconds{0}, now);
}

void CaptureTracker::status(const SensorId& sensor, const StatusEvent& event, Now now, Reaction& out) {
  if (event.detail == "applicationStarted")
    sensor_of(sensor).restarted = event.time.ns ? wall_from_ns(*event.time.ns) : now.wall;
  if (!event.ip_log || event.ip_log_phase == StatusEvent::IpLogPhase::none) return;
  const std::string locator = cat(*event.ip_log);
  const WallTime when = event.time.ns ? wall_from_ns(*event.time.ns) : now.wall;
  const bool begins =
      event.ip_log_phase == StatusEvent::IpLogPhase::started || event.ip_log_phase == StatusEvent::IpLogPhase::added;
  // It speaks of a recording that settled long ago.
  if (!begins && !latest(sensor, locator) && forgotten(sensor, locator)) return;
  CaptureRow* row = &newest(sensor, locator, now);
  if (begins && is_settled(row->state) && row->settled_at && when > *row->settled_at)
    row = &begin_epoch({sensor, locator, row->key.epoch + 1}, now);
  row->heard = true;
  if (begins && row->state == CaptureState::expected) row->state = CaptureState::recording;
  if (event.ip_log_phase == StatusEvent::IpLogPhase::completed) completed(*row, now);
  if (event.ip_log_phase == StatusEvent::IpLogPhase::removed && !is_settled(row->state)) {
    prove(*row, cat(sensor.text, " said ipLogRemoved for log ", locator, " ", at_utc(when)));
    if (row->state != CaptureState::fetching) give_up(*row, CaptureCause::overwritten, now);
  }
  out.facts.emplace_back(*row);
}

void CaptureTracker::refused(const SensorId& sensor, const ErrorEvent& event, Now now, Reaction& out) {
  if (!event.ip_log_refused) return;
  const std::string clause = cat(sensor.text, " said \"", harmless(cut_utf8(event.text, 80)), "\" ", at_utc(now.wall));
  for (auto& [key, row] : rows_) {
    if (key.sensor != sensor || is_settled(row.state)) continue;
    const bool this_one = event.ip_log && cat(*event.ip_log) == key.locator;
    const bool maybe = !event.ip_log && !row.heard && row.state == CaptureState::expected;
    if (!this_one && !maybe) continue;
    row.refused = true;
    prove(row, clause);
    if (this_one && row.state != CaptureState::fetching) give_up(row, CaptureCause::writers_busy, now);
    out.facts.emplace_back(row);
  }
}

void CaptureTracker::asked(const CaptureKey& key, Now now, Reaction& out) {
  const auto found = rows_.find(key);
  if (found == rows_.end() || is_settled(found->second.state)) return;
  CaptureRow& row = found->second;
  row.on_demand = false;
  if (row.state != CaptureState::fetching) {
    row.state = CaptureState::due;
    row.due = Deadline::in(Nanoseconds{0}, now);
  }
  out.facts.emplace_back(row);
  start_due(now, out);
}

void CaptureTracker::fetch_ended(const FetchEnded& ended, Now now, Reaction& out) {
  const auto found = rows_.find(ended.key);
  // After a refused commit the rows are read again while a pull still runs: its end belongs to no pull that we know,
  // and the log is pulled once more.
  if (found == rows_.end() || found->second.state != CaptureState::fetching) return;
  CaptureRow& row = found->second;
  Sensor& sensor = sensor_of(row.key.sensor);
  EXHIBIT_ASSERT(sensor.pulls > 0);
  --sensor.pulls;
  row.state = CaptureState::due;
  switch (ended.kind) {
    case FetchEnded::Kind::whole: on_whole(row, ended, now); break;
    case FetchEnded::Kind::cut: on_cut(row, ended, now); break;
    case FetchEnded::Kind::empty: on_empty(row, ended, now); break;
    case FetchEnded::Kind::gone: on_gone(row, now); break;
    case FetchEnded::Kind::too_large: give_up(row, CaptureCause::too_large, now); break;
    default: on_trouble(row, ended, now); break;
  }
  out.facts.emplace_back(row);
  start_due(now, out);
}

void CaptureTracker::on_whole(CaptureRow& row, const FetchEnded& ended, Now now) {
  const bool unchanged = row.evidence == ended.evidence;
  row.evidence = ended.evidence;
  row.bytes = ended.bytes;
  row.heard = true;
  // A pull that began before the end may lack it.
  const bool too_early = ended_while_pulled_.erase(row.key) > 0;
  if ((row.completed && !too_early) || unchanged || planted(Plant::first_pull_is_whole))
    return settle(row, CaptureState::sealed_complete, CaptureCause::none, now);
  // The sensor may still be writing: only a second pull with the same bytes shows that it is not.
  row.due = Deadline::in(sensor_of(row.key.sensor).settings.confirm_wait, now);
}

void CaptureTracker::on_cut(CaptureRow& row, const FetchEnded& ended, Now now) {
  row.heard = true;
  if (ended.evidence && ended.bytes >= row.bytes) {
    row.evidence = ended.evidence;
    row.bytes = ended.bytes;
  }
  row.trouble = CaptureCause::damaged_log;
  prove(row, cat("the transfer broke off ", at_utc(now.wall), ended.why.empty() ? "" : " (", ended.why,
                 ended.why.empty() ? "" : ")"));
  if (row.attempts < sensor_of(row.key.sensor).settings.damaged_max) return retry(row, now);
  give_up(row, CaptureCause::damaged_log, now);
}

void CaptureTracker::on_empty(CaptureRow& row, const FetchEnded& ended, Now now) {
  row.trouble = CaptureCause::empty_log;
  const Settings& settings = sensor_of(row.key.sensor).settings;
  const bool final = row.attempts >= settings.empty_max &&
                     (row.completed || row.safe_until.passed(now) || row.attempts >= 2 * settings.empty_max);
  if (!final) return retry(row, now);
  prove(row, cat(row.key.sensor.text, " gave an empty log ", row.attempts, " times, the last ", at_utc(now.wall),
                 ended.why.empty() ? "" : cat(" (", ended.why, ")")));
  give_up(row, CaptureCause::empty_log, now);
}

void CaptureTracker::on_gone(CaptureRow& row, Now now) {
  const Sensor& sensor = sensor_of(row.key.sensor);
  prove(row, cat(row.key.sensor.text, " said errNotFound for log ", row.key.locator, " ", at_utc(now.wall)));
  const bool past_forecast = row.safe_until.passed(now);
  if (past_forecast) prove(row, cat("ring forecast end ", clock_seconds(civil_of(row.safe_until.wall)), " UTC"));
  CaptureCause cause = CaptureCause::id_unknown;
  if (row.heard || past_forecast) cause = CaptureCause::overwritten;
  if (row.refused && !row.heard) cause = CaptureCause::writers_busy;
  if (sensor.restarted && *sensor.restarted > row.named) cause = CaptureCause::sensor_restarted;
  give_up(row, cause, now);
}

void CaptureTracker::on_trouble(CaptureRow& row, const FetchEnded& ended, Now now) {
  const auto cause_of = [](FetchEnded::Kind kind) {
    switch (kind) {
      case FetchEnded::Kind::login_refused: return CaptureCause::login_refused;
      case FetchEnded::Kind::certificate_refused: return CaptureCause::certificate_refused;
      case FetchEnded::Kind::unreachable: return CaptureCause::sensor_unreachable;
      case FetchEnded::Kind::damaged: return CaptureCause::damaged_log;
      case FetchEnded::Kind::store_refused: return CaptureCause::disk_full;
      default: return CaptureCause::none;
    }
  };
  const CaptureCause cause = cause_of(ended.kind);
  if (cause != CaptureCause::none && row.trouble != cause)
    prove(row,
          cat(ended.kind == FetchEnded::Kind::unreachable ? "unreachable from " : cat(token(cause), " "),
              clock_seconds(civil_of(now.wall)), " UTC", ended.why.empty() ? "" : cat(" (", harmless(ended.why), ")")));
  if (cause != CaptureCause::none) row.trouble = cause;
  if (planted(Plant::unreachable_is_gone) && ended.kind == FetchEnded::Kind::unreachable)
    return settle(row, CaptureState::lost, CaptureCause::id_unknown, now);
  const Settings& settings = sensor_of(row.key.sensor).settings;
  const bool damaged = cause == CaptureCause::damaged_log && row.attempts >= settings.damaged_max;
  // The forecast is a guess: a sensor that cannot be reached may still have the log when it comes back.
  const bool hopeless =
      row.safe_until.passed(now) && cause != CaptureCause::sensor_unreachable && cause != CaptureCause::disk_full;
  // By tries, not by a clock: it may have jumped, and our process may have been away. (The plant gives up sooner than a
  // bug would: a jump at the right moment is too rare to be met in a test's time.)
  const bool too_long = row.attempts > settings.give_up / wait_before(row.attempts, settings.retry_first) ||
                        (planted(Plant::clock_gives_up) && now.wall - row.named > settings.give_up / 100);
  if (damaged || hopeless || too_long) return expire(row, now);
  retry(row, now);
}

/// Time is up: with what we have, or without.
void CaptureTracker::expire(CaptureRow& row, Now now) {
  const CaptureCause cause = row.trouble == CaptureCause::none ? CaptureCause::overwritten : row.trouble;
  if (row.safe_until.passed(now))
    prove(row, cat("ring forecast end ", clock_seconds(civil_of(row.safe_until.wall)), " UTC"));
  give_up(row, cause, now);
}

void CaptureTracker::retry(CaptureRow& row, Now now) {
  row.state = CaptureState::due;
  row.due = Deadline::in(wait_before(row.attempts, sensor_of(row.key.sensor).settings.retry_first), now);
  if (planted(Plant::pull_not_repeated)) row.due = Deadline::in(std::chrono::hours{1000}, now);
}

void CaptureTracker::settle(CaptureRow& row, CaptureState state, CaptureCause cause, Now now) {
  row.state = state;
  row.cause = cause;
  row.settled_at = now.wall;
  settled_.push_back(row.key);
}

/// No more of it can be had. What an earlier pull brought is kept.
void CaptureTracker::give_up(CaptureRow& row, CaptureCause cause, Now now) {
  settle(row, row.evidence ? CaptureState::sealed_partial : CaptureState::lost, cause, now);
}

void CaptureTracker::prove(CaptureRow& row, std::string clause) {
  if (row.proof.size() < proof_max) row.proof.push_back(std::move(clause));
}

void CaptureTracker::tick(Now now, Reaction& out) {
  for (auto& [key, row] : rows_) {
    if (is_settled(row.state) || row.state == CaptureState::fetching) continue;
    const bool unwanted = row.on_demand || row.incidents.empty();
    if (unwanted && row.safe_until.passed(now)) {
      prove(row, cat("ring forecast end ", clock_seconds(civil_of(row.safe_until.wall)), " UTC"));
      give_up(row, CaptureCause::policy_never, now);
      out.facts.emplace_back(row);
    } else if (!unwanted && row.state != CaptureState::due && row.due.passed(now)) {
      row.state = CaptureState::due;
      out.facts.emplace_back(row);
    }
  }
  start_due(now, out);
}

void CaptureTracker::start_due(Now now, Reaction& out) {
  std::vector<CaptureRow*> due;
  for (auto& [key, row] : rows_)
    if (row.state == CaptureState::due && row.due.passed(now) && !row.on_demand && !row.incidents.empty())
      due.push_back(&row);
  std::stable_sort(due.begin(), due.end(),
                   [&](const CaptureRow* a, const CaptureRow* b) { return urgency(*a, now) < urgency(*b, now); });
  for (CaptureRow* row : due) {
    Sensor& sensor = sensor_of(row->key.sensor);
    if (sensor.pulls >= sensor.settings.pulls_max && !planted(Plant::pulls_unlimited)) continue;
    ++sensor.pulls;
    row->state = CaptureState::fetching;
    ended_while_pulled_.erase(row->key);
    ++row->attempts;
    out.facts.emplace_back(*row);
    out.effects.emplace_back(FetchCapture{row->key, row->attempts});
  }
}

std::optional<MonoTime> CaptureTracker::next_wake() const {
  std::optional<MonoTime> earliest;
  for (const auto& [key, row] : rows_) {
    if (is_settled(row.state) || row.state == CaptureState::fetching) continue;
    const bool unwanted = row.on_demand || row.incidents.empty();
    const MonoTime at = unwanted ? row.safe_until.mono : row.due.mono;
    if (!unwanted && sensors_.contains(row.key.sensor) &&
        sensors_.at(row.key.sensor).pulls >= sensors_.at(row.key.sensor).settings.pulls_max)
      continue;
    if (!earliest || at < *earliest) earliest = at;
  }
  return earliest;
}

void CaptureTracker::gone(const CaptureKey& key) {
  if (const auto row = rows_.find(key); row != rows_.end() && is_settled(row->second.state)) rows_.erase(row);
  const auto newest = forgotten_.find({key.sensor, key.locator});
  if (newest != forgotten_.end() && newest->second <= key.epoch) forgotten_.erase(newest);
}

void CaptureTracker::forget_settled_before(WallTime time, const std::set<CaptureKey>& needed) {
  std::erase_if(rows_, [&](const auto& entry) {
    const bool old = !needed.contains(entry.first) && is_settled(entry.second.state) && entry.second.settled_at &&
                     *entry.second.settled_at < time;
    if (old) forget(entry.first);
    return old;
  });
}

}  // namespace exhibit
