#include "engine/outbox.h"

#include <algorithm>

#include "base/assert.h"
#include "base/plants.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit {
namespace {

constexpr Nanoseconds longest_wait = std::chrono::hours{1};
constexpr std::int64_t ns_of_second = 1'000'000'000;
constexpr std::string_view withdrawn = "withdrawn";

/// Up to a quarter, by the delivery and the attempt: spread without dice.
Nanoseconds jitter(const DeliveryRow& row, Nanoseconds wait) {
  const Digest digest = sha256(cat(row.id.text, "/", row.attempt));
  return wait / 4 * digest[0] / 255;
}

}  // namespace

std::string_view other_ticket(const DeliveryRow& row) {
  for (const std::string_view prefix : {"moved ", "close "})
    if (row.subject.starts_with(prefix)) return std::string_view(row.subject).substr(prefix.size());
  return {};
}

DeliveryId delivery_id(const IncidentId& incident, std::uint64_t order) { return {cat(incident.text, "-", order)}; }

void Outbox::take_out(Open& row) {
  if (row.turn) turns_.erase({turn_of(row), &row});
  if (row.look) looks_.erase({*row.look, row.number, &row});
  row.turn.reset(), row.look.reset();
}

void Outbox::arrange(Line& line) {
  const bool waits = blocked(line);
  bool head = true;
  for (const auto& row : line.open) {
    take_out(*row);
    const bool ready = row->state == DeliveryState::ready, under_way = row->state == DeliveryState::inflight;
    if (ready && !waits && (head || planted(Plant::retry_forgets_order))) row->turn = row->not_before.mono;
    const bool lost = row->state == DeliveryState::unknown || (under_way && planted(Plant::looks_at_what_is_under_way));
    if (lost && !looking_.contains(row->id)) row->look = row->certain_after.mono;
    if (row->turn) turns_.insert({turn_of(*row), row.get()});
    if (row->look) looks_.insert({*row->look, row->number, row.get()});
    head = false;
  }
}

Outbox::Open& Outbox::put(Line& line, DeliveryRow row) {
  auto open = std::make_unique<Open>();
  static_cast<DeliveryRow&>(*open) = std::move(row);
  open->number = ++next_number_;
  const auto behind =
      std::find_if(line.open.begin(), line.open.end(), [&](const auto& other) { return other->order > open->order; });
  return **line.open.insert(behind, std::move(open));
}

void Outbox::restore(const std::vector<DeliveryRow>& rows, Now now, Facts& facts) {
  for (const DeliveryRow& row : rows) restore_row(row, now, facts);
  for (auto& [incident, line] : lines_) {
    if (planted(Plant::restore_forgets))
      std::erase_if(line.open, [](const auto& row) { return row->state == DeliveryState::ready; });
    arrange(line);
  }
}

void Outbox::restore_row(DeliveryRow row, Now now, Facts& facts) {
  Line& line = lines_[row.incident];
  line.next_order = std::max(line.next_order, row.order + 1);
  if (row.state == DeliveryState::dead) {
    if (row.kind == DeliveryKind::ensure) line.blocked = true;
    dead_.emplace(row.id, row);
  }
  if (row.kind == DeliveryKind::ensure && row.state == DeliveryState::expired && row.cause != withdrawn)
    line.given_up = true;
  if (is_final(row.state)) return;
  row.not_before = row.not_before.rebased(now, longest_wait);
  row.certain_after = row.certain_after.rebased(now, std::max(settings_.settle, Nanoseconds{0}));
  if (row.state == DeliveryState::inflight) {
    to_unknown(row, "our process ended before the answer came", now);
    facts.emplace_back(row);
  }
  put(line, std::move(row));
}

