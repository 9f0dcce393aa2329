#include "engine/outbox.h"

#include <algorithm>
#include <tuple>

#include "base/sha256.h"
#include "base/text.h"
#include "engine/plants.h"

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

bool Outbox::ByOrder::operator()(const Open* a, const Open* b) const {
  return std::tie(a->incident, a->order) < std::tie(b->incident, b->order);
}

bool Outbox::ByTurn::operator()(const Open* a, const Open* b) const {
  if (a->severity != b->severity) return a->severity > b->severity;
  return *a->turn != *b->turn ? *a->turn < *b->turn : ByOrder()(a, b);
}

bool Outbox::ByWake::operator()(const Open* a, const Open* b) const {
  return *a->wake != *b->wake ? *a->wake < *b->wake : ByOrder()(a, b);
}

void Outbox::take_out(Open& row) {
  if (row.turn) turns_.erase(&row);
  if (row.wake) wakes_.erase(&row);
  if (row.lost) lost_.erase(&row);
  row.turn.reset(), row.wake.reset(), row.lost = false;
}

void Outbox::place(const IncidentId& incident) {
  const bool waits = blocked(incident);
  bool head = true;
  for (auto at = open_.lower_bound({incident, 0}); at != open_.end() && at->first.first == incident; ++at) {
    Open& row = at->second;
    take_out(row);
    const bool ready = row.state == DeliveryState::ready, under_way = row.state == DeliveryState::inflight;
    if (ready && !waits && (head || planted(Plant::retry_forgets_order))) row.turn = row.not_before.mono;
    if (head && !waits && !under_way && !looking_.contains(row.id))
      row.wake = row.state == DeliveryState::unknown ? row.certain_after.mono : row.not_before.mono;
    row.lost = row.state == DeliveryState::unknown || (under_way && planted(Plant::looks_at_what_is_under_way));
    if (row.turn) turns_.insert(&row);
    if (row.wake) wakes_.insert(&row);
    if (row.lost) lost_.insert(&row);
    head = false;
  }
}

void Outbox::restore(const std::vector<DeliveryRow>& rows, Now now, Facts& facts) {
  for (DeliveryRow row : rows) {
    std::uint64_t& next = next_order_[row.incident];
    next = std::max(next, row.order + 1);
    if (row.state == DeliveryState::dead) {
      if (row.kind == DeliveryKind::ensure) blocked_.insert(row.incident);
      dead_.emplace(row.id, row);
    }
    if (row.kind == DeliveryKind::ensure && row.state == DeliveryState::expired && row.cause != withdrawn)
      given_up_.insert(row.incident);
    if (is_final(row.state)) continue;
    if (planted(Plant::restore_forgets) && row.state == DeliveryState::ready) continue;
    row.not_before = row.not_before.rebased(now, longest_wait);
    row.certain_after = row.certain_after.rebased(now, std::max(settings_.settle, Nanoseconds{0}));
    if (row.state == DeliveryState::inflight) {
      to_unknown(row, "our process ended before the answer came", now);
      facts.emplace_back(row);
    }
    const Order key{row.incident, row.order};
    open_.insert_or_assign(key, Open{std::move(row)});
  }
  for (const auto& [incident, order] : next_order_) place(incident);
}

void Outbox::owe(const IncidentId& incident, DeliveryKind kind, std::string subject, Severity severity, Rung rung,
                 Now now, Facts& facts, Nanoseconds wait) {
  std::uint64_t& next = next_order_[incident];
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
  if (given_up_.contains(incident)) {
    row.state = DeliveryState::expired;
    row.cause = "its ticket was given up";
  }
  facts.emplace_back(row);
  if (is_final(row.state)) return;
  open_.insert_or_assign({incident, order}, Open{std::move(row)});
  place(incident);
}

std::vector<DeliveryRow> Outbox::claim(Now now, Facts& facts) {
  if (rests(now)) return {};
  std::vector<Open*> going;
  for (auto at = turns_.begin(); at != turns_.end();) {
    if (in_flight_ >= settings_.in_flight_max && !planted(Plant::no_limit)) break;
    if ((*at)->not_before.passed(now)) {
      ++in_flight_;
      going.push_back(*at++);
    } else {
      Open last;  // Those behind it in its severity are due later still.
      last.severity = (*at)->severity;
      last.turn = MonoTime::max();
      at = turns_.upper_bound(&last);
    }
  }
  std::vector<DeliveryRow> claimed;
  for (Open* row : going) {
    ++row->attempt;
    row->state = DeliveryState::inflight;
    place(row->incident);
    if (!planted(Plant::claim_without_fact)) facts.emplace_back(DeliveryRow(*row));
    claimed.push_back(*row);
  }
  return claimed;
}

std::vector<DeliveryRow> Outbox::claim_look_ups(Now now) {
  std::vector<DeliveryRow> claimed;
  if (rests(now)) return claimed;
  for (Open* row : lost_) {
    if (in_flight_ >= settings_.in_flight_max) break;
    if (!row->certain_after.passed(now) && !planted(Plant::looks_too_early)) continue;
    if (!looking_.insert(row->id).second) continue;
    ++in_flight_;
    claimed.push_back(*row);
  }
  for (const DeliveryRow& row : claimed) place(row.incident);
  return claimed;
}

std::map<Outbox::Order, Outbox::Open>::iterator Outbox::find(const DeliveryId& id) {
  const std::size_t dash = id.text.rfind('-');
  const auto order =
      parse_number<std::uint64_t>(std::string_view(id.text).substr(dash == std::string::npos ? 0 : dash + 1));
  return order && dash != std::string::npos ? open_.find({{id.text.substr(0, dash)}, *order}) : open_.end();
}

