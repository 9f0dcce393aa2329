#include "sensorproto/sim/event_xml.h"

#include "base/base64.h"
#include "base/text.h"

namespace exhibit::sim {
namespace {

constexpr std::string_view declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view sd_namespace = "http://example.org/2003/08/sdee";
constexpr std::string_view cid_namespace = "http://www.cisco.com/cids/2006/08/cidee";

std::string element(std::string_view name, std::string_view text) {
  return cat("<", name, ">", xml_escaped(text), "</", name, ">");
}

std::string attribute(std::string_view name, std::string_view value) {
  return cat(" ", name, "=\"", xml_escaped(value), "\"");
}

std::string addressed(const Peer& peer, std::string_view locality) {
  std::string out = cat("<sd:addr cid:locality=\"", locality, "\">", peer.address, "</sd:addr>");
  if (peer.port != 0) out += cat("<sd:port>", peer.port, "</sd:port>");
  return out;
}

std::string participants(const SimAlert& alert) {
  std::string out = cat("<sd:participants><sd:attacker>", addressed(alert.attacker, "OUT"), "</sd:attacker>");
  for (const Peer& target : alert.targets)
    out += cat("<sd:target>", addressed(target, "IN"), "<cid:os idSource=\"",
               alert.os == "unknown" ? "unknown" : "learned", "\"", attribute("type", alert.os), " relevance=\"",
               alert.os == "unknown" ? "unknown" : "relevant", "\"/></sd:target>");
  return out + "</sd:participants>\n";
}

std::string signature(const SimSignature& signature) {
  return cat("<sd:signature", attribute("description", signature.name), " id=\"", signature.id, "\"",
             attribute("cid:version", signature.version), attribute("cid:type", signature.type),
             attribute("cid:created", signature.created), "><cid:subsigId>", signature.sub_id, "</cid:subsigId>",
             element("cid:sigDetails", signature.details), element("cid:marsCategory", signature.mars_category),
             "</sd:signature>\n");
}

std::string actions(const SimAlert& alert, bool logged) {
  std::vector<std::string> names = alert.actions;
  if (logged) {
    names.emplace_back("sd:ipLoggingActivated");
    names.emplace_back("cid:logAttackerPacketsActivated");
  }
  if (names.empty()) return {};
  std::string out = "<sd:actions>";
  for (const std::string& name : names) out += element(name, "true");
  return out + "</sd:actions>\n";
}

/// Sensors break the lines of base64.
std::string folded_base64(const Bytes& bytes) {
  const std::string text = encode_base64(bytes);
  std::string out = "\n";
  for (std::size_t at = 0; at < text.size(); at += 76) out += cat(std::string_view(text).substr(at, 76), "\n");
  return out;
}

std::string extras(const SimAlert& alert, std::optional<std::uint64_t> log) {
  std::string out;
  if (log) out += cat("<cid:ipLogIds><cid:ipLogId>", *log, "</cid:ipLogId></cid:ipLogIds>\n");
  if (!alert.from_attacker.empty() || !alert.from_target.empty()) {
    out += "<cid:context>";
    if (!alert.from_target.empty()) out += element("cid:fromTarget", encode_base64(as_bytes(alert.from_target)));
    if (!alert.from_attacker.empty()) out += element("cid:fromAttacker", encode_base64(as_bytes(alert.from_attacker)));
    out += "</cid:context>\n";
  }
  if (alert.trigger) out += cat("<cid:triggerPacket>", folded_base64(*alert.trigger), "</cid:triggerPacket>\n");
  if (alert.summary)
    out +=
        cat("<cid:summary", alert.summary->final ? " cid:final=\"true\"" : "", " cid:initialAlert=\"",
            alert.summary->initial_alert, "\" cid:summaryType=\"Regular\">", alert.summary->count, "</cid:summary>\n");
  return out;
}

std::string originator(const SimIdentity& identity) {
  return cat("<originator>", element("hostId", identity.host), "<appName>sensorApp</appName><appInstanceId>",
             identity.process, "</appInstanceId></originator><time offset=\"0\" timeZone=\"UTC\">",
             ns_of(identity.time), "</time>");
}

/// The plain, unprefixed form that status and error events have on a real sensor.
std::string plain_event(std::string_view name, std::string_view more, const SimIdentity& identity,
                        std::string_view detail) {
  return cat("<", name, " xmlns=\"", cid_namespace, "\" xmlns:cid=\"", cid_namespace, "\" eventId=\"", identity.event,
             "\"", more, " vendor=\"Cisco\">", originator(identity), detail, "</", name, ">\n");
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default:
        if (static_cast<unsigned char>(c) < 32)
          out += cat("&#", static_cast<int>(c), ";");
        else
          out += c;
    }
  return out;
}

std::string alert_xml(const SimAlert& alert, const SimIdentity& identity, std::optional<std::uint64_t> log) {
  return cat("<sd:evIdsAlert xmlns:sd=\"", sd_namespace, "\" xmlns:cid=\"", cid_namespace, "\" eventId=\"",
             identity.event, "\" vendor=\"Cisco\"", attribute("severity", alert.severity),
             " cid:alarmTraits=\"32768\">\n<sd:originator>", element("sd:hostId", identity.host),
             "<cid:appName>sensorApp</cid:appName><cid:appInstanceId>", identity.process,
             "</cid:appInstanceId></sd:originator>\n<sd:time offset=\"0\" timeZone=\"UTC\">", ns_of(identity.time),
             "</sd:time>\n", signature(alert.signature), "<sd:interfaceGroup>vs0</sd:interfaceGroup><sd:vlan>",
             alert.vlan, "</sd:vlan>\n", participants(alert), actions(alert, log.has_value()), extras(alert, log),
             "<cid:riskRatingValue targetValueRating=\"medium\" attackRelevanceRating=\"relevant\">", alert.risk,
             "</cid:riskRatingValue><cid:threatRatingValue>", alert.threat, "</cid:threatRatingValue>\n",
             element("cid:interface", alert.interface), element("cid:protocol", alert.protocol),
             element("cid:alertDetails", alert.details.empty() ? "InterfaceAttributes:  context=\"single_vf\" "
                                                                 "physical=\"Unknown\" backplane=\"PortChannel0/0\" ; "
                                                               : alert.details),
             "</sd:evIdsAlert>\n");
}

std::string log_status_xml(const IpLogRing::Happening& happening, const SimIdentity& identity, StatusForm form) {
  if (form == StatusForm::none) return {};
  const bool started = happening.change == IpLogRing::Change::started;
  const bool removed = happening.change == IpLogRing::Change::overwritten;
  const std::string_view name = started ? "ipLogStarted" : removed ? "ipLogRemoved" : "ipLogCompleted";
  const std::string_view word = started ? "started" : removed ? "removed" : "completed";
  const IpLog& log = happening.log;
  std::string detail;
  if (form == StatusForm::url) {
    detail = cat("<", name, ">/cgi-bin/iplog-server?ipLogId=", log.id, "</", name, ">");
  } else if (form == StatusForm::attributes) {
    detail = cat("<cid:", name, " ipLogId=\"", log.id, "\" status=\"", word, "\"/>");
  } else {
    detail = cat("<", name, "><ipLogId>", log.id, "</ipLogId><status>", word, "</status><startTime>",
                 ns_of(log.started), "</startTime>");
    if (!started) detail += cat("<endTime>", ns_of(log.ends), "</endTime>");
    detail += cat("</", name, ">");
  }
  return plain_event("evStatus", "", identity, detail);
}

std::string plain_status_xml(std::string_view detail, const SimIdentity& identity) {
  return plain_event("evStatus", "", identity, cat("<", detail, "/>"));
}

std::string login_status_xml(std::string_view user, const SimIdentity& identity) {
  return plain_event("evStatus", "", identity,
                     cat("<loginAction action=\"loggedIn\"><description>User logged into HTTP server</description>",
                         element("userName", user), "</loginAction>"));
}

std::string error_xml(std::string_view name, std::string_view text, std::string_view severity,
                      const SimIdentity& identity) {
  return plain_event("evError", attribute("severity", severity), identity,
                     cat("<errorMessage", attribute("name", name), ">", xml_escaped(text), "</errorMessage>"));
}

std::string envelope(const EnvelopeHead& head, std::string_view body) {
  std::string oob = element("sd:sessionId", head.session);
  if (head.missed) oob += "<sd:missedEvents>true</sd:missedEvents>";
  if (head.remaining) oob += cat("<sd:remaining-events>", *head.remaining, "</sd:remaining-events>");
  return cat(declaration, "<env:Envelope xmlns=\"", cid_namespace,
             "\" xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:sd=\"", sd_namespace, "\" xmlns:cid=\"",
             cid_namespace, "\">\n<env:Header><sd:oobInfo>", oob, "</sd:oobInfo></env:Header>\n",
             body.empty() ? std::string("<env:Body/>") : cat("<env:Body>", body, "</env:Body>"), "\n</env:Envelope>\n");
}

std::string fault_body(std::string_view code, std::string_view reason) {
  return cat("<env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>sd:", code,
             "</env:Value></env:Subcode></env:Code>", element("env:Reason", reason), "</env:Fault>");
}

}  // namespace exhibit::sim