void Outbox::owe(const IncidentId& incident, DeliveryKind kind, std::string subject, Severity severity, Rung rung,
                 Now now, Facts& facts, Nanoseconds wait) {
  Line& line = lines_[incident];
  std::uint64_t& next = line.next_order;
  const bool doubted = now.wall < doubted_until_;
  const bool may_stand = doubted && (next == 0 || (next == 1 && kind == DeliveryKind::attach));
  if (doubted && !may_stand) next = std::max(next, static_cast<std::uint64_t>(ns_of(doubted_since_) / ns_of_second));
  const std::uint64_t order = next++;
  DeliveryRow row;
  row.id = delivery_id(incident, order);
  row.incident = incident;
  row.kind = kind;
  row.order = order;
  row.subject = std::move(subject);
  row.rung = rung;
  row.severity = severity;
  row.not_before = Deadline::in(wait, now);
  if (may_stand) {
    row.state = DeliveryState::unknown;
    row.certain_after = row.not_before;
    row.cause = "the store was begun anew, and it may stand already";
  }
  if (line.given_up) {
    row.state = DeliveryState::expired;
    row.cause = "its ticket was given up";
  }
  facts.emplace_back(row);
  if (is_final(row.state)) return;
  put(line, std::move(row));
  arrange(line);
}

std::vector<DeliveryRow> Outbox::claim(Now now, Facts& facts, const std::optional<Turn>& before) {
  std::vector<DeliveryRow> claimed;
  for (Open* row : due(now, room(now))) {
    if (before && *before < turn_of(*row)) break;
    ++in_flight_;
    ++row->attempt;
    row->state = DeliveryState::inflight;
    arrange(lines_.at(row->incident));
    if (!planted(Plant::claim_without_fact)) facts.emplace_back(DeliveryRow(*row));
    claimed.push_back(*row);
  }
  return claimed;
}

std::vector<Outbox::Open*> Outbox::due(Now now, std::size_t most) const {
  std::vector<Open*> rows;
  for_each_due(turns_, now, [&](const OpenTurn& turn) {
    if (rows.size() < most) rows.push_back(turn.row);
    return rows.size() < most;
  });
  return rows;
}

std::size_t Outbox::room(Now now) const {
  if (rests(now)) return 0;
  if (planted(Plant::no_limit)) return turns_.size();
  return settings_.in_flight_max - std::min(in_flight_, settings_.in_flight_max);
}

std::optional<Turn> Outbox::due_turn(std::size_t nth, Now now) const {
  std::optional<Turn> found;
  for_each_due(turns_, now, [&](const OpenTurn& turn) {
    if (nth == 0) found = turn;
    return nth-- > 0;
  });
  return found;
}

std::optional<Outbox::Waiting> Outbox::waits(const IncidentId& incident) const {
  const auto line = lines_.find(incident);
  if (line == lines_.end() || line->second.open.empty()) return std::nullopt;
  const Rows& rows = line->second.open;
  const Open& first = *rows.front();
  const bool all_wait =
      std::all_of(rows.begin(), rows.end(), [](const auto& row) { return row->state == DeliveryState::ready; });
  if (!all_wait || !first.turn) return std::nullopt;
  return Waiting{turn_of(first), first.failures, static_cast<std::uint32_t>(rows.size())};
}

Outbox::Waiting Outbox::place_of(Severity severity, Deadline not_before, std::uint32_t deliveries, Now now) {
  return {{severity, not_before.rebased(now, longest_wait).mono, ++next_number_}, 0, deliveries};
}

void Outbox::bring_back(const std::vector<DeliveryRow>& rows, const Waiting& place, Now now) {
  Facts none;  // What is open is ready, as `waits` found.
  for (const DeliveryRow& row : rows) restore_row(row, now, none);
  EXHIBIT_ASSERT(!rows.empty());
  Line& line = lines_.at(rows.front().incident);
  EXHIBIT_ASSERT(line.open.size() == place.deliveries);
  Open& first = *line.open.front();
  first.failures = place.failures;
  first.number = place.turn.number;
  first.not_before.mono = place.turn.at;
  arrange(line);
}

void Outbox::forget(const IncidentId& incident) {
  const auto line = lines_.find(incident);
  if (line == lines_.end()) return;
  for (const auto& row : line->second.open) take_out(*row);
  lines_.erase(line);
}