std::optional<DeliveryRow> Outbox::finish(std::map<Order, Open>::iterator at, DeliveryState state, Facts& facts) {
  take_out(at->second);
  DeliveryRow row = std::move(at->second);
  open_.erase(at);
  row.state = state;
  if (state == DeliveryState::dead) {
    if (row.kind == DeliveryKind::ensure) blocked_.insert(row.incident);
    dead_.insert_or_assign(row.id, row);
  }
  place(row.incident);
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
  if (ticket && decision.what != What::expire) blocked_.erase(row.incident);
  switch (decision.what) {
    case What::again:
    case What::link_only:
      row.rung = decision.what == What::again ? first_rung : Rung::link_only;
      row.short_because = decision.what == What::again ? "" : "an operator chose so";
      to_ready(row, Nanoseconds{0}, row.cause, now);
      open_.insert_or_assign({row.incident, row.order}, Open{row});
      break;
    case What::put_into: row.state = DeliveryState::done; break;
    case What::expire: row.state = DeliveryState::expired; break;
  }
  facts.emplace_back(row);
  if (ticket && decision.what == What::expire) expire_all(row.incident, facts);
  place(row.incident);
  return row;
}

bool Outbox::withdraw(const IncidentId& incident, std::string_view subject, Facts& facts) {
  return take_back(incident, subject, false, facts);
}

bool Outbox::give_up(const IncidentId& incident, std::string_view subject, Facts& facts) {
  return take_back(incident, subject, true, facts);
}

bool Outbox::take_back(const IncidentId& incident, std::string_view subject, bool tried_too, Facts& facts) {
  for (auto at = open_.lower_bound({incident, 0}); at != open_.end() && at->first.first == incident; ++at) {
    const DeliveryRow& row = at->second;
    if (row.subject != subject || row.state != DeliveryState::ready || (row.attempt > 0 && !tried_too)) continue;
    at->second.cause = withdrawn;
    (void)finish(at, DeliveryState::expired, facts);
    return true;
  }
  return false;
}

/// What waits behind a ticket that nobody will make.
void Outbox::expire_all(const IncidentId& incident, Facts& facts) {
  given_up_.insert(incident);
  for (auto at = open_.lower_bound({incident, 0}); at != open_.end() && at->first.first == incident;) {
    take_out(at->second);
    at->second.state = DeliveryState::expired;
    at->second.cause = "its ticket was given up";
    facts.emplace_back(DeliveryRow(at->second));
    at = open_.erase(at);
  }
}

Nanoseconds Outbox::back_off(const DeliveryRow& row) const {
  const int doublings = std::clamp(row.attempt - 1, 0, 20);
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
  const auto at = find(ended.id);
  if (at == open_.end()) return std::nullopt;
  DeliveryRow& row = at->second;
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
    place(row.incident);
    facts.emplace_back(row);
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
  place(row.incident);
  facts.emplace_back(row);
  return row;
}

std::optional<DeliveryRow> Outbox::looked_up(const DeliveryLookedUp& result, Now now, Facts& facts) {
  const auto at = find(result.id);
  if (looking_.erase(result.id) == 0) return std::nullopt;
  if (in_flight_ > 0) --in_flight_;
  if (at == open_.end()) return std::nullopt;
  place(at->second.incident);
  if (at->second.state != DeliveryState::unknown) return std::nullopt;
  DeliveryRow& row = at->second;
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
  place(row.incident);
  facts.emplace_back(row);
  return row;
}

/// What waits longer and longer for an answer would go on waiting long after the desk can give one.
void Outbox::desk_is_well(Now now) {
  const Deadline soon = Deadline::in(settings_.look_again, now);
  for (const DeliveryId& id : std::exchange(failed_looks_, {})) {
    const auto at = find(id);
    if (at == open_.end() || at->second.state != DeliveryState::unknown) continue;
    if (soon.mono < at->second.certain_after.mono) at->second.certain_after = soon;
    place(at->second.incident);
  }
}

std::string Outbox::why_waiting(const IncidentId& incident) const {
  const auto at = open_.lower_bound({incident, 0});
  if (at != open_.end() && at->first.first == incident && !at->second.cause.empty()) return at->second.cause;
  return paused_why_.value_or("");
}

bool Outbox::holds(const IncidentId& incident) const {
  const auto at = open_.lower_bound({incident, 0});
  return (at != open_.end() && at->first.first == incident) ||
         std::any_of(dead_.begin(), dead_.end(), [&](const auto& entry) { return entry.second.incident == incident; });
}

std::size_t Outbox::open() const {
  return static_cast<std::size_t>(
      std::count_if(open_.begin(), open_.end(), [this](const auto& entry) { return !blocked(entry.first.first); }));
}

bool Outbox::has_ready(const IncidentId& incident, std::string_view subject) const {
  for (auto at = open_.lower_bound({incident, 0}); at != open_.end() && at->first.first == incident; ++at)
    if (at->second.state == DeliveryState::ready && at->second.subject == subject) return true;
  return false;
}

std::optional<MonoTime> Outbox::next_wake() const {
  if (in_flight_ >= settings_.in_flight_max) return std::nullopt;  // The next answer wakes us.
  if (wakes_.empty()) return std::nullopt;
  const MonoTime earliest = *(*wakes_.begin())->wake;
  return paused_until_ ? std::max(earliest, paused_until_->mono) : earliest;
}

}  // namespace exhibit
