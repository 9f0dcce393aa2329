#include "sim_disk.h"

#include <algorithm>

#include "base/sha256.h"
#include "base/text.h"
#include "engine/shelf.h"
#include "incident/identity.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;
using State = DeliveryState;

constexpr int commit_refused = 2;  // Of a thousand.
constexpr Nanoseconds patience_with_a_sensor = 23h;

/// The arrows of the outbox's picture.
bool is_lawful(const std::string& from, State to) {
  if (from.empty()) return to == State::ready || to == State::expired;  // Of a ticket that was given up.
  if (from == "ready") return to == State::inflight || to == State::expired;
  if (from == "inflight")
    return to == State::done || to == State::ready || to == State::unknown || to == State::dead || to == State::expired;
  if (from == "unknown") return to == State::done || to == State::ready || to == State::dead || to == State::unknown;
  if (from == "dead") return to == State::ready || to == State::done || to == State::expired;
  return false;
}

bool needs_proof_of_loss(CaptureCause cause) {
  return cause == CaptureCause::id_unknown || cause == CaptureCause::sensor_restarted;
}

}  // namespace

bool SimDisk::commit(const Facts& facts, const DeliveryId& looked_for) {
  if (facts.empty()) return true;
  if (!stage_.quiet && stage_.now().mono < full_until_) return false;
  if (stage_.chance(commit_refused)) return false;
  looked_for_ = looked_for;
  for (const Fact& fact : facts) std::visit([this](const auto& row) { write(row); }, fact);
  return true;
}

void SimDisk::write(const AlertRow& row) {
  events_.insert(row.sensor.text + "/" + row.event_id);
  const auto [at, fresh] = alerts_.insert_or_assign(row.identity, row);
  // Only the raw text of an incident's first alert is ever read again.
  if (const IncidentRow* of = incident(row.incident); of == nullptr || of->first_alert != row.identity)
    at->second.raw.clear();
  if (!fresh) stage_.violated(Invariant::alert_once, cat(row.event_id, " has a second row"));
  if (row.sequence <= sequence_)
    stage_.violated(Invariant::receive_order,
                    cat(row.event_id, " has the number ", row.sequence, " after ", sequence_));
  sequence_ = std::max(sequence_, row.sequence);
  if (!row.sensor.text.starts_with(tenant_.text))
    stage_.violated(Invariant::tenants_apart, cat(tenant_.text, " keeps an alert of ", row.sensor.text));
}

void SimDisk::write(const IncidentRow& row) {
  if (row.correlation != correlation_id(tenant_, row.id))
    stage_.violated(Invariant::tenants_apart, cat(tenant_.text, " has the foreign incident ", row.id.text));
  const auto before = incidents_.find(row.id);
  if (before == incidents_.end() && row.severity == Severity::low)
    stage_.violated(Invariant::floor_kept, cat("an alert of low severity opened ", row.id.text));
  incidents_.insert_or_assign(row.id, row);
}

void SimDisk::write(const CaptureRow& row) {
  const auto before = captures_.find(row.key);
  if (before == captures_.end()) {
    named_[row.key] = stage_.now().mono;
  } else if (is_settled(before->second.state) &&
             (before->second.state != row.state || before->second.cause != row.cause ||
              before->second.evidence != row.evidence)) {
    stage_.violated(Invariant::settled_stays, cat("capture ", row.key.text(), " was ", token(before->second.state),
                                                  " and is ", token(row.state)));
  }
  if (is_settled(row.state) && (before == captures_.end() || !is_settled(before->second.state))) judge_settled(row);
  captures_.insert_or_assign(row.key, row);
}

