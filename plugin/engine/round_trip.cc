#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "engine/tenant_engine.h"

/// What people do to our tickets, and to which tickets of theirs our alerts belong.
namespace exhibit {
namespace {

constexpr std::size_t tickets_per_poll = 100;
constexpr std::size_t adoptions_waiting = 10'000;

}  // namespace

std::optional<std::string> TenantEngine::poll_request() {
  JsonWriter out;
  out.object();
  if (!poll_cursor_.empty()) out.key("cursor").raw(poll_cursor_);
  out.key("tickets").array();
  std::size_t count = 0;
  auto at = tickets_.upper_bound(last_polled_);
  for (std::size_t seen = 0; seen < tickets_.size() && count < tickets_per_poll; ++seen, ++at) {
    if (at == tickets_.end()) at = tickets_.begin();
    const auto found = incidents_.find(at->second);
    if (found == incidents_.end() || found->second.row.ticket != at->first) continue;
    const IncidentRow& row = found->second.row;
    const bool closed_for_good = row.closed_at && !outbox_.holds(row.id);
    if (!row.ticket_at || closed_for_good) continue;
    out.object().member("ticket", row.ticket).member("correlation_id", row.correlation.text).end();
    last_polled_ = at->first;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return out.end().end().take();
}

void TenantEngine::take(const LetterDecided& decision, Now now, Reaction& out) {
  const Result<DeliveryRow> row = outbox_.decided(decision, first_rung(), now, out.facts);
  if (!row) return;
  out.effects.emplace_back(TellOperator{cat("dead/", row->id.text), {}, false});
  if (decision.what == LetterDecided::What::put_into)
    ticket_stands(incidents_.at(row->incident), decision.ticket, decision.number, {}, now, out);
}

TenantEngine::Incident* TenantEngine::incident_of(const TicketChange& change) {
  if (const auto found = tickets_.find(change.ticket); !change.ticket.empty() && found != tickets_.end()) {
    const auto incident = incidents_.find(found->second);
    return incident == incidents_.end() ? nullptr : &incident->second;
  }
  if (change.correlation.empty()) return nullptr;
  const auto found = std::find_if(incidents_.begin(), incidents_.end(), [&](const auto& entry) {
    return entry.second.row.correlation.text == change.correlation;
  });
  return found == incidents_.end() ? nullptr : &found->second;
}

void TenantEngine::take(const DeskSaid& said, Now now, Reaction& out) {
  for (const TicketChange& change : said.changes)
    if (Incident* const incident = incident_of(change)) take_change(*incident, change, now, out);
  if (said.cursor == poll_cursor_ || said.cursor.empty()) return;
  poll_cursor_ = said.cursor;
  out.facts.emplace_back(PollCursorRow{poll_cursor_});
}

/// The same change may come again, since cursors overlap: its version tells.
void TenantEngine::take_change(Incident& incident, const TicketChange& change, Now now, Reaction& out) {
  IncidentRow& row = incident.row;
  if (!change.version.empty() && change.version == row.remote_version) return;
  row.remote_version = change.version;
  row.remote_state = change.state;
  row.assignee = change.assignee;
  row.verdict = change.close_code;
  if (row.ticket.empty() && !change.ticket.empty()) {  // A mail's reply told the number.
    row.ticket = change.ticket;
    tickets_[row.ticket] = row.id;
  }
  if (row.number.empty()) row.number = change.number;
  if (!change.closed)
    row.closed_at.reset();
  else if (!row.closed_at)
    row.closed_at = now.wall;
  out.facts.emplace_back(row);
  for (CommentRow comment : change.comments) {
    comment.incident = row.id;
    comment.heard = now.wall;
    out.facts.emplace_back(std::move(comment));
  }
}

bool TenantEngine::may_reopen(const Incident& incident, Now now) const {
  return !incident.row.closed_at || elapsed(*incident.row.closed_at, now.wall) < settings_.reopen_within;
}

const TenantEngine::Incident* TenantEngine::last_of_group(const std::string& group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end() || found->second.empty()) return nullptr;
  const auto incident = incidents_.find(found->second.back());
  return incident == incidents_.end() ? nullptr : &incident->second;
}

void TenantEngine::take(const AdoptAsked& asked, Now now, Reaction& out) {
  AdoptionRow order = asked.order;
  order.asked = now.wall;
  if (const auto known = adoptions_.find(order.id()); known != adoptions_.end()) return;
  if (adoptions_.size() >= adoptions_waiting) adoptions_.erase(adoptions_.begin());
  AdoptionRow& kept_order = adoptions_[order.id()] = order;
  for (auto& [id, incident] : incidents_) {
    if (adoption_for(*incident.latest) != &kept_order && adoption_for(*incident.first) != &kept_order) continue;
    adopt(incident, kept_order, now, out);
    return;
  }
  const auto known = order.event_id.empty() ? std::nullopt : seen_.incident_of(order.sensor, order.event_id);
  if (known && incidents_.contains(*known)) return adopt(incidents_.at(*known), kept_order, now, out);
  out.facts.emplace_back(std::move(order));  // The alert has not come yet.
}

AdoptionRow* TenantEngine::adoption_for(const Alert& alert) {
  const auto is_target = [&](const std::string& address) {
    return std::any_of(alert.targets.begin(), alert.targets.end(),
                       [&](const Endpoint& target) { return target.address == address; });
  };
  for (auto& [id, order] : adoptions_) {
    if (order.sensor != alert.sensor) continue;
    if (!order.event_id.empty() && order.event_id == alert.event_id) return &order;
    if (!order.event_id.empty()) continue;
    const Nanoseconds apart = elapsed(order.time, alert.time);
    const bool same_time = apart <= adoption_tolerance && apart >= -adoption_tolerance;
    if (same_time && alert.attacker && alert.attacker->address == order.attacker && is_target(order.target))
      return &order;
  }
  return nullptr;
}

/// A ticket of ours whose incident goes on in another one says so, and is closed.
void TenantEngine::retire(Incident& incident, const std::string& ticket, Now now, Reaction& out) {
  const IncidentRow& row = incident.row;
  outbox_.owe(row.id, DeliveryKind::note, cat("moved ", ticket), row.severity, first_rung(), now, out.facts);
  outbox_.owe(row.id, DeliveryKind::state, cat("close ", ticket), row.severity, first_rung(), now, out.facts);
}

/// Everything goes into the other ticket from now on. One that we opened already says so and is closed.
void TenantEngine::adopt(Incident& incident, AdoptionRow& order, Now now, Reaction& out) {
  const IncidentId id = incident.row.id;
  const std::string ours = incident.row.ticket;
  AdoptionRow used = order;
  adoptions_.erase(order.id());
  used.used = true;
  if (ours != used.ticket) {
    const bool never_sent = outbox_.withdraw(id, "ticket", out.facts);
    ticket_stands(incident, used.ticket, used.number, {}, now, out);
    if (!never_sent && !ours.empty()) retire(incident, ours, now, out);
    outbox_.owe(id, DeliveryKind::note, "adopted", incident.row.severity, first_rung(), now, out.facts);
  }
  out.facts.emplace_back(std::move(used));
}

}  // namespace exhibit