std::vector<DeliveryRow> Outbox::claim_look_ups(Now now) {
  std::vector<DeliveryRow> claimed;
  if (rests(now)) return claimed;
  for (const Look& look : looks_) {
    if (in_flight_ >= settings_.in_flight_max) break;
    if (!look.row->certain_after.passed(now) && !planted(Plant::looks_too_early)) break;
    looking_.insert(look.row->id);
    ++in_flight_;
    claimed.push_back(*look.row);
  }
  for (const DeliveryRow& row : claimed) arrange(lines_.at(row.incident));
  return claimed;
}

bool Outbox::has_behind(const DeliveryId& id) const {
  const Rows* const rows = rows_of({id.text.substr(0, id.text.rfind('-'))});
  return rows && rows->size() > 1;
}

Outbox::Place Outbox::find(const DeliveryId& id) {
  const std::size_t dash = id.text.rfind('-');
  if (dash == std::string::npos) return {};
  const auto line = lines_.find({id.text.substr(0, dash)});
  if (line == lines_.end()) return {};
  Rows& rows = line->second.open;
  const auto at = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row->id == id; });
  return at == rows.end() ? Place{} : Place{&line->second, at};
}

DeliveryRow Outbox::finish(const Place& place, DeliveryState state, Facts& facts) {
  take_out(*place);
  DeliveryRow row = std::move(*place);
  Line& line = *place.line;
  line.open.erase(place.at);
  row.state = state;
  if (state == DeliveryState::dead) {
    if (row.kind == DeliveryKind::ensure) line.blocked = true;
    dead_.insert_or_assign(row.id, row);
  }
  arrange(line);
  facts.emplace_back(row);
  return row;
}

std::vector<DeliveryRow> Outbox::dead() const {
  std::vector<DeliveryRow> rows;
  for (const auto& [id, row] : dead_) rows.push_back(row);
  return rows;
}

Result<void> Outbox::may_decide(const LetterDecided& decision) const {
  const auto found = dead_.find(decision.id);
  if (found == dead_.end()) return Error{Errc::not_found, cat("no dead letter is called ", harmless(decision.id.text))};
  if (decision.what == LetterDecided::What::put_into && found->second.kind != DeliveryKind::ensure)
    return Error{Errc::bad_input, "only the making of a ticket can be replaced by one that is there"};
  return {};
}

Result<DeliveryRow> Outbox::decided(const LetterDecided& decision, Rung first_rung, Now now, Facts& facts) {
  if (const Result<void> may = may_decide(decision); !may) return may.error();
  const auto found = dead_.find(decision.id);
  using What = LetterDecided::What;
  const bool ticket = found->second.kind == DeliveryKind::ensure;
  DeliveryRow row = std::move(found->second);
  dead_.erase(found);
  Line& line = lines_[row.incident];
  if (ticket && decision.what != What::expire) line.blocked = false;
  switch (decision.what) {
    case What::again:
    case What::link_only:
      row.rung = decision.what == What::again ? first_rung : Rung::link_only;
      row.short_because = decision.what == What::again ? "" : "an operator chose so";
      to_ready(row, Nanoseconds{0}, row.cause, now);
      put(line, row);
      break;
    case What::put_into: row.state = DeliveryState::done; break;
    case What::expire: row.state = DeliveryState::expired; break;
  }
  facts.emplace_back(row);
  if (ticket && decision.what == What::expire) expire_all(line, facts);
  arrange(line);
  return row;
}

bool Outbox::withdraw(const IncidentId& incident, std::string_view subject, Facts& facts) {
  return take_back(incident, subject, false, facts);
}

bool Outbox::give_up(const IncidentId& incident, std::string_view subject, Facts& facts) {
  return take_back(incident, subject, true, facts);
}

bool Outbox::take_back(const IncidentId& incident, std::string_view subject, bool tried_too, Facts& facts) {
  const auto line = lines_.find(incident);
  if (line == lines_.end()) return false;
  Rows& rows = line->second.open;
  const auto at = std::find_if(rows.begin(), rows.end(), [&](const auto& row) {
    return row->subject == subject && row->state == DeliveryState::ready && (row->attempt == 0 || tried_too);
  });
  if (at == rows.end()) return false;
  (*at)->cause = withdrawn;
  (void)finish({&line->second, at}, DeliveryState::expired, facts);
  return true;
}

