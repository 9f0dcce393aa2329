#include "engine/operator_desk.h"

#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "incident/identity.h"

namespace exhibit {
namespace {

const TenantId nobody{"operator"};

/// What is heard once, and then no more: nothing will ever say that it is over.
bool is_event(std::string_view key) {
  return key.starts_with("gap/") || key.starts_with("unreadable/") || key.starts_with("several/") ||
         key.starts_with("template/");
}

IncidentId incident_in(const DeliveryId& id) { return {id.text.substr(0, id.text.rfind('-'))}; }

}  // namespace

/// The day belongs to it: what comes back tomorrow is another ticket, what comes back today is the same one.
IncidentId OperatorDesk::id_of(const std::string& key, Now now) const {
  const std::string scope = key.starts_with("desk/")   ? cat("desk ", settings_.desk.text)
                            : key.starts_with("disk/") ? "disk"
                                                       : settings_.tenant.text;
  return incident_id(nobody, cat(scope, "\n", key, "\n", iso_utc(now.wall).substr(0, 10)));
}

ConditionRow* OperatorDesk::row_of(const IncidentId& id) {
  const auto key = keys_.find(id);
  return key == keys_.end() ? nullptr : &conditions_.at(key->second);
}

bool OperatorDesk::owns(const DeliveryId& id) const { return keys_.contains(incident_in(id)) || mail_.owns(id); }

std::optional<MonoTime> OperatorDesk::next_wake() const {
  const std::optional<MonoTime> ticket = outbox_.next_wake(), mail = mail_.next_wake();
  return ticket && mail ? std::min(*ticket, *mail) : ticket ? ticket : mail;
}

void OperatorDesk::restore(const Snapshot& rows, Now now, Reaction& out) {
  for (const ConditionRow& row : rows.conditions) {
    conditions_[row.key] = row;
    keys_[row.id] = row.key;
    mail_.know(row.id);
    if (row.open) out.effects.emplace_back(TellOperator{row.key, row.text, true});
  }
  std::vector<DeliveryRow> ours;
  for (const DeliveryRow& row : rows.deliveries)
    if (keys_.contains(row.incident)) ours.push_back(row);
  outbox_.restore(ours, now, out.facts);
  mail_.restore(rows.deliveries, now, out.facts);
}

void OperatorDesk::tell(const TellOperator& told, Now now, Facts& facts) {
  const auto known = conditions_.find(told.key);
  if (!told.open) {
    if (known != conditions_.end() && known->second.open) close_condition(known->second, now, facts);
    return;
  }
  if (known == conditions_.end() || !known->second.open) return open_condition(told, now, facts);
  ConditionRow& row = known->second;
  const bool changed = row.text != told.text;
  const bool long_ago = elapsed(row.told, now.wall) > settings_.told_again_after;
  row.heard = now.wall;
  if (!changed || !long_ago) return;
  row.text = told.text;
  row.told = now.wall;
  if (settings_.on && !outbox_.has_ready(row.id, "ticket") && !outbox_.has_ready(row.id, "changed"))
    outbox_.owe(row.id, DeliveryKind::note, "changed", Severity::medium, Rung::full, now, facts);
  facts.emplace_back(row);
}

void OperatorDesk::open_condition(const TellOperator& told, Now now, Facts& facts) {
  ConditionRow row{.key = told.key,
                   .id = id_of(told.key, now),
                   .text = told.text,
                   .since = now.wall,
                   .heard = now.wall,
                   .told = now.wall,
                   .open = true,
                   .ticket = {},
                   .number = {}};
  const auto before = conditions_.find(told.key);
  const bool known = before != conditions_.end();
  // What is still on its way must find the condition that it belongs to, also after midnight.
  const bool on_its_way = known && outbox_.owes(before->second.id);
  const bool same_ticket = on_its_way || (known && before->second.id == row.id && !before->second.ticket.empty());
  if (same_ticket) {
    row.id = before->second.id;
    row.ticket = before->second.ticket;
    row.number = before->second.number;
  }
  if (settings_.on && same_ticket) {
    outbox_.owe(row.id, DeliveryKind::state, "reopen", Severity::medium, Rung::full, now, facts);
    outbox_.owe(row.id, DeliveryKind::note, "changed", Severity::medium, Rung::full, now, facts);
  } else if (settings_.on) {
    outbox_.owe(row.id, DeliveryKind::ensure, "ticket", Severity::medium, Rung::full, now, facts, settings_.hold);
  }
  mail_.owe(row.id, Severity::medium, settings_.hold, now, facts);
  keys_[row.id] = row.key;
  facts.emplace_back(row);
  conditions_[told.key] = std::move(row);
}

void OperatorDesk::close_condition(ConditionRow& row, Now now, Facts& facts) {
  row.open = false;
  mail_.cancel(row.id, facts);
  row.told = now.wall;
  if (settings_.on && !outbox_.withdraw(row.id, "ticket", facts)) {
    outbox_.owe(row.id, DeliveryKind::note, "over", Severity::low, Rung::full, now, facts);
    outbox_.owe(row.id, DeliveryKind::state, "close", Severity::low, Rung::full, now, facts);
  }
  facts.emplace_back(row);
}

void OperatorDesk::tick(Now now, Reaction& out) {
  for (auto& [key, row] : conditions_)
    if (row.open && is_event(key) && elapsed(row.heard, now.wall) > settings_.events_close_after) {
      close_condition(row, now, out.facts);
      out.effects.emplace_back(TellOperator{key, {}, false});
    }
}

void OperatorDesk::ended(const DeliveryEnded& ended, Now now, Facts& facts) {
  if (mail_.owns(ended.id)) return void(mail_.ended(ended, now, facts));
  const auto row = outbox_.ended(ended, now, facts);
  if (row && row->state == DeliveryState::done && row->kind == DeliveryKind::ensure)
    ticket_stands(row->incident, ended.outcome.ticket, ended.outcome.number, facts);
}

void OperatorDesk::looked_up(const DeliveryLookedUp& result, Now now, Facts& facts) {
  if (mail_.owns(result.id)) return void(mail_.looked_up(result, now, facts));
  const auto row = outbox_.looked_up(result, now, facts);
  if (row && row->state == DeliveryState::done && row->kind == DeliveryKind::ensure)
    ticket_stands(row->incident, result.ticket, result.number, facts);
}

void OperatorDesk::ticket_stands(const IncidentId& id, const std::string& ticket, const std::string& number,
                                 Facts& facts) {
  ConditionRow* const row = row_of(id);
  if (!row || row->id != id) return;
  row->ticket = ticket;
  row->number = number;
  facts.emplace_back(*row);
}

void OperatorDesk::pump(Now now, Reaction& out) {
  for (const SecondChannel::Mail& mail : mail_.claim(now, out.facts))
    if (const ConditionRow* const row = row_of(mail.subject)) out.effects.emplace_back(render_mail(*row, mail));
  for (LookUpDelivery& look_up : mail_.claim_look_ups(now)) out.effects.emplace_back(std::move(look_up));
  if (!settings_.on) return;
  for (const DeliveryRow& delivery : outbox_.claim(now, out.facts))
    if (const ConditionRow* const row = row_of(delivery.incident)) out.effects.emplace_back(render(*row, delivery));
  for (const DeliveryRow& delivery : outbox_.claim_look_ups(now))
    if (const ConditionRow* const row = row_of(delivery.incident))
      out.effects.emplace_back(LookUpDelivery{delivery.id, delivery.kind, correlation_id(nobody, delivery.incident),
                                              row->ticket, "{}", Channel::operators});
}

SendDelivery OperatorDesk::render(const ConditionRow& row, const DeliveryRow& delivery) const {
  SendDelivery send{.id = delivery.id,
                    .kind = delivery.kind,
                    .correlation = correlation_id(nobody, row.id),
                    .ticket = row.ticket,
                    .order = delivery.order,
                    .attempt = delivery.attempt,
                    .severity = delivery.severity,
                    .body = {},
                    .fields_json = "{}",
                    .attachment_name = {},
                    .attachment = {},
                    .attached_evidence = {},
                    .channel = Channel::operators,
                    .problems = {}};
  const std::string who = row.key.starts_with("desk/")   ? cat("desk ", settings_.desk.text)
                          : row.key.starts_with("disk/") ? "the server"
                                                         : settings_.tenant_name;
  const std::string what = defanged(cut_short(row.text, 600));
  const std::string reference = cat("Ref       ", send.correlation.text, " (do not edit)");
  JsonWriter body;
  body.object().member("tenant", "operator").member("correlation_id", send.correlation.text);
  if (delivery.kind == DeliveryKind::ensure) {
    body.member("title", cut_utf8(cat("Exhibit: ", who, ": ", what), 100));
    body.member("public_text", cat("Exhibit needs a person: ", who, ".\n", what));
    body.member("internal_text", cat(what, "\nSince     ", iso_utc(row.since), "\nCondition ", harmless(row.key),
                                     "\nThis ticket is closed by itself when the condition is over.\n", reference));
    body.member("severity", "medium").member("priority", 3);
  } else if (delivery.kind == DeliveryKind::note) {
    body.member("text", delivery.subject == "over" ? cat("Over since ", iso_utc(row.told), ".")
                                                   : cat("Now: ", what, "\nSince ", iso_utc(row.since), "."));
  } else {
    body.member("state", delivery.subject == "reopen" ? "open" : "closed");
  }
  send.body = body.end().take();
  return send;
}

SendDelivery OperatorDesk::render_mail(const ConditionRow& row, const SecondChannel::Mail& mail) const {
  return mail_.as_mail(mail, render(row, mail.row));
}

}  // namespace exhibit
