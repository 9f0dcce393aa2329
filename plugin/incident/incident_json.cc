#include "incident/incident_json.h"

#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "incident/priority.h"

namespace exhibit {
namespace {

void write_endpoint(JsonWriter& out, const Endpoint& endpoint) {
  out.object().member("address", endpoint.address);
  if (endpoint.port) out.member("port", *endpoint.port);
  if (!endpoint.locality.empty()) out.member("locality", endpoint.locality);
  out.end();
}

void write_alert(JsonWriter& out, const Alert& alert) {
  out.object().key("signature").object().member("id", alert.signature_id).member("sub_id", alert.subsignature_id);
  out.member("name", alert.signature_name).member("version", alert.signature_version).end();
  out.member("severity", token(alert.severity));
  if (alert.risk) out.member("risk", *alert.risk);
  if (alert.attacker) write_endpoint(out.key("attacker"), *alert.attacker);
  out.key("targets").array();
  for (const Endpoint& target : alert.targets) write_endpoint(out, target);
  out.end();
  if (!alert.protocol.empty()) out.member("protocol", alert.protocol);
  out.key("times").object().member("sensor", iso_utc(alert.time)).member("received", iso_utc(alert.received)).end();
  out.member("sensor", alert.sensor.text).member("event_id", alert.event_id).key("actions").array();
  for (const std::string& action : alert.actions) out.value(action);
  out.end().end();
}

std::string_view state_of(CaptureState state) {
  switch (state) {
    case CaptureState::sealed_complete: return "complete";
    case CaptureState::sealed_partial: return "partial";
    default: return token(state);
  }
}

void write_capture(JsonWriter& out, const CaptureView& capture) {
  out.object().member("log", capture.log).member("state", state_of(capture.state));
  if (capture.cause != CaptureCause::none) out.member("cause", token(capture.cause));
  if (capture.evidence) out.member("sha256", capture.evidence->text).member("bytes", capture.bytes);
  if (capture.report) {
    out.member("packets", capture.report->packets);
    if (capture.report->answer) out.member("answer", answer_text(*capture.report->answer));
  }
  out.end();
}

}  // namespace

std::string incident_json(const TicketView& view, const IncidentId& id, std::string_view what) {
  const Alert& alert = *view.first;
  JsonWriter out(1500);
  out.object().member("version", 1).member("what", what).member("tenant", alert.tenant.text);
  out.member("incident_id", id.text).member("correlation_id", view.correlation).member("link", view.link);
  out.member("severity", token(alert.severity)).member("priority", view.priority.number);
  write_alert(out.key("alert"), alert);
  out.key("counts").object().member("alerts", view.alerts).member("captures", view.captures.size()).end();
  out.key("captures").array();
  for (const CaptureView& capture : view.captures) write_capture(out, capture);
  return out.end().end().take();
}

}  // namespace exhibit
