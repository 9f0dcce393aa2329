#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/utc.h"
#include "incident/ticket_text.h"
#include "incident/wrap.h"

namespace exhibit {
namespace {

std::string span_text(const Zone& zone, WallTime first, WallTime last) {
  const Zone::Local from = zone.at(first), to = zone.at(last);
  if (const std::string day = long_date(from.civil); day != long_date(to.civil))
    return cat(day, " ", clock_millis(from.civil), " - ", long_date(to.civil), " ", clock_millis(to.civil), " ",
               to.abbreviation);
  std::string text = cat(clock_millis(from.civil), " - ", clock_millis(to.civil), " ", to.abbreviation);
  const std::string utc_from = clock_seconds(civil_of(first)).substr(0, 5),
                    utc_to = clock_seconds(civil_of(last)).substr(0, 5);
  if (!zone.is_utc()) text += cat(" (", utc_from, utc_from == utc_to ? "" : "-" + utc_to, " UTC)");
  return text;
}

void add_wrapped(std::vector<std::string>& lines, std::string_view text, std::string_view indent = "  ") {
  for (std::string& line : wrap(text, columns_max, indent)) lines.push_back(std::move(line));
}

std::string statuses_text(const std::vector<int>& statuses) {
  std::vector<std::string> words;
  for (const int status : statuses) words.push_back(cat(status));
  return words.size() == 1 ? cat("all ", words.front()) : join(words, ", ");
}

/// "server answered HTTP 404 …", or what else can be said.
std::string answer_clause(const CaptureView& capture) {
  if (!capture.report) return "the capture is stored";
  const CaptureReport& report = *capture.report;
  if (!report.answer) return "this flow is not in the capture";
  if (report.answer->kind == Answer::Kind::none_in_capture) return answer_text(*report.answer);
  return cat("target answered ", report.answer->kind == Answer::Kind::http ? "" : "with ", answer_text(*report.answer));
}

std::string quality_text(const CaptureView& capture) {
  std::string text = capture.state == CaptureState::sealed_complete ? "complete" : "not complete";
  if (capture.cause != CaptureCause::none) text += cat(" (", sentence(capture.cause), ")");
  if (capture.report) {
    if (capture.report->broken) text += cat(", damaged: ", defanged(capture.report->broken_text));
    text += capture.report->addresses_match ? ", addresses match" : ", NEITHER attacker nor target is in it";
  }
  return cat("Quality: ", text, ".");
}

std::string trigger_text(const Alert& alert, const CaptureReport& report) {
  if (alert.trigger_packet.empty()) return "Trigger packet inside: cannot be told, the alert brought none.";
  return report.trigger_inside ? "Trigger packet inside: yes."
                               : "Trigger packet inside: no (recording starts after it; normal).";
}

std::string ready_note(const TicketView& view, const CaptureView& capture) {
  std::vector<std::string> lines;
  add_wrapped(lines, cat("CAPTURE READY: ", answer_clause(capture), "."));
  if (capture.report) {
    const CaptureReport& report = *capture.report;
    std::string size =
        cat(grouped(report.packets), report.packets == 1 ? " packet, " : " packets, ", grouped(report.bytes), " bytes");
    if (report.first && report.last) size += cat(", ", span_text(view.zone, *report.first, *report.last));
    add_wrapped(lines, size);
    std::string flow =
        cat("This flow: ", grouped(report.flow_packets), report.flow_packets == 1 ? " packet." : " packets.");
    if (report.other_requests > 0) {
      flow += cat(" Also ", report.other_requests, report.other_requests == 1 ? " more request" : " more requests",
                  " to this host");
      flow += report.other_statuses.empty() ? "." : cat(", ", statuses_text(report.other_statuses), ".");
    }
    add_wrapped(lines, flow);
    if (report.attacker_only && report.flow_packets > 0 &&
        !(report.answer && report.answer->kind != Answer::Kind::none_in_capture))
      add_wrapped(lines, "Only the attacker's side was recorded, so an answer may exist that is not in it.");
    add_wrapped(lines, trigger_text(*view.first, report));
  }
  add_wrapped(lines,
              cat(quality_text(capture),
                  capture.shared_with.empty() ? "" : cat(" Shared with ", join(capture.shared_with, ", "), ".")));
  lines.push_back(cat("Same link: ", view.link));
  return join(lines, "\n");
}

std::string lost_note(const TicketView& view, const CaptureView& capture) {
  std::vector<std::string> lines;
  add_wrapped(lines, cat("CAPTURE LOST: ", sentence(capture.cause), "."));
  add_wrapped(lines, "Whether the target answered cannot be told from packets.");
  std::vector<std::string> proof;
  for (const std::string& clause : capture.proof) proof.push_back(defanged(clause));
  if (!proof.empty()) add_wrapped(lines, cat("Proof: ", join(proof, "; "), "."));
  add_wrapped(lines, cat("Do next: ", next_step(view)));
  if (!remedy(capture.cause).empty()) add_wrapped(lines, cat("To keep the next one: ", remedy(capture.cause), "."));
  lines.push_back(cat("Same link: ", view.link));
  return join(lines, "\n");
}

}  // namespace

std::string next_step(const TicketView& view) {
  const Alert& alert = *view.first;
  const Zone::Local local = view.zone.at(alert.time);
  // A backlog's alert is of another day than the analyst's.
  const bool old = elapsed(alert.time, alert.received) > std::chrono::hours{12};
  const std::string when =
      cat(old ? cat(long_date(local.civil), " ") : "", clock_seconds(local.civil), " ", local.abbreviation);
  if (alert.targets.empty()) return cat("firewall log at ", when, ".");
  const Endpoint& target = alert.targets.front();
  const bool web = target.port == 80 || target.port == 443 || target.port == 8080;
  const std::string log = web ? "web log" : target.port == 53 ? "DNS log" : target.port == 25 ? "mail log" : "log";
  const std::string who = alert.attacker ? cat(" from ", alert.attacker->address) : "";
  return cat(log, " of ", target.address, " at ", when, who, "; firewall log.");
}

std::string_view token(CaptureState state) {
  constexpr std::array<std::string_view, 7> words = {"expected",        "recording",      "due", "fetching",
                                                     "sealed-complete", "sealed-partial", "lost"};
  return words[static_cast<std::size_t>(state)];
}

std::optional<CaptureState> parse_capture_state(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(CaptureState::lost); ++i)
    if (token(static_cast<CaptureState>(i)) == text) return static_cast<CaptureState>(i);
  return std::nullopt;
}