/// What waits behind a ticket that nobody will make.
void Outbox::expire_all(Line& line, Facts& facts) {
  line.given_up = true;
  for (const auto& row : std::exchange(line.open, {})) {
    take_out(*row);
    row->state = DeliveryState::expired;
    row->cause = "its ticket was given up";
    facts.emplace_back(DeliveryRow(*row));
  }
}

Nanoseconds Outbox::back_off(Open& row) const {
  const int doublings = std::min(row.failures++, 20);
  const Nanoseconds wait = std::min(settings_.retry_max, settings_.retry_first * std::int64_t{1 << doublings});
  return wait + jitter(row, wait);
}

/// The desk's own wish counts; without one a refused login waits longer each time.
void Outbox::pause(const DeliveryOutcome& outcome, Now now) {
  const bool denied = outcome.kind == DeliveryOutcome::Kind::denied;
  if (denied) paused_why_ = outcome.why;
  const Nanoseconds own = settings_.denied_pause * std::int64_t{1 << std::min(denials_, 4)};
  if (denied && !outcome.desk_rests) ++denials_;
  paused_until_ = Deadline::in(std::clamp(outcome.retry_after.value_or(own), Nanoseconds{0}, longest_wait), now);
}

void Outbox::to_ready(DeliveryRow& row, Nanoseconds wait, std::string_view why, Now now) {
  row.state = DeliveryState::ready;
  row.cause = why;
  row.not_before = Deadline::in(wait, now);
}

void Outbox::to_unknown(DeliveryRow& row, std::string_view why, Now now) {
  const bool again =
      planted(Plant::unknown_is_ready) || (planted(Plant::note_is_sent_again) && row.kind != DeliveryKind::ensure);
  row.state = again ? DeliveryState::ready : DeliveryState::unknown;
  row.cause = why;
  row.certain_after = Deadline::in(settings_.settle, now);
}

void Outbox::step_down(DeliveryRow& row, const std::string& why, Now now) {
  row.rung = static_cast<Rung>(static_cast<int>(row.rung) + 1);
  if (row.rung == Rung::no_packets) row.rung = Rung::link_only;
  row.short_because = why;
  to_ready(row, Nanoseconds{0}, why, now);
}

std::optional<DeliveryRow> Outbox::ended(const DeliveryEnded& ended, Now now, Facts& facts) {
  const Place at = find(ended.id);
  if (!at) return std::nullopt;
  Open& row = *at;
  // A late answer to what an engine before this one sent: proof is proof, anything else changes nothing.
  const bool late = row.state == DeliveryState::unknown &&
                    (ended.outcome.kind == DeliveryOutcome::Kind::done || planted(Plant::late_answer_counts));
  if (row.state != DeliveryState::inflight && !late) return std::nullopt;
  if (!late && in_flight_ > 0) --in_flight_;
  const DeliveryOutcome& outcome = ended.outcome;
  if (outcome.kind == DeliveryOutcome::Kind::done) desk_is_well(now);
  if (outcome.desk_rests) {
    --row.attempt;  // It never left.
    pause(outcome, now);
    to_ready(row, Nanoseconds{0}, outcome.why, now);
    arrange(*at.line);
    facts.emplace_back(DeliveryRow(row));
    return row;
  }
  if (outcome.kind != DeliveryOutcome::Kind::denied && outcome.kind != DeliveryOutcome::Kind::unknown &&
      outcome.kind != DeliveryOutcome::Kind::retry)
    resume();
  switch (outcome.kind) {
    case DeliveryOutcome::Kind::done: return finish(at, DeliveryState::done, facts);
    case DeliveryOutcome::Kind::gone: row.cause = outcome.why; return finish(at, DeliveryState::dead, facts);
    case DeliveryOutcome::Kind::retry:
      if (planted(Plant::rung_forgotten)) row.rung = Rung::masked;
      to_ready(row, std::clamp(outcome.retry_after.value_or(back_off(row)), Nanoseconds{0}, longest_wait), outcome.why,
               now);
      break;
    case DeliveryOutcome::Kind::unknown: to_unknown(row, outcome.why, now); break;
    case DeliveryOutcome::Kind::denied:
      pause(outcome, now);
      to_ready(row, Nanoseconds{0}, outcome.why, now);
      break;
    case DeliveryOutcome::Kind::rejected:
      row.cause = outcome.why;
      // A refused file costs a line in its ticket, and asks nobody for a decision.
      if (row.kind == DeliveryKind::attach) return finish(at, DeliveryState::expired, facts);
      if (row.kind == DeliveryKind::state || row.rung == Rung::link_only) return finish(at, DeliveryState::dead, facts);
      step_down(row, outcome.why, now);
      break;
  }
  arrange(*at.line);
  facts.emplace_back(DeliveryRow(row));
  return row;
}

