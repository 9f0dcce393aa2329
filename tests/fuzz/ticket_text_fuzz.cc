// An incident of any strings, as ticket and notes, through templates and into each kind of text that a desk may want:
// bounded, UTF-8, without control characters, and the way back gives what went in.

#include <nlohmann/json.hpp>
#include <utility>

#include "adapters/rest/neutralise.h"
#include "adapters/rest/rest_text.h"
#include "base/json.h"
#include "base/text.h"
#include "incident/incident_json.h"
#include "incident/normalize.h"
#include "incident/ticket_template.h"
#include "incident/ticket_text.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

constexpr const char* our_link = "https://ev.example/e/k2qx5dm3jh4v6rtbznc7wpyaeu";

Participant participant(fuzz::Input& input) {
  Participant made;
  made.address = input.flag() ? "192.0.2.10" : input.text();
  if (input.flag()) made.port = static_cast<std::uint16_t>(input.byte() << 8 | input.byte());
  made.locality = input.text(), made.os_type = input.text(), made.os_source = input.text();
  return made;
}

/// As it comes from the wire: `normalize` is the border that it has to pass.
IdsAlert alert_from(fuzz::Input& input) {
  IdsAlert alert;
  alert.event_id = input.text(), alert.originator.host_id = input.text();
  alert.severity = input.flag() ? "high" : input.text();
  alert.time = {1'795'313'561'123'000'000 + std::int64_t{input.byte()} * 3'600'000'000'000, {}, {}, {}};
  alert.signature.id = input.text(), alert.signature.subsig_id = input.text();
  alert.signature.description = input.text(), alert.signature.details = input.text();
  alert.signature.version = input.text();
  if (input.flag()) alert.risk_rating = input.byte();
  if (input.flag()) alert.attackers.push_back(participant(input));
  for (int left = input.byte() % 4; left > 0; --left) alert.targets.push_back(participant(input));
  constexpr const char* actions[] = {"deniedPacket", "ipLoggingActivated", "denyPacketRequestedNotPerformed"};
  for (int left = input.byte() % 3; left > 0; --left) alert.actions.emplace_back(actions[input.byte() % 3]);
  if (input.flag()) alert.ip_logs = {input.byte()};
  alert.trigger_packet.problem = input.text();
  if (input.flag()) alert.summary = AlertSummary{input.byte(), true, input.text(), {}};
  alert.interface_group = input.text(), alert.interface = input.text(), alert.vlan = input.text();
  alert.protocol = input.text(), alert.alert_details = input.text();
  alert.altered = input.flag();
  return alert;
}

CaptureView capture_from(fuzz::Input& input) {
  CaptureView capture;
  capture.log = cat(input.byte());
  capture.state = static_cast<CaptureState>(input.byte() % 7);
  capture.cause = static_cast<CaptureCause>(input.byte() % 8);
  for (int left = input.byte() % 3; left > 0; --left) capture.proof.push_back(input.text());
  if (input.flag()) capture.ready_expected = wall_from_ns(1'795'313'591'000'000'000);
  if (input.flag()) capture.safe_until = wall_from_ns(1'795'315'000'000'000'000);
  capture.on_demand = input.flag();
  capture.bytes = input.byte();
  if (input.flag()) {
    CaptureReport report;
    report.packets = input.byte(), report.broken = input.flag(), report.broken_text = input.text();
    report.answer = Answer{.kind = static_cast<Answer::Kind>(input.byte() % 5)};
    report.answer->status = input.byte(), report.answer->detail = harmless(input.text());
    capture.report = report;
  }
  for (int left = input.byte() % 3; left > 0; --left) capture.shared_with.push_back(harmless(input.text()));
  return capture;
}

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + (text.ends_with('\n') ? 0 : 1);
}

void shown(std::string_view text, const char* name) {
  if (is_utf8(text) && fuzz::is_clean(text, "\n")) return;
  std::fprintf(stderr, "%s: %s\n", name, escape_ill_formed(text).c_str());
  demand(false, "a text is clean UTF-8");
}