void SimDisk::judge_settled(const CaptureRow& row) {
  if (row.state == CaptureState::sealed_complete && row.evidence && whole.contains(row.key) &&
      row.evidence->text != whole.at(row.key))
    stage_.violated(Invariant::whole_is_whole, cat("capture ", row.key.text(), " lacks its end"));
  const bool told = said_gone.contains(row.key);
  const bool proven = told || row.safe_until.passed(stage_.now());
  if (row.state == CaptureState::lost && row.cause == CaptureCause::overwritten && !proven)
    stage_.violated(Invariant::true_cause, cat("capture ", row.key.text(), " is overwritten, and nobody said so"));
  if (needs_proof_of_loss(row.cause) && !told)
    stage_.violated(Invariant::true_cause,
                    cat("capture ", row.key.text(), ": ", token(row.cause), ", and nobody said so"));
  const bool unreachable = row.cause == CaptureCause::sensor_unreachable;
  if (unreachable && !proven && stage_.now().mono - named_[row.key] < patience_with_a_sensor)
    stage_.violated(Invariant::patience_kept, cat("capture ", row.key.text(), " was given up after ",
                                                  duration_text(stage_.now().mono - named_[row.key])));
}

void SimDisk::write(const DeliveryRow& row) {
  const auto before = deliveries_.find(row.id);
  judge_step(before == deliveries_.end() ? nullptr : &before->second, row);
  if (row.state == State::unknown && (before == deliveries_.end() || before->second.state != State::unknown))
    unknown_since_[row.id] = stage_.now().mono;
  deliveries_.insert_or_assign(row.id, row);
}

void SimDisk::judge_step(const DeliveryRow* before, const DeliveryRow& row) {
  const std::string from = before == nullptr ? "" : std::string(token(before->state));
  const bool same = before != nullptr && before->state == row.state && row.state != State::unknown;
  if (!same) {
    steps_.insert({from, row.state});
    bool lawful = is_lawful(from, row.state);
    if (from == "unknown" && row.state == State::ready) lawful = row.id == looked_for_;
    if (from == "dead") lawful = lawful && person_decided;
    if (!lawful)
      stage_.violated(Invariant::lawful_step, cat(row.id.text, " goes from ", from, " to ", token(row.state)));
  }
  if (before != nullptr && row.rung < before->rung && !person_decided)
    stage_.violated(Invariant::rung_never_rises, row.id.text);
  const Nanoseconds wait = std::max(row.not_before.mono, row.certain_after.mono) - stage_.now().mono;
  if (!is_final(row.state) && wait > 24h)
    stage_.violated(Invariant::wait_bounded, cat(row.id.text, " waits for ", duration_text(wait)));
}

Snapshot SimDisk::snapshot() const {
  Snapshot rows;
  rows.sequence = sequence_;
  std::set<IncidentId> waiting;
  for (const auto& [id, row] : incidents_) {
    if (const auto waits = waiting_row(row)) {
      rows.waiting.push_back(*waits);
      waiting.insert(id);
    } else {
      rows.incidents.push_back(row);
    }
  }
  for (const auto& [id, row] : alerts_) {
    rows.seen.insert(id);
    if (waiting.contains(row.incident))
      rows.seen.belongs(row.sensor, row.event_id, row.incident);
    else
      rows.alerts.push_back(row);
  }
  for (const auto& [id, row] : captures_) rows.captures.push_back(row);
  for (const auto& [id, row] : reports_) rows.reports.push_back(row);
  for (const auto& [id, row] : deliveries_)
    if (!waiting.contains(row.incident)) rows.deliveries.push_back(row);
  rows.alerts_total = alerts_.size();
  rows.incidents_total = incidents_.size();
  return rows;
}

/// As Store::load has it.
std::optional<WaitingRow> SimDisk::waiting_row(const IncidentRow& row) const {
  if (row.ticket_at || !row.captures.empty()) return std::nullopt;
  const DeliveryRow* first = nullptr;
  std::uint32_t open = 0;
  for (auto at = deliveries_.lower_bound({row.id.text}); at != deliveries_.end(); ++at) {
    const DeliveryRow& delivery = at->second;
    if (delivery.incident != row.id) break;
    if (is_final(delivery.state) && delivery.state != State::dead) continue;
    if (delivery.state != State::ready) return std::nullopt;
    if (first == nullptr || delivery.order < first->order) first = &delivery;
    ++open;
  }
  if (first == nullptr) return std::nullopt;
  return WaitingRow{IncidentKey::of(row.id), Shelf::group_hash(row.group), row.first_time,
                    first->severity,         first->not_before,            open};
}

