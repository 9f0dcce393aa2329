#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "incident/ticket_text.h"
#include "phf_alert.h"

/// The golden shapes of the product's texts, compared byte for byte with tests/stories/*.ticket.
/// EXHIBIT_UPDATE_STORIES=1 writes them anew: read the difference before you commit it.
namespace exhibit {
namespace {

using namespace std::chrono_literals;
using test::AlertXml;
using test::noon;

void expect_story(const std::string& name, const std::string& text) {
  const std::string path = cat(EXHIBIT_SOURCE_DIR, "/tests/stories/", name, ".ticket");
  if (std::getenv("EXHIBIT_UPDATE_STORIES")) std::ofstream(path) << text;
  std::ifstream file(path);
  const std::string golden((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text, golden) << "story " << name;
}

class Stories : public testing::Test {
 protected:
  Stories() : alert(AlertXml{}.alert(noon + 1400ms)) {
    view.first = &alert;
    view.priority = priority_of(alert);
    view.tenant_name = "ACME";
    view.networks = {*Network::parse("198.51.100.0/24")};
    view.zone = *load_zone("Europe/Berlin");
    view.link = "https://ev.msp.example/e/k2qx5dm3jh4v6rtbznc7wpyaeu";
    view.correlation = "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE";
    CaptureView capture;
    capture.log = "1734556221";
    capture.state = CaptureState::recording;
    capture.ready_expected = noon + 34s;
    capture.safe_until = noon + 22min;
    view.captures = {capture};
  }

  Alert alert;
  TicketView view;
};

TEST_F(Stories, ATicketOpensWithItsPacket) {
  const TicketText text = ticket_text(view);
  expect_story("phf-opens", cat("short_description: ", text.title, "\ndescription:\n", text.public_text,
                                "\nwork_notes:\n", text.internal_text, "\n"));
}

TEST_F(Stories, TheCaptureArrivesAndTellsTheAnswer) {
  CaptureView& capture = view.captures[0];
  capture.state = CaptureState::sealed_complete;
  capture.shared_with = {"INC0012346", "INC0012347"};
  CaptureReport report;
  report.packets = 212;
  report.bytes = 98304;
  report.first = noon + 7ms;
  report.last = noon + 29997ms;
  report.flow_packets = 9;
  report.addresses_match = true;
  report.attacker_only = false;
  report.other_requests = 3;
  report.other_statuses = {404};
  report.answer = Answer{Answer::Kind::http, 404, 209, 41, {}, {}, {}};
  capture.report = report;
  expect_story("phf-ready", capture_note(view, capture) + "\n");
}

TEST_F(Stories, TheCaptureIsLostAndSaysWhy) {
  CaptureView& capture = view.captures[0];
  capture.state = CaptureState::lost;
  capture.cause = CaptureCause::overwritten;
  capture.proof = {"unreachable from 02:13:02 UTC (timeout)",
                   "acme-ips1 said errNotFound for log 1734556221 at 02:41:07 UTC", "ring forecast end 02:34:00 UTC"};
  expect_story("phf-lost", capture_note(view, capture) + "\n");
}

TEST_F(Stories, ATicketWithoutACaptureSaysWhyAndWhatToDo) {
  view.captures.clear();
  view.no_capture = CaptureCause::action_not_set;
  expect_story("phf-without-log", ticket_text(view).internal_text + "\n");
}

TEST_F(Stories, ADeskThatRefusesContentGetsLessAndIsToldWhy) {
  view.disclosure = Disclosure::headers;
  view.short_because = "the desk refused a longer text (HTTP 403)";
  expect_story("phf-headers", ticket_text(view).internal_text + "\n");
  const TicketText bare = bare_ticket_text(view);
  expect_story("phf-link-only", cat(bare.title, "\n", bare.public_text, "\n", bare.internal_text, "\n"));
}

TEST_F(Stories, EveryTextKeepsItsBounds) {
  AlertXml xml;
  xml.name = std::string(3000, 'W');
  xml.packet =
      test::frame("GET /" + std::string(1200, 'a') + " HTTP/1.1\r\nHost: " + std::string(300, 'b') + "\r\n\r\n");
  alert = xml.alert(noon);
  for (const Disclosure level : {Disclosure::full, Disclosure::masked, Disclosure::headers, Disclosure::none}) {
    view.disclosure = level;
    const TicketText text = ticket_text(view);
    EXPECT_LE(code_points(text.title), 100U);
    EXPECT_LE(text.internal_text.size(), 2500U);
    const auto lines = split(text.internal_text, "\n");
    EXPECT_LE(lines.size(), 40U);
    for (const std::string_view line : lines) {
      const bool never_broken = line.starts_with("Packets") || line.starts_with("Find it") || line.starts_with("Ref");
      EXPECT_TRUE(never_broken || code_points(line) <= 76U) << line;
    }
  }
}

TEST_F(Stories, LongAddressesLeaveRoomForWhatHappened) {
  AlertXml xml;
  xml.attacker = "fd52:429e:c03c:8235:883c:d6ff:fee1:4dc4";
  xml.target = "2001:470:e5bf:dead:4957:2174:e82c:4887";
  alert = xml.alert(noon);
  EXPECT_EQ(ticket_text(view).title, "HIGH: fd52:429e:..:4dc4 > [2001:470:..:4887]:80 WWW phf, no block reported");
  const std::string text = ticket_text(view).internal_text;
  for (const std::string_view line : split(text, "\n"))
    EXPECT_TRUE(line.starts_with("Find it") || code_points(line) <= 76U) << line;
}

TEST_F(Stories, TheFirstLineSaysWhatWasDone) {
  AlertXml xml;
  xml.packet = test::frame("POST /login HTTP/1.1\r\nHost: a.example\r\n\r\n");
  alert = xml.alert(noon);
  EXPECT_EQ(headline(view), "192.0.2.10 sent 198.51.100.20 an HTTP POST for /login.");
  xml.packet = test::frame("220 mail ready -0500 \r\n", 40112, 25);
  alert = xml.alert(noon);
  EXPECT_EQ(headline(view), "192.0.2.10 said to 198.51.100.20: \"220 mail ready -0500\".");
  xml.packet.clear();
  alert = xml.alert(noon);
  EXPECT_EQ(headline(view), "192.0.2.10 sent TCP traffic to 198.51.100.20:80 that matches \"WWW phf\".");
}

TEST_F(Stories, AnEscapeIsNotBrokenInTwoAndACutPayloadIsCalledCut) {
  AlertXml xml;
  std::string payload;
  for (int i = 0; i < 400; ++i) payload += std::string("netperf") + '\0';
  xml.packet = test::frame(payload);
  alert = xml.alert(noon);
  const std::string text = ticket_text(view).internal_text;
  EXPECT_NE(text.find("(3,200 bytes of payload; all of it at the link)"), std::string::npos) << text;
  for (const std::string_view line : split(std::string_view(text), "\n"))
    for (const char* broken : {"\\", "\\x", "\\x0"})
      EXPECT_FALSE(line.ends_with(broken) && !line.ends_with("\\x00")) << line;
}

TEST_F(Stories, ANoteOfABacklogNamesTheDay) {
  AlertXml xml;
  xml.time_ns = "1258628659000000000";
  alert = xml.alert(noon);
  EXPECT_NE(next_step(view).find("at Thu 19 Nov 2009 12:04:19 CET from"), std::string::npos) << next_step(view);
}

TEST_F(Stories, ManyCapturesDoNotPushThePacketOutOfTheTicket) {
  view.captures.resize(64, view.captures.front());
  const std::string text = ticket_text(view).internal_text;
  EXPECT_NE(text.find("and 61 more at the link"), std::string::npos) << text;
  EXPECT_NE(text.find("GET /cgi-bin/phf"), std::string::npos) << text;
}

TEST_F(Stories, TheCustomersTextHoldsNoPacketContent) {
  const std::string text = ticket_text(view).public_text;
  for (const char* inside : {"phf?", "passwd", "Cookie", "GET "})
    EXPECT_EQ(text.find(inside), std::string::npos) << inside;
}

TEST_F(Stories, SecretsAreMaskedUnlessTheDeskMaySeeThem) {
  EXPECT_EQ(ticket_text(view).internal_text.find("abcdefghijkl"), std::string::npos);
  view.disclosure = Disclosure::full;
  EXPECT_NE(ticket_text(view).internal_text.find("abcdefghijkl"), std::string::npos);
}

}  // namespace
}  // namespace exhibit