std::string capture_note(const TicketView& view, const CaptureView& capture) {
  return capture.state == CaptureState::lost ? lost_note(view, capture) : ready_note(view, capture);
}

std::string joined_note(const TicketView& view, std::uint64_t before, const Alert& latest) {
  const std::uint64_t more = view.alerts - before;
  const Zone::Local local = view.zone.at(latest.time);
  std::vector<std::string> lines;
  // Sent again, it may have nothing new to count: then only the sum is true.
  const std::string count = more == 0 || more >= view.alerts ? cat(view.alerts, " alerts of this kind in all")
                                                             : cat(more, more == 1 ? " more alert" : " more alerts",
                                                                   " of this kind, ", view.alerts, " in all");
  add_wrapped(lines, cat(count, "; the latest at ", clock_seconds(local.civil), " ", local.abbreviation, "."));
  if (latest.sum) add_wrapped(lines, cat("The sensor summed up ", latest.sum->firings, " firings in one alert."));
  if (latest.block != view.first->block) add_wrapped(lines, cat("New: ", block_line(latest)));
  if (latest.severity > view.first->severity) add_wrapped(lines, cat("New: severity ", token(latest.severity), "."));
  if (!latest.trigger_packet.empty() && view.disclosure <= Disclosure::masked) {
    TicketView of_latest = view;
    of_latest.first = &latest;
    add_wrapped(lines, cat("It says: ", headline(of_latest)));
  }
  lines.push_back(cat("Same link: ", view.link));
  return join(lines, "\n");
}

}  // namespace exhibit