IncidentRows SimDisk::rows_of(const IncidentId& id) const {
  IncidentRows rows{incidents_.at(id), {}, {}, {}, {}};
  rows.first = alerts_.at(rows.incident.first_alert);
  for (const CaptureKey& key : rows.incident.captures) {
    rows.captures.push_back(captures_.at(key));
    if (const auto report = reports_.find({key, id}); report != reports_.end()) rows.reports.push_back(report->second);
  }
  for (auto at = deliveries_.lower_bound({id.text}); at != deliveries_.end() && at->second.incident == id; ++at)
    rows.deliveries.push_back(at->second);
  return rows;
}

const DeliveryRow* SimDisk::delivery(const DeliveryId& id) const {
  const auto found = deliveries_.find(id);
  return found == deliveries_.end() ? nullptr : &found->second;
}

const CaptureRow* SimDisk::capture(const CaptureKey& key) const {
  const auto found = captures_.find(key);
  return found == captures_.end() ? nullptr : &found->second;
}

const IncidentRow* SimDisk::incident(const IncidentId& id) const {
  const auto found = incidents_.find(id);
  return found == incidents_.end() ? nullptr : &found->second;
}

bool SimDisk::given_up(const IncidentId& id) const {
  const DeliveryRow* ticket = delivery({id.text + "-0"});
  return ticket != nullptr && ticket->state == State::expired;
}

MonoTime SimDisk::unknown_since(const DeliveryId& id) const {
  const auto found = unknown_since_.find(id);
  return found == unknown_since_.end() ? MonoTime{} : found->second;
}

std::vector<DeliveryRow> SimDisk::dead() const {
  std::vector<DeliveryRow> rows;
  for (const auto& [id, row] : deliveries_)
    if (row.state == State::dead) rows.push_back(row);
  return rows;
}

void SimDisk::judge_the_end() const {
  std::map<IncidentId, std::uint64_t> counted;
  for (const auto& [id, row] : alerts_)
    if (!row.incident.empty()) ++counted[row.incident];
  for (const auto& [id, row] : incidents_) {
    if (counted[id] != row.alerts)
      stage_.violated(Invariant::alerts_counted,
                      cat(id.text, " counts ", row.alerts, " alerts and holds ", counted[id]));
    for (const CaptureKey& key : row.captures) {
      const CaptureRow* held = capture(key);
      if (held == nullptr || !is_settled(held->state) ||
          (held->state == CaptureState::lost && held->cause == CaptureCause::none))
        stage_.violated(Invariant::capture_settles,
                        cat(key.text(), held == nullptr ? " has no row" : cat(" is ", token(held->state))));
      else if (is_sealed(held->state) && !reports_.contains({key, id}))
        stage_.violated(Invariant::capture_examined, cat(key.text(), " for ", id.text));
    }
  }
  std::map<std::string, int> notes;
  for (const auto& [id, row] : deliveries_) {
    if (row.kind == DeliveryKind::note && row.subject.starts_with("capture ") &&
        ++notes[row.incident.text + row.subject] > 1)
      stage_.violated(Invariant::capture_told_once, id.text);
    if (!is_final(row.state)) stage_.violated(Invariant::delivery_ends, cat(id.text, " is ", token(row.state)));
  }
}

std::string SimDisk::text() const {
  std::string all;
  for (const auto& [id, row] : alerts_) all += cat("alert ", id, " ", row.incident.text, " ", row.sequence, "\n");
  for (const auto& [id, row] : incidents_)
    all += cat("incident ", id.text, " ", row.alerts, " ", row.ticket, " ", token(row.severity), " ",
               row.captures.size(), "\n");
  for (const auto& [key, row] : captures_)  // What nobody waits for ends by its time alone.
    if (!row.incidents.empty())
      all += cat("capture ", key.text(), " ", token(row.state), " ", token(row.cause), " ",
                 row.evidence ? row.evidence->text : "", " ", row.incidents.size(), "\n");
  for (const auto& [id, row] : deliveries_)
    all += cat("delivery ", id.text, " ", row.subject, " ", token(row.state), " ", row.attempt, "\n");
  return all;
}

}  // namespace exhibit::sim
