#include "incident/template_samples.h"

#include "base/text.h"

namespace exhibit {
namespace {

const WallTime noon = wall_from_ns(1'795'262'400'000'000'000);

TicketView view_of(const Alert& alert) {
  TicketView view;
  view.tenant_name = "ACME";
  view.networks = {*Network::parse("198.51.100.0/24")};
  view.link = "https://ev.msp.example/e/aaaaaaaaaaaaaaaaaaaaaaaaaa";
  view.correlation = "EXH1-AAAAAAAAAAAAAAAAAAAAAAAAAA";
  view.priority = priority_of(alert);
  view.no_capture = CaptureCause::action_not_set;
  return view;
}

/// A DNS question over Ethernet, IPv4 and UDP: short, and all of it decodes.
Bytes question() {
  const std::string_view frame(
      "\x00\x00\x5e\x00\x53\x01\x00\x00\x5e\x00\x53\x02\x08\x00\x45\x00\x00\x3d\x00\x01\x00\x00\x40\x11\x00\x00\xc0\x00"
      "\x02\x0a\xc6\x33\x64\x14\xd4\x31\x00\x35\x00\x29\x00\x00\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03"
      "www\x07"
      "example\x03"
      "com\x00\x00\x01\x00\x01",
      75);
  return Bytes(frame.begin(), frame.end());
}

TemplateSample full() {
  Alert alert;
  alert.tenant = {"acme"}, alert.sensor = {"acme-ips1"};
  alert.event_id = "1182522900045587005";
  alert.time = noon, alert.received = noon + std::chrono::seconds{1};
  alert.signature_id = "6054", alert.subsignature_id = "0", alert.signature_name = "DNS request";
  alert.signature_version = "S37";
  alert.severity = Severity::high, alert.risk = 85, alert.threat = 85;
  alert.attacker = Endpoint{"192.0.2.10", 54321, "OUT", ""};
  alert.targets = {{"198.51.100.20", 53, "IN", "learned OS: linux"}};
  alert.block = {Block::Kind::blocked, "packet dropped"};
  alert.protocol = "udp", alert.virtual_sensor = "vs0", alert.interface = "ge0_1";
  alert.trigger_packet = question();
  TicketView view = view_of(alert);
  CaptureView capture;
  capture.log = "1734556221";
  capture.state = CaptureState::recording;
  capture.ready_expected = noon + std::chrono::seconds{30};
  view.captures = {capture};
  view.alerts = 3;
  view.history = "Earlier: INC0012345, closed (false positive).";
  return {"a full alert", std::move(alert), std::move(view)};
}

TemplateSample bare() {
  Alert alert;
  alert.tenant = {"acme"}, alert.sensor = {"acme-ips1"};
  alert.event_id = "1", alert.signature_id = "1";
  alert.time = alert.received = noon, alert.time_from_sensor = false;
  alert.severity = Severity::low;
  TicketView view = view_of(alert);
  return {"an alert that names neither attacker nor target nor packet", std::move(alert), std::move(view)};
}

TemplateSample hostile() {
  TemplateSample sample = full();
  sample.name = "an alert with long addresses and hostile texts";
  Alert& alert = sample.alert;
  alert.severity = Severity::medium, alert.risk.reset(), alert.block = {};
  alert.attacker = Endpoint{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535, "OUT", ""};
  alert.targets.assign(40, {"2001:db8::1", 65535, "IN", "{{link}} <script>\n\x1b[2J"});
  alert.signature_name = cat("{{#high}}{{/link}}", std::string(400, 'A'), "\xff\x00\r\n");
  sample.bare.captures.clear();
  sample.bare.priority = priority_of(alert);
  return sample;
}

}  // namespace

const std::vector<TemplateSample>& template_samples() {
  static const std::vector<TemplateSample> all = {full(), bare(), hostile()};
  return all;
}

}  // namespace exhibit
