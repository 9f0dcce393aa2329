#include "base/json.h"
#include "base/plants.h"
#include "base/sha256.h"
#include "base/text.h"
#include "engine/tenant_engine.h"
#include "incident/incident_json.h"
#include "incident/wrap.h"
#include "packet/capture_write.h"
#include "packet/decode.h"

/// The texts of deliveries, made when they are claimed, so that they say all that is known by then.
namespace exhibit {
namespace {

/// The incident schema's word for what a delivery tells.
std::string_view tells(const DeliveryRow& row) {
  if (row.kind == DeliveryKind::ensure) return "opened";
  if (row.subject.starts_with("capture ")) return "capture";
  return row.subject.starts_with("close ") ? "closed" : "updated";
}

Disclosure disclosure_at(Rung rung) {
  switch (rung) {
    case Rung::full: return Disclosure::full;
    case Rung::masked: return Disclosure::masked;
    case Rung::headers: return Disclosure::headers;
    case Rung::no_packets:
    case Rung::link_only: break;
  }
  return Disclosure::none;
}

/// ASCII, without separators: a name that no file system and no header can trip over.
std::string safe_name(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 40)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    out += plain ? c : '-';
  }
  return out;
}

/// What a desk said, as far as it is of use in a line of ours.
std::string shown(std::string_view from_desk) { return defanged(cut_short(from_desk, 60)); }

std::string ticket_name(const IncidentRow& row) {
  return row.number.empty() ? row.correlation.text : shown(row.number);
}

std::string refused_attachment_note(std::string_view subject, const TicketView& view) {
  const std::string why = defanged(cut_short(subject.substr(subject.find(':') + 2), 120));
  return cat(join(wrap(cat("The desk refused the attachment (", why, "). The packets are at the link.")), "\n"),
             "\nSame link: ", view.link);
}

}  // namespace

Rung TenantEngine::first_rung() const {
  switch (settings_.disclosure) {
    case Disclosure::full: return Rung::full;
    case Disclosure::masked: return Rung::masked;
    case Disclosure::headers: return Rung::headers;
    case Disclosure::none: break;
  }
  return Rung::no_packets;
}

CaptureView TenantEngine::capture_view(const Incident& incident, const CaptureKey& key) const {
  const CaptureRow* row = captures_.find(key);
  if (!row) {
    CaptureView unknown;
    unknown.log = key.locator;
    return unknown;
  }
  CaptureView view = capture_view_of(*row);
  if (const auto report = incident.reports.find(key); report != incident.reports.end()) view.report = report->second;
  for (const IncidentId& other : row->incidents) {
    const auto found = incidents_.find(other);
    if (other != incident.row.id && found != incidents_.end() && view.shared_with.size() < 5)
      view.shared_with.push_back(ticket_name(found->second.row));
  }
  return view;
}

std::string TenantEngine::fields_of(const Incident& incident) const {
  return priority_of(*incident.first, settings_.policy.rules).fields_json;
}

TicketView TenantEngine::view_of(const Incident& incident) const {
  TicketView view;
  view.first = incident.first.get();
  view.alerts = incident.row.alerts;
  view.tenant_name = settings_.tenant_name;
  view.networks = settings_.networks;
  view.priority = priority_of(*incident.first, settings_.policy.rules);
  view.zone = settings_.zone;
  view.link = cat(settings_.public_url, "/e/", incident.row.link.text);
  view.correlation = incident.row.correlation.text;
  for (const CaptureKey& key : incident.row.captures) view.captures.push_back(capture_view(incident, key));
  view.no_capture = incident.row.no_capture;
  view.disclosure = settings_.disclosure;
  view.mailed = mailed_words(incident);
  if (const auto earlier = incidents_.find(incident.row.previous); earlier != incidents_.end()) {
    const IncidentRow& row = earlier->second.row;
    view.history = cat("Earlier: ", ticket_name(row), ", closed",
                       row.verdict.empty() ? "" : cat(" (", shown(row.verdict), ")"), ".");
  }
  return view;
}

std::optional<TicketView> TenantEngine::view(const IncidentId& id) const {
  const auto found = incidents_.find(id);
  return found == incidents_.end() ? std::nullopt : std::optional(view_of(found->second));
}

std::optional<SendDelivery> TenantEngine::rendered(const DeliveryRow& row) const {
  const auto found = incidents_.find(row.incident);
  return found == incidents_.end() ? std::nullopt : std::optional(render(found->second, row));
}