/// Only these tags may be ours; whatever else opens one was written by a stranger.
void no_foreign_tag(std::string_view html) {
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    const std::string_view tag = html.substr(at);
    demand(tag.starts_with("<br>") || tag.starts_with("<pre>") || tag.starts_with("</pre>") ||
               tag.starts_with("</a>") || tag.starts_with(cat("<a href=\"", our_link, "\">")),
           "no tag but ours");
  }
}

void for_desks(const std::string& text, rest::Layout layout) {
  using rest::TextFormat;
  for (const TextFormat format : {TextFormat::plain, TextFormat::unfolded, TextFormat::html, TextFormat::markdown,
                                  TextFormat::textile, TextFormat::wiki, TextFormat::adf}) {
    const std::string made = rest::rendered(text, format, layout, our_link);
    demand(is_utf8(made), "a desk's text is UTF-8");
    demand(rest::unrendered(made, format) == text, "the way back gives what went in");
    if (format == TextFormat::html) no_foreign_tag(made);
    if (format == TextFormat::adf && !text.empty()) demand(parse_json(made).has_value(), "a document is JSON");
  }
  const std::string cut = rest::cut_with_word(text, 50, " [cut]");
  demand(is_utf8(cut) && code_points(cut) <= 50, "a cut text is UTF-8 within its limit");
  const std::string plain = rest::neutralised(text, {"code"});
  demand(rest::neutralised(plain, {"code"}) == plain && to_lower(plain).find("[code]") == std::string::npos,
         "no mark of the desk is left");
}

void whole(const TicketText& ticket) {
  demand(code_points(ticket.title) <= 100 && lines_of(ticket.title) == 1, "the title is one line of 100");
  demand(ticket.internal_text.size() <= 2500 && lines_of(ticket.internal_text) <= 40,
         "the text for analysts is bounded");
  demand(ticket.internal_text.find(our_link) != std::string::npos, "the link is there");
  for (const std::string* text : {&ticket.title, &ticket.public_text, &ticket.internal_text}) shown(*text, "ticket");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t how = input.byte();
  IdsAlert wire = alert_from(input);
  TicketView view;
  view.alerts = 1 + how % 4;
  view.link = our_link, view.correlation = "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE";
  view.history = (how & 32) != 0 ? "First time for this pair in 30 d." : "";
  view.disclosure = static_cast<Disclosure>(how >> 6);
  view.short_because = (how & 16) != 0 ? harmless(input.text()) : "";
  for (int left = input.byte() % 3; left > 0; --left) view.captures.push_back(capture_from(input));
  const TicketTemplates own{
      .title = input.text(), .public_text = input.text(), .internal_text = input.text(), .note = input.text()};
  const std::string_view packet = input.rest();
  wire.trigger_packet.bytes.assign(packet.begin(), packet.end());
  const Alert alert = normalize(std::move(wire), {"acme"}, {"acme-ips1"}, wall_from_ns(1'795'313'562'000'000'000));
  view.first = &alert;
  view.priority = priority_of(alert);

  const TicketText ticket = ticket_text(view);
  whole(ticket);
  shown(bare_ticket_text(view).internal_text, "bare ticket");
  for_desks(ticket.internal_text, rest::Layout::columns);
  for_desks(ticket.public_text, rest::Layout::prose);
  std::string note = joined_note(view, 1, alert);
  for (const CaptureView& capture : view.captures) note += cat("\n", capture_note(view, capture));
  shown(note, "note");
  shown(headline(view), "headline"), shown(next_step(view), "next step"), shown(display_filter(alert), "filter");
  demand(parse_json(incident_json(view, {"i"}, "opened")).has_value(), "the incident as data is JSON");
  if ((how & 12) != 0) return 0;  // Trying out templates costs as much as all the rest.
  // An operator may write what he likes; strangers' strings are what must stay clean.
  for (const std::string* text : {&own.title, &own.public_text, &own.internal_text, &own.note})
    if (!fuzz::is_clean(*text, "\n")) return 0;
  if (own == TicketTemplates{} || !check_templates(own).empty()) return 0;
  const TemplatedText said = templated(own, view, ticket);
  for (const std::string* text : {&said.text.title, &said.text.public_text, &said.text.internal_text})
    shown(*text, "templated");
  demand(said.text.internal_text.find(our_link) != std::string::npos, "the link is there, whatever the template");
  shown(templated_note(own, view, note).text.internal_text, "templated note");
  return 0;
}
