#include "engine/second_channel.h"

#include "base/text.h"
#include "incident/identity.h"

namespace exhibit {
namespace {

const TenantId by_mail{"mail to people"};

}  // namespace

IncidentId mail_id(const IncidentId& subject) { return incident_id(by_mail, subject.text); }

void SecondChannel::know(const IncidentId& subject) { subjects_.emplace(mail_id(subject), subject); }

void SecondChannel::restore(const std::vector<DeliveryRow>& rows, Now now, Facts& facts) {
  std::vector<DeliveryRow> ours;
  for (const DeliveryRow& row : rows)
    if (owns(row)) ours.push_back(row);
  outbox_.restore(ours, now, facts);
}

bool SecondChannel::owns(const DeliveryId& id) const {
  return subjects_.contains({id.text.substr(0, id.text.rfind('-'))});
}

bool SecondChannel::holds(const IncidentId& subject) const {
  return !subjects_.empty() && outbox_.holds(mail_id(subject));
}

void SecondChannel::forget(const IncidentId& subject) {
  if (!subjects_.empty()) subjects_.erase(mail_id(subject));
}

void SecondChannel::expect(const IncidentId& subject, Severity severity, MonoTime at) {
  const Turn turn{severity, at, ++next_number_};
  if (settings_.on && expected_.emplace(subject, turn).second) order_.insert({turn, subject});
}

void SecondChannel::owe(const IncidentId& subject, Severity severity, Nanoseconds wait, Now now, Facts& facts) {
  if (!settings_.on) return;
  know(subject);
  outbox_.owe(mail_id(subject), DeliveryKind::ensure, "mail", severity, Rung::masked, now, facts, wait);
}

void SecondChannel::cancel(const IncidentId& subject, Facts& facts) {
  if (const auto found = expected_.find(subject); found != expected_.end()) {
    order_.erase({found->second, subject});
    expected_.erase(found);
  }
  if (settings_.on) outbox_.give_up(mail_id(subject), "mail", facts);
}

std::vector<IncidentId> SecondChannel::due(Now now) const {
  std::vector<IncidentId> subjects;
  if (!settings_.on) return subjects;
  std::size_t room = owed_at_once - std::min(outbox_.waiting(), owed_at_once);
  // Else those that failed would keep all others from being tried.
  if (room == 0 && outbox_.room(now) > 0 && !outbox_.due_turn(0, now)) room = 1;
  for_each_due(order_, now, [&](const Expected& expected) {
    if (subjects.size() < room) subjects.push_back(expected.subject);
    return subjects.size() < room;
  });
  return subjects;
}

void SecondChannel::owe_expected(const IncidentId& subject, Now now, Facts& facts) {
  const auto expected = expected_.extract(subject);
  order_.erase({expected.mapped(), subject});
  owe(subject, expected.mapped().severity, Nanoseconds{0}, now, facts);
}

std::vector<SecondChannel::Mail> SecondChannel::claim(Now now, Facts& facts) {
  std::vector<Mail> mails;
  if (!settings_.on) return mails;
  for (DeliveryRow& row : outbox_.claim(now, facts)) {
    const CorrelationId correlation = correlation_id(by_mail, row.incident);
    mails.push_back({subjects_.at(row.incident), std::move(row), correlation});
  }
  return mails;
}

SendDelivery SecondChannel::as_mail(const Mail& mail, SendDelivery send) const {
  send.correlation = mail.correlation;
  send.ticket.clear();
  send.fields_json = "{}";
  send.channel = settings_.channel;
  return send;
}

std::vector<LookUpDelivery> SecondChannel::claim_look_ups(Now now) {
  std::vector<LookUpDelivery> all;
  if (!settings_.on) return all;
  for (const DeliveryRow& row : outbox_.claim_look_ups(now))
    all.push_back({row.id, row.kind, correlation_id(by_mail, row.incident), {}, "{}", settings_.channel});
  return all;
}

std::optional<IncidentId> SecondChannel::mailed(const std::optional<DeliveryRow>& row) const {
  if (!row || row->state != DeliveryState::done) return std::nullopt;
  return subjects_.at(row->incident);
}

std::optional<IncidentId> SecondChannel::ended(const DeliveryEnded& ended, Now now, Facts& facts) {
  return mailed(outbox_.ended(ended, now, facts));
}

std::optional<IncidentId> SecondChannel::looked_up(const DeliveryLookedUp& result, Now now, Facts& facts) {
  return mailed(outbox_.looked_up(result, now, facts));
}

std::optional<MonoTime> SecondChannel::next_wake() const {
  if (!settings_.on) return std::nullopt;
  return outbox_.next_wake(next_turn(order_));
}

}  // namespace exhibit
