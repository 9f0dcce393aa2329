#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "engine/tenant_engine.h"
#include "incident/wrap.h"

/// When the desk takes no ticket, people hear of the incident by mail; the ticket, when it comes, names that mail.
namespace exhibit {

/// After a restart: an incident's mail may be on its way.
void TenantEngine::expect_tickets(Now now) {
  for (const auto& [id, incident] : incidents_) {
    people_.know(id);
    expect_ticket(incident, now);
  }
}

void TenantEngine::expect_ticket(const Incident& incident, Now now) {
  if (incident.row.ticket_at || incident.row.mailed_at) return;
  const Nanoseconds gone =
      std::clamp(Nanoseconds(now.wall - incident.row.opened), Nanoseconds{0}, settings_.people.after);
  people_.expect(incident.row.id, incident.row.severity, now.mono + (settings_.people.after - gone));
}

void TenantEngine::people_told(const IncidentId& id, Now now, Reaction& out) {
  const auto found = incidents_.find(id);
  if (found == incidents_.end()) return;
  Incident& incident = found->second;
  incident.row.mailed_at = now.wall;
  out.facts.emplace_back(incident.row);
  // A ticket that was not sent yet will say it anyway.
  if (!outbox_.has_ready(id, "ticket"))
    outbox_.owe(id, DeliveryKind::note, "mailed", incident.row.severity, first_rung(), now, out.facts);
}

std::string TenantEngine::mailed_words(const Incident& incident) const {
  if (!incident.row.mailed_at) return {};
  const Zone::Local local = settings_.zone.at(*incident.row.mailed_at);
  return cat("Mailed to ", settings_.people.addresses, " on ", long_date(local.civil), " ", clock_seconds(local.civil),
             " ", local.abbreviation, ", while the desk took no ticket; this one takes that mail's place.");
}

SendDelivery TenantEngine::render_mail(const Incident& incident, const SecondChannel::Mail& mail) const {
  SendDelivery send = people_.as_mail(mail, render(incident, mail.row));
  const Zone::Local since = settings_.zone.at(incident.row.opened);
  const std::string cause = harmless(cut_utf8(outbox_.why_waiting(incident.row.id), 120));
  const std::string why =
      cat("The desk has taken no ticket for this incident since ", clock_seconds(since.civil), " ", since.abbreviation,
          cause.empty() ? "" : cat(" (", cause, ")"),
          ". This mail stands in its place; when the desk takes tickets again, the ticket will name "
          "this mail.");
  Json body = parse_json(send.body).value_or(Json::object());
  body["title"] = cut_utf8(cat("NO TICKET YET: ", text_at(body, "title")), 100);
  body["correlation_id"] = mail.correlation.text;
  body["public_text"] = cat(join(wrap(why), "\n"), "\n\n", text_at(body, "public_text"));
  send.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return send;
}

void TenantEngine::pump_mail(Now now, Reaction& out) {
  for (const IncidentId& id : people_.due(now))
    if (!shelf_.contains(id)) people_.owe_expected(id, now, out.facts);
  for (const SecondChannel::Mail& mail : people_.claim(now, out.facts))
    if (const auto found = incidents_.find(mail.subject); found != incidents_.end())
      out.effects.emplace_back(render_mail(found->second, mail));
  for (LookUpDelivery& look_up : people_.claim_look_ups(now)) out.effects.emplace_back(std::move(look_up));
}

}  // namespace exhibit
