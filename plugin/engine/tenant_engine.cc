#include "engine/tenant_engine.h"

#include <algorithm>
#include <set>

#include "base/assert.h"
#include "base/plants.h"
#include "base/text.h"
#include "base/utc.h"
#include "incident/identity.h"
#include "incident/normalize.h"

namespace exhibit {
namespace {

constexpr std::size_t incidents_per_group = 8;

bool is_power_of_ten(std::uint64_t n) {
  while (n >= 10 && n % 10 == 0) n /= 10;
  return n == 1;
}

std::string group_name(const SensorId& sensor, std::string_view signature, std::string_view subsignature,
                       std::string_view attacker, std::vector<std::string> targets) {
  std::sort(targets.begin(), targets.end());
  return cat(sensor.text, " ", signature, "/", subsignature, " ", attacker, " ", join(targets, ","));
}

}  // namespace

std::string group_of(const Alert& alert) {
  std::vector<std::string> targets;
  for (const Endpoint& target : alert.targets) targets.push_back(target.address);
  return group_name(alert.sensor, alert.signature_id, alert.subsignature_id,
                    alert.attacker ? alert.attacker->address : "-", std::move(targets));
}

std::string group_of(const SensorId& sensor, const IdsAlert& alert) {
  std::vector<std::string> targets;
  for (const Participant& target : alert.targets) targets.push_back(canonical_address(target.address));
  return group_name(sensor, alert.signature.id, alert.signature.subsig_id,
                    alert.attackers.empty() ? "-" : canonical_address(alert.attackers.front().address),
                    std::move(targets));
}

TenantEngine::TenantEngine(EngineSettings settings)
    : settings_(std::move(settings)),
      outbox_(settings_.outbox),
      operator_(settings_.operator_desk),
      people_(settings_.people) {
  for (const auto& [sensor, tracker] : settings_.sensors) captures_.configure(sensor, tracker);
}

Reaction TenantEngine::on(Input input, Now now) {
  Reaction out;
  on(std::move(input), now, out);
  return out;
}

void TenantEngine::on(Input input, Now now, Reaction& out) {
  const std::size_t before = out.effects.size();
  std::visit([&](auto& held) { take(std::move(held), now, out); }, input);
  for (std::size_t i = before; i < out.effects.size(); ++i)
    if (const auto* told = std::get_if<TellOperator>(&out.effects[i])) operator_.tell(*told, now, out.facts);
  pump(now, out);
}

void TenantEngine::take(SensorSaid&& said, Now now, Reaction& out) {
  const std::size_t facts = out.facts.size() + 3 * said.batch.events.size() + 1;  // Mostly; rows are large to move.
  if (facts > out.facts.capacity()) out.facts.reserve(std::max(facts, 2 * out.facts.capacity()));
  for (SensorEvent& event : said.batch.events) {
    if (auto* const alert = std::get_if<IdsAlert>(&event)) on_alert(said.sensor, std::move(*alert), now, out);
    if (const auto* status = std::get_if<StatusEvent>(&event)) captures_.status(said.sensor, *status, now, out);
    if (const auto* error = std::get_if<ErrorEvent>(&event)) captures_.refused(said.sensor, *error, now, out);
    follow_settled_captures(now, out);
  }
  for (const UnreadableEvent& unreadable : said.batch.unreadable) {
    out.facts.emplace_back(QuarantineRow{said.sensor, unreadable.raw, unreadable.problem, now.wall});
    out.effects.emplace_back(TellOperator{
        cat("unreadable/", said.sensor.text),
        cat("sensor ", said.sensor.text, " sent an event that cannot be read: ", unreadable.problem), true});
  }
  if (said.batch.gap) {
    const SensorGap& gap = *said.batch.gap;
    ++counts_.gaps;
    out.facts.emplace_back(GapRow{said.sensor, gap.cause, gap.proof, gap.from_ns, gap.to_ns, now.wall});
    out.effects.emplace_back(
        TellOperator{cat("gap/", said.sensor.text), cat("sensor ", said.sensor.text, ": ", gap.proof), true});
  }
  const SdeeCursor& cursor = said.batch.cursor;
  out.facts.emplace_back(
      CursorRow{said.sensor, cursor.subscription_id, cursor.session_id, cursor.cookie, cursor.last_time_ns});
}

void TenantEngine::on_alert(const SensorId& sensor, IdsAlert&& event, Now now, Reaction& out) {
  std::string raw = std::move(event.raw);
  auto alert = std::make_shared<const Alert>(normalize(std::move(event), settings_.tenant, sensor, now.wall));
  if (planted(Plant::alert_dropped) && alert->event_id.ends_with('7')) return;
  if (!seen_.insert(alert->identity) && !planted(Plant::no_dedup)) {
    ++counts_.duplicates_dropped;
    if (Incident* const again =
            planted(Plant::duplicate_counts) ? find_incident(*alert, group_of(*alert), now) : nullptr) {
      ++again->row.alerts;
      out.facts.emplace_back(again->row);
    }
    return;
  }
  ++counts_.alerts;
  AlertRow row{alert->identity, {}, ++sequence_, sensor, alert->event_id, alert->time, alert->received, std::move(raw)};
  std::string group = group_of(*alert);
  Incident* incident = find_incident(*alert, group, now);
  if (incident) {
    join_incident(*incident, alert, now, out);
  } else if (deserves_ticket(*alert, settings_.policy) || planted(Plant::floor_ignored)) {
    incident = &open_incident(alert, std::move(group), now, out);
  }
  if (incident) {
    row.incident = incident->row.id;
    seen_.belongs(sensor, alert->event_id, incident->row.id);
    out.facts.emplace_back(incident->row);
  }
  out.facts.emplace_back(std::move(row));
}

/// A ticket that people closed is not written into any more, but for a short while it may be opened again.
TenantEngine::Incident* TenantEngine::find_incident(const Alert& alert, const std::string& name, Now now) {
  if (alert.sum && !alert.sum->initial_event_id.empty()) {
    const auto initial = seen_.incident_of(alert.sensor, alert.sum->initial_event_id);
    if (initial && incidents_.contains(*initial) && may_reopen(incidents_.at(*initial), now))
      return &incidents_.at(*initial);
  }
  const auto group = groups_.find(name);
  if (group == groups_.end()) return nullptr;
  for (const IncidentId& id : group->second) {
    Incident& incident = incidents_.at(id);
    const Nanoseconds after = elapsed(incident.row.first_time, alert.time);
    if (after < settings_.group_window && after > -settings_.group_window && may_reopen(incident, now))
      return &incident;
  }
  return nullptr;
}

TenantEngine::Incident& TenantEngine::open_incident(std::shared_ptr<const Alert> alert, std::string group_name, Now now,
                                                    Reaction& out) {
  ++counts_.incidents;
  IncidentRow row;
  row.id = incident_id(settings_.tenant, alert->identity);
  row.correlation = correlation_id(planted(Plant::tenant_forgotten) ? TenantId{} : settings_.tenant, row.id);
  row.link = link_id(settings_.link_key, row.id);
  row.group = std::move(group_name);
  row.first_alert = alert->identity;
  row.first_time = alert->time;
  row.opened = now.wall;
  row.severity = alert->severity;
  if (const Incident* before = last_of_group(row.group); before && before->row.closed_at) row.previous = before->row.id;
  std::vector<IncidentId>& group = groups_[row.group];
  while (group.size() >= incidents_per_group) group.erase(group.begin());
  group.push_back(row.id);
  const IncidentId id = row.id;
  if (incidents_.size() >= incidents_until_forgetting_) forget_beyond(limits::incidents_in_memory, now);
  Incident& incident = incidents_.insert_or_assign(id, Incident{std::move(row), alert, alert, {}}).first->second;
  if (AdoptionRow* const order = adoption_for(*alert))
    adopt(incident, *order, now, out);
  else
    outbox_.owe(id, DeliveryKind::ensure, "ticket", alert->severity, first_rung(), now, out.facts);
  if (settings_.attach == AttachPolicy::trigger_packet && !alert->trigger_packet.empty())
    outbox_.owe(id, DeliveryKind::attach, "trigger-packet", alert->severity, first_rung(), now, out.facts);
  name_captures(incident, *alert, now, out);  // After the ticket: of a capture that is lost already it says so itself.
  expect_ticket(incident, now);
  return incident;
}

/// True when the alert named a recording that the incident did not have.
bool TenantEngine::name_captures(Incident& incident, const Alert& alert, Now now, Reaction& out) {
  bool news = false;
  for (const std::string& locator : alert.logs) {
    const CaptureKey key = captures_.named(alert.sensor, locator, incident.row.id, alert,
                                           !deserves_capture(alert, settings_.policy), now, out);
    std::vector<CaptureKey>& known = incident.row.captures;
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    known.push_back(key);
    news = true;
    // Settled before this incident came: nothing more will be heard of it, so it is looked at now.
    if (const CaptureRow* row = captures_.find(key); row && is_settled(row->state))
      capture_settled(*row, incident, now, out);
  }
  if (incident.row.captures.empty())
    incident.row.no_capture = alert.sum ? CaptureCause::summary_alert : CaptureCause::action_not_set;
  else
    incident.row.no_capture = CaptureCause::none;
  return news;
}

void TenantEngine::join_incident(Incident& incident, std::shared_ptr<const Alert> alert, Now now, Reaction& out) {
  incident.row.alerts += planted(Plant::counts_twice) ? 2 : 1;
  const CaptureCause reason_before = incident.row.no_capture;
  bool news = name_captures(incident, *alert, now, out);
  if (!news && incident.row.captures.empty()) incident.row.no_capture = reason_before;
  news = news || alert->sum.has_value() || alert->severity > incident.row.severity ||
         alert->block != incident.latest->block;
  news = news || (!alert->trigger_packet.empty() && incident.latest->trigger_packet.empty()) ||
         is_power_of_ten(incident.row.alerts);
  incident.row.severity = std::max(incident.row.severity, alert->severity);
  incident.latest = std::move(alert);
  if (incident.row.closed_at) {
    incident.row.closed_at.reset();
    outbox_.owe(incident.row.id, DeliveryKind::state, "reopen", incident.row.severity, first_rung(), now, out.facts);
    news = true;
  }
  if (AdoptionRow* const order = adoption_for(*incident.latest)) adopt(incident, *order, now, out);
  if (news) note_joined(incident, now, out);
}

void TenantEngine::note_joined(Incident& incident, Now now, Reaction& out) {
  // A ticket or a note that was not sent yet will say it anyway.
  if (outbox_.has_ready(incident.row.id, "ticket") || outbox_.has_ready(incident.row.id, "joined")) return;
  outbox_.owe(incident.row.id, DeliveryKind::note, "joined", incident.row.severity, first_rung(), now, out.facts);
}

void TenantEngine::take(const DeliveryEnded& ended, Now now, Reaction& out) {
  if (operator_.owns(ended.id)) return operator_.ended(ended, now, out.facts);
  if (people_.owns(ended.id)) {
    if (const auto told = people_.ended(ended, now, out.facts)) people_told(*told, now, out);
    return;
  }
  const auto row = outbox_.ended(ended, now, out.facts);
  if (!row) return;
  Incident& incident = incidents_.at(row->incident);
  const DeliveryOutcome& outcome = ended.outcome;
  if (outbox_.paused())
    out.effects.emplace_back(TellOperator{"desk/denied", cat("the desk takes nothing from us: ", outcome.why), true});
  else if (row->state == DeliveryState::done)
    out.effects.emplace_back(TellOperator{"desk/denied", {}, false});
  if (row->state == DeliveryState::done && row->kind == DeliveryKind::ensure)
    ticket_made(incident, outcome.ticket, outcome.number, outcome.url, now, out);
  if (row->state == DeliveryState::done && row->kind != DeliveryKind::ensure)
    learn_number(*row, incident, outcome, out);
  if (row->state == DeliveryState::expired) attachment_refused(*row, now, out);
  if (row->state == DeliveryState::dead) tell_of_dead(*row, out);
}

/// A desk that is written to by mail tells its number later, with the answer to any of our messages.
void TenantEngine::learn_number(const DeliveryRow& row, Incident& incident, const DeliveryOutcome& outcome,
                                Reaction& out) {
  if (!incident.row.number.empty() || outcome.number.empty() || !other_ticket(row).empty()) return;
  incident.row.number = outcome.number;
  if (!outcome.ticket.empty()) {
    incident.row.ticket = outcome.ticket;
    tickets_[outcome.ticket] = incident.row.id;
  }
  out.facts.emplace_back(incident.row);
}

void TenantEngine::take(const DeliveryLookedUp& result, Now now, Reaction& out) {
  if (operator_.owns(result.id)) return operator_.looked_up(result, now, out.facts);
  if (people_.owns(result.id)) {
    if (const auto told = people_.looked_up(result, now, out.facts)) people_told(*told, now, out);
    return;
  }
  const auto row = outbox_.looked_up(result, now, out.facts);
  if (!row) return;
  if (row->state == DeliveryState::done && row->kind == DeliveryKind::ensure)
    ticket_made(incidents_.at(row->incident), result.ticket, result.number, result.url, now, out);
  if (row->state == DeliveryState::dead) tell_of_dead(*row, out);
  if (result.found == DeliveryLookedUp::Found::several)
    out.effects.emplace_back(TellOperator{
        cat("several/", row->incident.text),
        cat("the desk holds several tickets for one incident; the oldest, ", result.number, ", is used"), true});
}

/// While ours was on its way, somebody may have said that the incident belongs into another ticket.
void TenantEngine::ticket_made(Incident& incident, std::string ticket, std::string number, std::string url, Now now,
                               Reaction& out) {
  if (!incident.row.ticket_at)
    return ticket_stands(incident, std::move(ticket), std::move(number), std::move(url), now, out);
  if (!ticket.empty() && ticket != incident.row.ticket) retire(incident, ticket, now, out);
}

void TenantEngine::ticket_stands(Incident& incident, std::string ticket, std::string number, std::string url, Now now,
                                 Reaction& out) {
  incident.row.ticket = std::move(ticket);
  incident.row.number = std::move(number);
  incident.row.url = std::move(url);
  incident.row.ticket_at = now.wall;
  people_.cancel(incident.row.id, out.facts);
  if (!incident.row.ticket.empty()) tickets_[incident.row.ticket] = incident.row.id;
  out.facts.emplace_back(incident.row);
}

void TenantEngine::tell_of_dead(const DeliveryRow& row, Reaction& out) {
  out.effects.emplace_back(TellOperator{
      cat("dead/", row.id.text), cat("not delivered (", token(row.kind), "), a person decides: ", row.cause), true});
}

void TenantEngine::attachment_refused(const DeliveryRow& row, Now now, Reaction& out) {
  outbox_.owe(row.incident, DeliveryKind::note, cat("refused-attachment: ", row.cause), row.severity, first_rung(), now,
              out.facts);
}

void TenantEngine::take(const FetchEnded& ended, Now now, Reaction& out) {
  captures_.fetch_ended(ended, now, out);
  follow_settled_captures(now, out);
  const bool refused = ended.kind == FetchEnded::Kind::store_refused;
  if (refused && !disk_scarce_)  // Else it is told already, by its cause.
    out.effects.emplace_back(
        TellOperator{"evidence/store", cat("the evidence store refused a capture: ", ended.why), true});
  if (ended.evidence) out.effects.emplace_back(TellOperator{"evidence/store", {}, false});
}

void TenantEngine::take(const FetchAsked& asked, Now now, Reaction& out) { captures_.asked(asked.key, now, out); }

void TenantEngine::take(const SensorTrouble& trouble, Now, Reaction& out) {
  const bool open = trouble.cause != CaptureCause::none;
  out.effects.emplace_back(TellOperator{cat("sensor/", trouble.sensor.text),
                                        open ? cat("sensor ", trouble.sensor.text, ": ", trouble.why) : "", open});
}

void TenantEngine::take(const DiskSaid& said, Now, Reaction& out) {
  disk_scarce_ = said.scarce;
  out.effects.emplace_back(TellOperator{"disk/full", said.why, said.scarce});
}

void TenantEngine::take(const BoundsSaid& said, Now, Reaction& out) {
  out.effects.emplace_back(TellOperator{"store/bounds", said.why, said.broken});
}

void TenantEngine::take(const Tick&, Now now, Reaction& out) {
  operator_.tick(now, out);
  captures_.tick(now, out);
  follow_settled_captures(now, out);
  if (now.mono - last_forgetting_ > std::chrono::minutes{10}) forget_old(now);
}

void TenantEngine::follow_settled_captures(Now now, Reaction& out) {
  for (const CaptureKey& key : captures_.take_settled()) {
    const CaptureRow& row = *captures_.find(key);
    for (const IncidentId& id : row.incidents)
      if (const auto found = incidents_.find(id); found != incidents_.end())
        if (capture_settled(row, found->second, now, out); planted(Plant::examined_for_the_first)) break;
  }
}

void TenantEngine::capture_settled(const CaptureRow& row, Incident& incident, Now now, Reaction& out) {
  if (row.state == CaptureState::lost)
    note_capture(incident, row.key, now, out);
  else if (!incident.reports.contains(row.key))
    examine(row, incident, out);
}

void TenantEngine::examine(const CaptureRow& row, const Incident& incident, Reaction& out) const {
  out.effects.emplace_back(ExamineCapture{row.key, incident.row.id, row.evidence.value(), alert_flow(*incident.first),
                                          incident.first->trigger_packet});
}

void TenantEngine::take(const CaptureExamined& examined, Now now, Reaction& out) {
  const auto found = incidents_.find(examined.incident);
  if (found == incidents_.end() || found->second.reports.contains(examined.key)) return;
  found->second.reports[examined.key] = examined.report;
  out.facts.emplace_back(ReportRow{examined.key, examined.incident, examined.report});
  note_capture(found->second, examined.key, now, out);
}

/// At most one note per ticket for one settled capture; none when the ticket itself will tell.
void TenantEngine::note_capture(Incident& incident, const CaptureKey& key, Now now, Reaction& out) {
  if (incident.row.closed_at) return;  // Whoever looks again has the link, which shows it.
  if (!outbox_.has_ready(incident.row.id, "ticket"))
    outbox_.owe(incident.row.id, DeliveryKind::note, cat("capture ", key.text()), incident.row.severity, first_rung(),
                now, out.facts);
  if (planted(Plant::told_twice))
    outbox_.owe(incident.row.id, DeliveryKind::note, cat("capture ", key.text()), incident.row.severity, first_rung(),
                now, out.facts);
  const CaptureRow* row = captures_.find(key);
  if (settings_.attach == AttachPolicy::capture && row && is_sealed(row->state))
    outbox_.owe(incident.row.id, DeliveryKind::attach, cat("capture ", key.text()), incident.row.severity, first_rung(),
                now, out.facts);
}

void TenantEngine::tell_of_templates(const SendDelivery& send, Now now, Reaction& out) {
  for (const TemplateMistake& problem : send.problems) {
    const TellOperator told{cat("template/", problem.sink),
                            cat("the template \"", problem.sink, "\" cannot be used: ", problem.what,
                                "; the built-in text stands in its place"),
                            true};
    operator_.tell(told, now, out.facts);
    out.effects.emplace_back(told);
  }
}

/// Claims what may go out now and renders it, with all that is known at this moment.
void TenantEngine::pump(Now now, Reaction& out) {
  operator_.pump(now, out);
  pump_mail(now, out);
  // First what may stand there already: else a desk that fails at every ticket gets all of them before the first look.
  for (const DeliveryRow& row : outbox_.claim_look_ups(now)) {
    const Incident& incident = incidents_.at(row.incident);
    out.effects.emplace_back(
        LookUpDelivery{row.id, row.kind, incident.row.correlation, incident.row.ticket, fields_of(incident)});
  }
  // None goes before one on the shelf whose turn has come: that one is brought back before the next input.
  for (const DeliveryRow& row : outbox_.claim(now, out.facts, shelf_.first_due(now))) {
    Incident& incident = incidents_.at(row.incident);
    SendDelivery send = render(incident, row);
    tell_of_templates(send, now, out);
    out.effects.emplace_back(std::move(send));
    if (row.kind == DeliveryKind::ensure && incident.row.mailed_at)  // It says so itself.
      outbox_.withdraw(row.incident, "mailed", out.facts);
    const bool tells = row.kind == DeliveryKind::ensure || row.subject == "joined";
    if (tells && incident.row.alerts_told != incident.row.alerts) {
      incident.row.alerts_told = incident.row.alerts;
      out.facts.emplace_back(incident.row);
    }
  }
}

bool TenantEngine::makes_way(const DeliveryId& id) const {
  return waiting() > 0 || outbox_.has_behind(id) || operator_.owns(id) || people_.owns(id);
}

std::optional<MonoTime> TenantEngine::next_wake() const {
  std::optional<MonoTime> earliest;
  for (const std::optional<MonoTime>& at :
       {captures_.next_wake(), outbox_.next_wake(shelf_.next_turn()), operator_.next_wake(), people_.next_wake()})
    if (at && (!earliest || *at < *earliest)) earliest = at;
  return earliest;
}

bool TenantEngine::settled() const {
  if (open_deliveries() > 0) return false;
  for (const auto& [id, incident] : incidents_)
    for (const CaptureKey& key : incident.row.captures) {
      const CaptureRow* row = captures_.find(key);
      if (!row || !is_settled(row->state) || awaits_report(incident, *row)) return false;
    }
  return true;
}

const IncidentRow* TenantEngine::incident(const IncidentId& id) const {
  const auto found = incidents_.find(id);
  return found == incidents_.end() ? nullptr : &found->second.row;
}

const IncidentRow* TenantEngine::incident(const CorrelationId& correlation) const {
  const auto found = std::find_if(incidents_.begin(), incidents_.end(),
                                  [&](const auto& entry) { return entry.second.row.correlation == correlation; });
  return found == incidents_.end() ? nullptr : &found->second.row;
}

bool TenantEngine::awaits_report(const Incident& incident, const CaptureRow& row) {
  return is_sealed(row.state) && !incident.reports.contains(row.key);
}

}  // namespace exhibit