std::string TenantEngine::note_of(const Incident& incident, const DeliveryRow& row, const TicketView& view) const {
  if (row.subject == "joined") return joined_note(view, incident.row.alerts_told, *incident.latest);
  if (row.subject == "mailed") return cat(join(wrap(mailed_words(incident)), "\n"), "\nSame link: ", view.link);
  if (row.subject == "adopted") return ticket_text(view).internal_text;
  if (row.subject.starts_with("moved "))
    return cat("This incident goes on in ",
               shown(incident.row.number.empty() ? incident.row.ticket : incident.row.number),
               ", where its alert belongs.\nSame link: ", view.link);
  if (row.subject.starts_with("refused-attachment")) return refused_attachment_note(row.subject, view);
  const auto key = CaptureKey::parse(std::string_view(row.subject).substr(8));
  return key ? capture_note(view, capture_view(incident, *key)) : std::string();
}

SendDelivery TenantEngine::render(const Incident& incident, const DeliveryRow& row) const {
  TicketView view = view_of(incident);
  view.disclosure = disclosure_at(row.rung);
  view.short_because = row.short_because.empty()
                           ? ""
                           : cat("the desk refused a longer text (", defanged(cut_short(row.short_because, 120)), ")");
  SendDelivery send{.id = row.id,
                    .kind = row.kind,
                    .correlation = incident.row.correlation,
                    .ticket = incident.row.ticket,
                    .order = row.order,
                    .attempt = row.attempt,
                    .severity = row.severity,
                    .body = {},
                    .fields_json = view.priority.fields_json,
                    .attachment_name = {},
                    .attachment = {},
                    .attached_evidence = {},
                    .problems = {}};
  if (const std::string_view other = other_ticket(row); !other.empty()) send.ticket = other;
  if (planted(Plant::wrong_ticket) && !send.ticket.empty()) send.ticket = tickets_.begin()->first;
  JsonWriter body;
  body.object()
      .member("tenant", settings_.tenant.text)
      .member("link", view.link)
      .member("correlation_id", view.correlation);
  const bool bare = row.rung == Rung::link_only;
  TemplatedText made =
      bare ? TemplatedText{bare_ticket_text(view), {}} : templated(settings_.templates, view, ticket_text(view));
  const TicketText& text = made.text;
  body.member("title", text.title);  // In all of them: a mail that follows carries the subject of the first.
  if (row.kind == DeliveryKind::ensure) {
    body.member("public_text", text.public_text).member("internal_text", text.internal_text);
    body.member("severity", token(incident.row.severity)).member("priority", view.priority.number);
  } else if (row.kind == DeliveryKind::note) {
    const std::string note = note_of(incident, row, view);
    made = bare ? TemplatedText{{{},
                                 {},
                                 cat(std::string_view(note).substr(0, note.find('\n')), "\nSame link: ", view.link)},
                                {}}
                : templated_note(settings_.templates, view, note);
    body.member("text", made.text.internal_text);
  } else if (row.kind == DeliveryKind::state) {
    body.member("state", row.subject == "reopen" ? "open" : "closed");
  } else if (row.kind == DeliveryKind::attach && row.subject == "trigger-packet") {
    const Alert& alert = *incident.first;
    const Decoded decoded = decode(alert.trigger_packet, link_unknown);
    send.attachment = capture_header(decoded.link_type, CaptureTimes::nanoseconds);
    append_packet(send.attachment, alert.time, alert.trigger_packet, 0, CaptureTimes::nanoseconds);
    send.attachment_name = cat(safe_name(settings_.tenant.text), "-", safe_name(alert.sensor.text), "-trigger-",
                               hex(sha256(send.attachment)).substr(0, 12), ".pcap");
  } else if (row.kind == DeliveryKind::attach) {
    const auto key = CaptureKey::parse(std::string_view(row.subject).substr(8));
    const CaptureRow* capture = key ? captures_.find(*key) : nullptr;
    if (capture && capture->evidence) {
      send.attached_evidence = capture->evidence;
      send.attachment_name = cat(safe_name(settings_.tenant.text), "-", safe_name(key->sensor.text), "-",
                                 safe_name(key->locator), "-", capture->evidence->text.substr(0, 12), ".pcap");
    }
  }
  if (row.kind != DeliveryKind::attach && row.rung != Rung::link_only)
    body.key("incident").raw(incident_json(view, incident.row.id, tells(row)));
  if (!send.attachment_name.empty())
    body.member("name", send.attachment_name).member("mime", "application/vnd.tcpdump.pcap");
  send.problems = std::move(made.problems);
  send.body = body.end().take();
  return send;
}

}  // namespace exhibit
