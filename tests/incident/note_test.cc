#include <gmock/gmock.h>

#include "base/text.h"
#include "incident/ticket_text.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t alert_ns = 1'795'313'561'123'000'000;

class NoteTest : public testing::Test {
 protected:
  NoteTest() {
    view.first = &alert;
    view.link = "https://ev.example/e/x";
    view.zone = *load_zone("Europe/Berlin");
    capture.log = "77", capture.state = CaptureState::sealed_complete;
    report.packets = 212, report.bytes = 98'304, report.flow_packets = 9, report.addresses_match = true,
    report.attacker_only = false;
    report.first = wall_from_ns(alert_ns), report.last = wall_from_ns(alert_ns + 30'000'000'000);
  }
  [[nodiscard]] std::string note() {
    capture.report = report;
    return replace_all(replace_all(capture_note(view, capture), "\n  ", " "), "\n", " ");
  }

  Alert alert = test::AlertXml{}.alert(wall_from_ns(alert_ns));
  TicketView view;
  CaptureView capture;
  CaptureReport report;
};

TEST_F(NoteTest, TellsWhetherTheTargetAnswered) {
  EXPECT_THAT(note(), HasSubstr("CAPTURE READY: this flow is not in the capture."));
  report.answer = Answer{.kind = Answer::Kind::none_in_capture};
  EXPECT_THAT(note(), HasSubstr("CAPTURE READY: no answer in the capture."));
  report.answer = Answer{.kind = Answer::Kind::http, .status = 404, .bytes = 209, .milliseconds = 41};
  EXPECT_THAT(note(), HasSubstr("target answered HTTP 404, 209 bytes, 41 ms later."));
  report.answer = Answer{.kind = Answer::Kind::reset};
  EXPECT_THAT(note(), HasSubstr("target answered with "));
  capture.report.reset();
  EXPECT_THAT(capture_note(view, capture), HasSubstr("CAPTURE READY: the capture is stored."));
}

TEST_F(NoteTest, CountsWhatIsInItAndSaysWhen) {
  EXPECT_THAT(note(), AllOf(HasSubstr("212 packets, 98,304 bytes, 03:12:41.123 - 03:13:11.123 CET (02:12-02:13 UTC)"),
                            HasSubstr("This flow: 9 packets.")));
  report.packets = report.flow_packets = 1;
  report.last = report.first;
  EXPECT_THAT(note(), AllOf(HasSubstr("1 packet, "), HasSubstr("This flow: 1 packet."), HasSubstr("(02:12 UTC)")));
  report.last = wall_from_ns(alert_ns + 86'400'000'000'000);
  EXPECT_THAT(note(), HasSubstr("Sun 22 Nov 2026 03:12:41.123 - Mon 23 Nov 2026 03:12:41.123 CET"));
  report.first.reset();
  EXPECT_THAT(note(), Not(HasSubstr("CET")));
}

TEST_F(NoteTest, NamesOtherRequestsAndTheSideThatIsMissing) {
  report.other_requests = 1;
  EXPECT_THAT(note(), HasSubstr("Also 1 more request to this host."));
  report.other_requests = 3, report.other_statuses = {404};
  EXPECT_THAT(note(), HasSubstr("Also 3 more requests to this host, all 404."));
  report.other_statuses = {200, 404};
  EXPECT_THAT(note(), HasSubstr("to this host, 200, 404."));
  report.attacker_only = true;
  EXPECT_THAT(note(), HasSubstr("Only the attacker's side was recorded"));
  report.answer = Answer{.kind = Answer::Kind::none_in_capture};
  EXPECT_THAT(note(), HasSubstr("Only the attacker's side was recorded"));
  report.flow_packets = 0;
  EXPECT_THAT(note(), Not(HasSubstr("Only the attacker's side")));
}

TEST_F(NoteTest, SaysHowGoodItIs) {
  EXPECT_THAT(note(), AllOf(HasSubstr("Quality: complete, addresses match."), HasSubstr("Trigger packet inside: no")));
  report.trigger_inside = true, report.broken = true, report.broken_text = "damaged at byte 9 \x1b[2J",
  report.addresses_match = false;
  capture.state = CaptureState::sealed_partial, capture.cause = CaptureCause::overwritten,
  capture.shared_with = {"INC2", "INC3"};
  EXPECT_THAT(note(),
              AllOf(HasSubstr("Quality: not complete (overwritten on the sensor"),
                    HasSubstr("damaged: damaged at byte 9 \\x1b[2J"), HasSubstr("NEITHER attacker nor target is in it"),
                    HasSubstr("Shared with INC2, INC3."), HasSubstr("Trigger packet inside: yes.")));
  alert.trigger_packet.clear();
  EXPECT_THAT(note(), HasSubstr("Trigger packet inside: cannot be told"));
}

TEST_F(NoteTest, ALostCaptureSaysWhyWithProofAndWhatToDoNext) {
  capture.state = CaptureState::lost, capture.cause = CaptureCause::overwritten;
  EXPECT_THAT(note(), AllOf(HasSubstr("CAPTURE LOST: "), Not(HasSubstr("Proof:")),
                            HasSubstr("Do next: web log of 198.51.100.20 at 03:12:41 CET")));
  capture.proof = {"errNotFound at 02:41:07 UTC", "http://evil.example"};
  EXPECT_THAT(note(), HasSubstr("Proof: errNotFound at 02:41:07 UTC; hxxp://evil[.]example."));
  for (const auto& [port, log] : {std::pair<std::uint16_t, const char*>{443, "web log"},
                                  {8080, "web log"},
                                  {53, "DNS log"},
                                  {25, "mail log"},
                                  {22, "log of"}}) {
    alert.targets[0].port = port;
    EXPECT_THAT(next_step(view), HasSubstr(log)) << port;
  }
  alert.received = alert.time + std::chrono::hours{13};
  EXPECT_THAT(next_step(view), HasSubstr("Sun 22 Nov 2026 03:12:41 CET")) << "an analyst of another day needs the date";
  alert.attacker.reset();
  EXPECT_THAT(next_step(view), Not(HasSubstr(" from ")));
  alert.targets.clear();
  EXPECT_THAT(next_step(view), HasSubstr("firewall log at"));
}

TEST_F(NoteTest, MoreAlertsAreCountedAndWhatIsNewIsSaid) {
  view.alerts = 4;
  Alert latest = alert;
  EXPECT_THAT(joined_note(view, 1, latest), HasSubstr("3 more alerts of this kind, 4 in all"));
  EXPECT_THAT(joined_note(view, 3, latest), HasSubstr("1 more alert of this kind, 4 in all"));
  EXPECT_THAT(joined_note(view, 4, latest), HasSubstr("4 alerts of this kind in all"));
  EXPECT_THAT(joined_note(view, 1, latest), AllOf(HasSubstr("It says: "), Not(HasSubstr("New: "))));
  alert.severity = Severity::low;
  latest.severity = Severity::high, latest.block = {Block::Kind::blocked, "packet dropped"},
  latest.sum = AlertSum{40, "1"};
  view.disclosure = Disclosure::headers;
  EXPECT_THAT(joined_note(view, 1, latest),
              AllOf(HasSubstr("summed up 40 firings"), HasSubstr("New: Blocked: packet dropped."),
                    HasSubstr("New: severity high."), Not(HasSubstr("It says"))));
}

}  // namespace
}  // namespace exhibit
