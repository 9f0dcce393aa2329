#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"
#include "incident/priority.h"
#include "packet/decode.h"
#include "web/pages.h"

namespace exhibit::web {
namespace {

constexpr std::size_t raw_shown = 65'536;

/// What the page says is for signed-in analysts: nothing is masked here.
TicketView unmasked(const PageRows& rows) {
  TicketView view = rows.view;
  view.first = rows.alert.get();
  view.disclosure = Disclosure::full;
  return view;
}

std::string with_os(const Endpoint& endpoint) {
  std::string out = address_with_port(endpoint);
  if (!endpoint.locality.empty()) out += cat(" (", endpoint.locality, ")");
  if (!endpoint.os.empty()) out += cat(", ", endpoint.os);
  return out;
}

std::string signature_text(const Alert& alert) {
  std::string out = alert.signature_id;
  if (!alert.subsignature_id.empty()) out += cat("/", alert.subsignature_id);
  if (!alert.signature_name.empty()) out += cat(" ", alert.signature_name);
  if (!alert.signature_version.empty()) out += cat(", ", alert.signature_version);
  return out;
}

std::string rating_text(const Alert& alert) {
  std::string out(token(alert.severity));
  if (alert.risk) out += cat(", risk ", *alert.risk);
  if (alert.threat) out += cat(", threat ", *alert.threat);
  return out;
}

std::string sensor_text(const Alert& alert) {
  std::string out = alert.sensor.text;
  for (const std::string& part : {alert.virtual_sensor, alert.interface})
    if (!part.empty()) out += cat(" ", part);
  if (!alert.vlan.empty()) out += cat(" vlan ", alert.vlan);
  return cat(out, ", event ", alert.event_id);
}

std::string received_text(const Alert& alert) {
  if (!alert.time_from_sensor) return "the sensor gave no time; this is when the alert was received";
  const Nanoseconds late = alert.received - alert.time;
  return late < Nanoseconds{0} ? cat("the sensor's clock is ahead of ours by ", duration_text(-late))
                               : cat(duration_text(late), " later");
}

Node facts_part(const IncidentPage& page) {
  const Alert& alert = *page.rows.alert;
  Node list = element("dl", "facts");
  append_fact(list, "When", spoken_time(page.rows.view.zone, alert.time));
  append_fact(list, "Received", received_text(alert));
  append_fact(list, "Attacker", alert.attacker ? with_os(*alert.attacker) : "the sensor named none", "mono");
  for (const Endpoint& target : alert.targets) append_fact(list, "Target", with_os(target), "mono");
  if (alert.targets.empty()) append_fact(list, "Target", "the sensor named none");
  append_fact(list, "Signature", signature_text(alert));
  append_fact(list, "Details", alert.signature_details);
  append_fact(list, "Rating", rating_text(alert));
  const Priority& priority = page.rows.view.priority;
  append_fact(list, "Priority", cat(priority.number, ": ", priority.reason));
  append_fact(list, "Sensor", sensor_text(alert));
  append_fact(list, "Asked for", join(alert.actions, ", "));
  append_fact(list, "Customer", page.rows.tenant_name);
  append_fact(list, "Find it", display_filter(alert), "mono select");
  append_fact(list, "Ref", page.rows.incident.correlation.text, "mono select");
  Node aside = element("aside", "card");
  aside.append(element("h2", "", "The alert"));
  aside.append(std::move(list));
  return aside;
}

Node trigger_part(const Alert& alert) {
  Node section = element("section", "card trigger");
  section.append(element("h2", "", "Trigger packet"));
  if (alert.trigger_packet.empty()) {
    section.append(element("p", "quiet-text",
                           alert.trigger_problem.empty() ? "The sensor sent none with this alert."
                                                         : cat("It cannot be decoded: ", alert.trigger_problem,
                                                               ". The raw alert below has it.")));
    return section;
  }
  section.append(
      element("p", "quiet-text",
              cat(grouped(alert.trigger_packet.size()),
                  " bytes, as the alert carried them; the kind of link is a guess. Nothing is masked here.")));
  section.append(detail_node(packet_detail(alert.trigger_packet, link_unknown, 0)));
  return section;
}

Node raw_part(const std::string& raw) {
  Node details = element("details", "card raw");
  details.append(element("summary", "", cat("The alert as the sensor sent it (", grouped(raw.size()), " bytes)")));
  Node pre = element("pre", "bytes").with("tabindex", "0");
  pre.append(lines(std::string_view(raw).substr(0, raw_shown)));
  details.append(std::move(pre));
  if (raw.size() > raw_shown) details.append(element("p", "quiet-text", "The rest is cut here."));
  return details;
}

Node versioned(Node node) {
  const std::string version = hex(sha256(to_json(node))).substr(0, 16);
  return std::move(node).with("data-version", version);
}

std::string spoken(const Zone& zone, WallTime time, std::string (*clock)(const CivilTime&)) {
  const Zone::Local local = zone.at(time);
  const std::string here = cat(long_date(local.civil), " ", clock(local.civil), " ", local.abbreviation);
  if (zone.is_utc()) return here;
  const CivilTime utc = civil_of(time);
  return cat(here, " = ", utc.day == local.civil.day ? "" : cat(long_date(utc), " "), clock(utc), " UTC");
}

std::size_t capture_count(const PageRows& rows) { return std::max<std::size_t>(rows.captures.size(), 1); }

}  // namespace

std::string IncidentPage::path() const { return cat(base, "/e/", rows.incident.link.text); }

bool all_settled(const PageRows& rows) {
  for (const CaptureView& capture : rows.view.captures)
    if (!is_settled(capture.state) || (is_sealed(capture.state) && !capture.report)) return false;
  return rows.incident.ticket_at.has_value();
}

Node head_part(const IncidentPage& page) {
  const IncidentRow& incident = page.rows.incident;
  const Alert& alert = *page.rows.alert;
  Node chips = element("p", "chips");
  chips.append(element("span", cat("chip sev-", token(alert.severity)), to_upper(token(alert.severity))));
  chips.append(element("span", "chip", cat("Priority ", page.rows.view.priority.number)));
  chips.append(element("span", "chip mono", incident.number.empty() ? "ticket not yet made" : incident.number));
  chips.append(element("span", "chip", page.rows.tenant_name));
  if (incident.alerts > 1) chips.append(element("span", "chip", cat(grouped(incident.alerts), " alerts")));
  Node head = element("div", "head").with("id", "head");
  head.append(std::move(chips));
  head.append(element("h1", "", headline(unmasked(page.rows))));
  head.append(element("p", "lede", block_line(alert)));
  return versioned(std::move(head));
}

/// Some desks give numbers and ids where people expect words; those say nothing to anybody here.
std::string_view in_words(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos ? std::string_view() : text;
}

/// What people did in the ticket, as far as the desk tells.
std::optional<Node> ticket_part(const IncidentPage& page) {
  const IncidentRow& incident = page.rows.incident;
  if (incident.remote_state.empty() && page.rows.comments.empty()) return std::nullopt;
  Node part = element("section", "card");
  part.append(element("h2", "", "In the ticket"));
  Node list = element("dl", "facts");
  const std::string_view state = in_words(incident.remote_state);
  append_fact(list, "State", cat(incident.closed_at ? "closed" : "open", state.empty() ? "" : ", ", state));
  append_fact(list, "Assigned", in_words(incident.assignee));
  append_fact(list, "Verdict", incident.verdict);
  for (const CommentRow& comment : page.rows.comments)
    append_fact(list,
                cat(comment.author.empty() ? "somebody" : comment.author, comment.at.empty() ? "" : ", ", comment.at),
                comment.text);
  part.append(std::move(list));
  return part;
}

Node incident_page(const IncidentPage& page, std::size_t with_packets, std::optional<Node> packets) {
  Node main = element("main", "incident")
                  .with("id", "main")
                  .with("data-state", page.path() + "/state")
                  .with("data-settled", all_settled(page.rows) ? "yes" : "no");
  main.append(head_part(page));
  Node answers = element("div", "captures");
  for (std::size_t i = 0; i < capture_count(page.rows); ++i)
    answers.append(capture_part(page, i, i == with_packets ? std::move(packets) : std::nullopt));
  main.append(std::move(answers));
  if (std::optional<Node> ticket = ticket_part(page)) main.append(std::move(*ticket));
  main.append(facts_part(page));
  main.append(trigger_part(*page.rows.alert));
  main.append(raw_part(page.rows.raw));
  return main;
}

std::string state_json(const IncidentPage& page) {
  JsonWriter out;
  out.object().member("settled", all_settled(page.rows)).key("parts").array();
  out.raw(to_json(head_part(page)));
  for (std::size_t i = 0; i < capture_count(page.rows); ++i) out.raw(to_json(capture_part(page, i, std::nullopt)));
  return out.end().end().take();
}

std::string spoken_time(const Zone& zone, WallTime time) { return spoken(zone, time, clock_millis); }

std::string spoken_seconds(const Zone& zone, WallTime time) { return spoken(zone, time, clock_seconds); }

std::string spoken_clock(const Zone& zone, WallTime time) {
  const Zone::Local local = zone.at(time);
  const std::string here = cat(clock_seconds(local.civil), " ", local.abbreviation);
  return zone.is_utc() ? here : cat(here, " (", clock_seconds(civil_of(time)), " UTC)");
}

}  // namespace exhibit::web
