#include <algorithm>

#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"
#include "web/pages.h"

namespace exhibit::web {
namespace {

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}

struct Band {
  std::string_view css_class, word;
  std::string says;
};

/// A forecast that nobody made is no forecast.
bool is_known(const std::optional<WallTime>& time) { return time && ns_of(*time) > 0; }

Band band_of(const IncidentPage& page, const CaptureView& capture) {
  const Zone& zone = page.rows.view.zone;
  const std::string expected =
      is_known(capture.ready_expected) ? cat("Expected about ", spoken_clock(zone, *capture.ready_expected), ". ") : "";
  if (capture.on_demand && !is_settled(capture.state) && capture.state != CaptureState::fetching)
    return {"demand", "On demand", "The sensor has it, and it is fetched only when somebody asks."};
  switch (capture.state) {
    case CaptureState::expected:
    case CaptureState::recording: return {"recording", "Recording", cat(expected, "This page fills in by itself.")};
    case CaptureState::due: return {"recording", "Waiting", cat(expected, "This page fills in by itself.")};
    case CaptureState::fetching: return {"recording", "Fetching", "It is on its way from the sensor."};
    case CaptureState::sealed_complete: return {"ready", "Ready", "Complete, and sealed under its hash."};
    case CaptureState::sealed_partial:
      return {"partial", "Ready, not complete",
              capture.cause == CaptureCause::none ? "A part is missing." : cat(sentence(capture.cause), ".")};
    case CaptureState::lost: return {"lost", "Lost", cat(sentence(capture.cause), ".")};
  }
  return {};
}

/// The only question that matters, and what can be said now.
struct Verdict {
  std::string_view css_class;
  std::string word, more;
};

Verdict verdict_of(const CaptureView& capture) {
  if (capture.state == CaptureState::lost)
    return {"unknown", "Cannot be told from packets any more", "The recording is lost; see below what is left to ask."};
  if (!is_sealed(capture.state)) return {"pending", "Not yet known", "The recording is not here yet."};
  if (!capture.report) return {"pending", "Not yet known", "The recording is here and is being read."};
  const CaptureReport& report = *capture.report;
  const std::string one_sided =
      report.attacker_only ? "Only the attacker's side was recorded, so an answer may exist that is not in it." : "";
  if (!report.answer) return {"unknown", "This flow is not in the capture", one_sided};
  const std::string said = answer_text(*report.answer);
  if (report.answer->kind != Answer::Kind::none_in_capture) return {"answered", cat("Yes: ", said), ""};
  return {"unknown", capital(said), one_sided};
}

std::string packets_text(std::uint64_t count) { return cat(grouped(count), count == 1 ? " packet" : " packets"); }

std::string others_text(const CaptureReport& report) {
  if (report.other_requests == 0) return {};
  std::vector<std::string> statuses;
  for (const int status : report.other_statuses) statuses.push_back(cat(status));
  return cat(grouped(report.other_requests), report.other_requests == 1 ? " more request" : " more requests",
             " to this host", statuses.empty() ? "" : cat(", answered ", join(statuses, ", ")));
}

std::string quality_text(const CaptureView& capture, const CaptureReport& report) {
  std::string out = capture.state == CaptureState::sealed_complete ? "complete" : "not complete";
  if (report.broken) out += cat("; damaged: ", report.broken_text);
  return cat(out, report.addresses_match ? "; addresses match" : "; NEITHER attacker nor target is in it");
}

void report_facts(Node& list, const IncidentPage& page, const CaptureView& capture) {
  const CaptureReport& report = *capture.report;
  const Zone& zone = page.rows.view.zone;
  append_fact(list, "Holds", cat(packets_text(report.packets), ", ", grouped(report.bytes), " bytes on the wire"));
  if (report.first) append_fact(list, "From", spoken_time(zone, *report.first));
  if (report.last) append_fact(list, "To", spoken_time(zone, *report.last));
  append_fact(list, "This flow", packets_text(report.flow_packets));
  append_fact(list, "Also", others_text(report));
  append_fact(list, "Trigger inside",
              page.rows.alert->trigger_packet.empty() ? "cannot be told, the alert brought none"
              : report.trigger_inside                 ? "yes"
                                                      : "no (the recording starts after it; normal)");
  append_fact(list, "Quality", quality_text(capture, report));
}

void sharing_facts(Node& list, const IncidentPage& page, const CaptureRow& row) {
  Node links = element("dd", "links");
  for (const IncidentRow& other : page.rows.sharing) {
    if (std::find(row.incidents.begin(), row.incidents.end(), other.id) == row.incidents.end()) continue;
    links.append(element("a", "mono", other.number.empty() ? "incident without number" : other.number)
                     .with("href", cat(page.base, "/e/", other.link.text)));
  }
  if (links.children.empty()) return;
  list.append(element("dt", "", "Shared with"));
  list.append(std::move(links));
}

Node facts_of(const IncidentPage& page, const CaptureRow& row, const CaptureView& capture) {
  const Zone& zone = page.rows.view.zone;
  Node list = element("dl", "facts");
  append_fact(list, "Log", cat(row.key.locator, " of ", row.key.sensor.text), "mono");
  if (!is_settled(capture.state)) {
    if (is_known(capture.ready_expected) && !capture.on_demand)
      append_fact(list, "Expected", cat("about ", spoken_seconds(zone, *capture.ready_expected)));
    if (is_known(capture.safe_until))
      append_fact(list, "Safe until", cat("about ", spoken_seconds(zone, *capture.safe_until)));
  }
  if (is_sealed(capture.state) && capture.report) report_facts(list, page, capture);
  if (is_sealed(capture.state) && capture.evidence) {
    append_fact(list, "File", cat(grouped(capture.bytes), " bytes"));
    append_fact(list, "SHA-256", capture.evidence->text, "mono select hash");
  }
  if (capture.state == CaptureState::lost) {
    for (const std::string& clause : capture.proof) append_fact(list, "Proof", clause);
    append_fact(list, "Do next", next_step(page.rows.view));
    if (!remedy(capture.cause).empty()) append_fact(list, "Next time", cat(remedy(capture.cause), "."));
  }
  sharing_facts(list, page, row);
  return list;
}

Node fetch_form(const IncidentPage& page, std::size_t index) {
  Node form = element("form", "fetch").with("method", "post").with("action", page.path() + "/fetch");
  form.append(element("input").with("type", "hidden").with("name", "token").with("value", page.csrf));
  form.append(element("input").with("type", "hidden").with("name", "capture").with("value", cat(index)));
  form.append(element("button", "primary", "Fetch now").with("type", "submit"));
  form.append(element("span", "quiet-text", "Takes the recording off the sensor while it is still there."));
  return form;
}

Node download_part(const IncidentPage& page, std::size_t index) {
  Node out = element("p", "download");
  out.append(element("a", "button primary", "Download the capture")
                 .with("href", cat(page.path(), "/capture/", index))
                 .with("download", capture_file_name(page.rows, page.rows.captures[index])));
  return out;
}

Node packets_holder(const IncidentPage& page, std::size_t index, std::optional<Node> packets) {
  Node holder = element("div", "packets")
                    .with("id", cat("packets-", index))
                    .with("data-src", cat(page.path(), "/packets?capture=", index))
                    .with("data-one", cat(page.path(), "/packet?capture=", index));
  if (packets)
    holder.append(std::move(*packets));
  else
    holder.append(element(
        "p", "",
        {element("a", "", "Show the packets").with("href", cat(page.path(), "?capture=", index, "#packets-", index))}));
  return holder;
}

Node none_part(const IncidentPage& page) {
  const CaptureCause cause = page.rows.incident.no_capture;
  Node section = element("section", "card capture none");
  section.append(
      element("p", "band none",
              {element("strong", "", "No capture"), text(" "), element("span", "", capital(cat(sentence(cause), ".")))})
          .with("role", "status"));
  section.append(element("h2", "question", "Did the server answer?"));
  section.append(element("p", "verdict unknown", "Cannot be told: nothing was recorded"));
  Node list = element("dl", "facts");
  append_fact(list, "Do next", next_step(page.rows.view));
  if (!remedy(cause).empty()) append_fact(list, "Next time", cat(remedy(cause), "."));
  section.append(std::move(list));
  return section;
}

Node some_part(const IncidentPage& page, std::size_t index) {
  const CaptureView& capture = page.rows.view.captures[index];
  const Band band = band_of(page, capture);
  const Verdict verdict = verdict_of(capture);
  Node section = element("section", cat("card capture ", band.css_class));
  section.append(element("p", cat("band ", band.css_class),
                         {element("strong", "", band.word), text(" "), element("span", "", capital(band.says))})
                     .with("role", "status")
                     .with("aria-live", "polite"));
  section.append(element("h2", "question", "Did the server answer?"));
  section.append(element("p", cat("verdict ", verdict.css_class), verdict.word));
  if (!verdict.more.empty()) section.append(element("p", "quiet-text", verdict.more));
  if (capture.on_demand && !is_settled(capture.state)) section.append(fetch_form(page, index));
  section.append(facts_of(page, page.rows.captures[index], capture));
  return section;
}

std::string file_word(std::string_view word) {
  std::string out;
  for (const char c : word.substr(0, 30)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += plain ? c : '-';
  }
  return out.empty() ? "x" : out;
}

}  // namespace

Node capture_part(const IncidentPage& page, std::size_t index, std::optional<Node> packets) {
  const bool any = index < page.rows.captures.size() && index < page.rows.view.captures.size();
  Node section = any ? some_part(page, index) : none_part(page);
  section = std::move(section).with("id", cat("capture-", index));
  const std::string version = hex(sha256(to_json(section))).substr(0, 16);
  section = std::move(section).with("data-version", version);
  if (!any || !is_sealed(page.rows.view.captures[index].state)) return section;
  section.append(download_part(page, index));
  section.append(packets_holder(page, index, std::move(packets)));
  return section;
}

std::string capture_file_name(const PageRows& rows, const CaptureRow& capture) {
  const std::string hash = capture.evidence ? capture.evidence->text.substr(0, 12) : "none";
  return cat(file_word(rows.tenant.text), "-", file_word(capture.key.sensor.text), "-", file_word(capture.key.locator),
             "-", hash, ".pcap");
}

}  // namespace exhibit::web