std::optional<DeliveryRow> Outbox::looked_up(const DeliveryLookedUp& result, Now now, Facts& facts) {
  const Place at = find(result.id);
  if (looking_.erase(result.id) == 0) return std::nullopt;
  if (in_flight_ > 0) --in_flight_;
  if (!at) return std::nullopt;
  Open& row = *at;
  arrange(*at.line);
  if (row.state != DeliveryState::unknown) return std::nullopt;
  using Found = DeliveryLookedUp::Found;
  if (result.found != Found::failed) desk_is_well(now);
  if (result.found == Found::one || result.found == Found::several ||
      (planted(Plant::none_is_done) && result.found == Found::none))
    return finish(at, DeliveryState::done, facts);
  if (result.found == Found::never) {
    row.cause = cat("nobody can say whether it arrived: ", row.cause);
    return finish(at, DeliveryState::dead, facts);
  }
  if (result.found == Found::none)
    to_ready(row, Nanoseconds{0}, row.cause, now);
  else
    row.certain_after = Deadline::in(back_off(row), now);  // A failed look-up is not "not found".
  if (result.found == Found::failed) failed_looks_.insert(row.id);
  ++row.attempt;
  arrange(*at.line);
  facts.emplace_back(DeliveryRow(row));
  return row;
}

/// What waits longer and longer for an answer would go on waiting long after the desk can give one.
void Outbox::desk_is_well(Now now) {
  const Deadline soon = Deadline::in(settings_.look_again, now);
  for (const DeliveryId& id : std::exchange(failed_looks_, {})) {
    const Place at = find(id);
    if (!at || at->state != DeliveryState::unknown) continue;
    if (soon.mono < at->certain_after.mono) at->certain_after = soon;
    arrange(*at.line);
  }
}

const Outbox::Rows* Outbox::rows_of(const IncidentId& incident) const {
  const auto line = lines_.find(incident);
  return line == lines_.end() || line->second.open.empty() ? nullptr : &line->second.open;
}

std::string Outbox::why_waiting(const IncidentId& incident) const {
  const Rows* const rows = rows_of(incident);
  return rows && !rows->front()->cause.empty() ? rows->front()->cause : paused_why_.value_or("");
}

bool Outbox::holds(const IncidentId& incident) const {
  return owes(incident) ||
         std::any_of(dead_.begin(), dead_.end(), [&](const auto& entry) { return entry.second.incident == incident; });
}

std::size_t Outbox::open() const {
  std::size_t all = 0;
  for (const auto& [incident, line] : lines_) all += blocked(line) ? 0 : line.open.size();
  return all;
}

bool Outbox::has_ready(const IncidentId& incident, std::string_view subject) const {
  const Rows* const rows = rows_of(incident);
  return rows && std::any_of(rows->begin(), rows->end(), [&](const auto& row) {
           return row->state == DeliveryState::ready && row->subject == subject;
         });
}

std::optional<MonoTime> Outbox::next_wake(std::optional<MonoTime> elsewhere) const {
  if (in_flight_ >= settings_.in_flight_max) return std::nullopt;  // The next answer wakes us.
  std::optional<MonoTime> earliest = elsewhere;
  const auto hear = [&](MonoTime at) { earliest = std::min(earliest.value_or(at), at); };
  if (const auto turn = next_turn(turns_)) hear(*turn);
  if (!looks_.empty()) hear(looks_.begin()->at);
  return earliest && paused_until_ ? std::max(*earliest, paused_until_->mono) : earliest;
}

}  // namespace exhibit
