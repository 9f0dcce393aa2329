#include "sensorproto/sdee/event_reader.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/limits.h"
#include "base/text.h"
#include "sensorproto/sdee/xml_scan.h"

namespace exhibit {
namespace {

constexpr XmlNode nothing{};  // What is not there holds nothing.

/// The first child of this name, or `nothing`.
const XmlNode& child(const XmlNode& parent, std::string_view name) {
  for (const XmlNode& part : children_of(parent))
    if (part.name == name) return part;
  return nothing;
}

std::string kept(std::string_view text) {
  return std::string(text.size() <= limits::field_text ? text : cut_utf8(text, limits::field_text));
}

std::string value_of(const XmlNode& attribute) {
  return attribute.plain ? kept(attribute.text) : kept(said_by(attribute));
}

std::string attribute(const XmlNode& node, std::string_view name) {
  for (const XmlNode& held : attributes_of(node))
    if (held.name == name) return value_of(held);
  return {};
}

/// All text of the element, not only the part before its first child.
std::string text_of(const XmlNode& node) {
  const XmlNode *part = &node + 1 + node.attributes, *const end = &node + node.count;
  if (part == end) return {};
  if (part + 1 == end && part->plain) return kept(trim(part->text));  // An element has no text of its own.
  std::string text;
  for (; part != end; part += part->count)
    if (part->is_text()) text += said_by(*part);
  return kept(trim(text));
}

std::string child_text(const XmlNode& parent, std::string_view name) { return text_of(child(parent, name)); }

/// Depth-first, element by element. Goes into what `visit` says yes to.
template <typename Visit>
void for_each_descendant(const XmlNode& top, Visit visit) {
  for (const XmlNode *node = &top + 1, *const end = &top + top.count; node != end;)
    node += node->kind != XmlNode::Kind::element || visit(*node) ? 1 : node->count;
}

Originator read_originator(const XmlNode& node) {
  Originator read;
  for (const XmlNode& part : children_of(node)) {
    if (part.name == "hostId" && read.host_id.empty()) read.host_id = text_of(part);  // Part of the alert's identity.
    if (part.name == "appName") read.app_name = text_of(part);
    if (part.name == "appInstanceId") read.app_instance_id = text_of(part);
  }
  return read;
}

EventTime read_time(const XmlNode& node) {
  EventTime time{.ns = {}, .raw = text_of(node), .offset = {}, .zone = {}};
  time.ns = parse_number<std::int64_t>(time.raw);
  for (const XmlNode& held : attributes_of(node)) {
    if (held.name == "offset") time.offset = value_of(held);
    if (held.name == "timeZone") time.zone = value_of(held);
  }
  return time;
}

/// Of its first piece of text.
EncodedBytes read_encoded(const XmlNode& node, std::string_view what) {
  const XmlNode *piece = &node + 1, *const end = &node + node.count;
  while (piece != end && !piece->is_text()) piece += piece->count;
  if (piece == end) return {};
  Result<Bytes> bytes = piece->plain ? decode_base64(piece->text, limits::packet_bytes)
                                     : decode_base64(said_by(*piece), limits::packet_bytes);
  if (!bytes) return {{}, cat(what, ": ", bytes.error().text)};
  return {std::move(*bytes), {}};
}

void read_participant(const XmlNode& node, Participant& read) {
  for (const XmlNode& part : children_of(node)) {
    if (part.name == "addr" && read.address.empty()) {
      read.address = text_of(part);
      read.locality = attribute(part, "locality");
    } else if (part.name == "port" && !read.port) {
      read.port = parse_number<std::uint16_t>(text_of(part));
    } else if (part.name == "os") {
      for (const XmlNode& held : attributes_of(part)) {
        if (held.name == "type") read.os_type = value_of(held);
        if (held.name == "idSource") read.os_source = value_of(held);
        if (held.name == "relevance") read.os_relevance = value_of(held);
      }
    }
  }
}

void read_participants(const XmlNode& node, IdsAlert& alert) {
  for_each_descendant(node, [&](const XmlNode& part) {
    const bool attacker = part.name == "attacker", target = part.name == "target" || part.name == "victim";
    if (!attacker && !target) return true;
    std::vector<Participant>& side = attacker ? alert.attackers : alert.targets;
    if (side.size() < limits::targets_per_alert) read_participant(part, side.emplace_back());
    return false;
  });
}

void read_signature(const XmlNode& node, AlertSignature& read) {
  for (const XmlNode& held : attributes_of(node)) {
    if (held.name == "id") read.id = value_of(held);
    if (held.name == "description") read.description = value_of(held);
    if (held.name == "version") read.version = value_of(held);
    if (held.name == "type") read.type = value_of(held);
    if (held.name == "created") read.created = value_of(held);
  }
  for (const XmlNode& part : children_of(node)) {
    if (part.name == "subsigId") read.subsig_id = text_of(part);
    if (part.name == "sigDetails") read.details = text_of(part);
    if (part.name == "marsCategory") read.mars_category = text_of(part);
  }
}

void read_actions(const XmlNode& node, IdsAlert& alert) {
  for (const XmlNode& action : children_of(node)) {
    const std::string word = to_lower(text_of(action));
    if (word != "false" && word != "0" && alert.actions.size() < 64) alert.actions.emplace_back(action.name);
  }
}

Result<void> read_ip_log_word(std::string_view word, std::vector<IpLogId>& logs) {
  const auto id = parse_number<IpLogId>(word);
  if (!id) return Error{Errc::bad_input, cat("ipLogId is no number: ", harmless(word.substr(0, 40)))};
  if (logs.size() == limits::ip_logs_per_alert) return Error{Errc::too_large, "the alert names too many IP logs"};
  if (std::find(logs.begin(), logs.end(), *id) == logs.end()) logs.push_back(*id);
  return {};
}

/// One number, or a list split on blanks and commas.
Result<void> read_ip_log_words(std::string_view text, std::vector<IpLogId>& logs) {
  if (parse_number<IpLogId>(text)) return read_ip_log_word(text, logs);
  Result<void> read;
  for (const std::string_view word : split(text, " \t\r\n,;"))
    if (read) read = read_ip_log_word(word, logs);
  return read;
}

/// `ipLogIds/*` or a bare `ipLogId`.
Result<void> read_ip_logs(const XmlNode& node, IdsAlert& alert) {
  const std::string own = text_of(node);
  Result<void> read = read_ip_log_words(own, alert.ip_logs);
  for (const XmlNode& id : children_of(node)) {
    if (!read) break;
    const std::string text = text_of(id);
    read = read_ip_log_words(text, alert.ip_logs);
  }
  return read;
}

AlertSummary read_summary(const XmlNode& node) {
  return {.firings = parse_number<std::uint64_t>(text_of(node)).value_or(0),
          .final = to_lower(attribute(node, "final")) == "true",
          .initial_alert = attribute(node, "initialAlert"),
          .type = attribute(node, "summaryType")};
}

void read_risk(const XmlNode& node, IdsAlert& alert) {
  alert.risk_rating = parse_number<int>(text_of(node));
  for (const XmlNode& held : attributes_of(node)) {
    if (held.name == "targetValueRating") alert.target_value = value_of(held);
    if (held.name == "attackRelevanceRating") alert.attack_relevance = value_of(held);
    if (held.name == "watchlist") alert.watchlist = value_of(held);
  }
}

/// What a child of the alert sets; anything else is kept by its name.
void read_alert_child(const XmlNode& node, IdsAlert& alert) {
  const std::string_view name = node.name;
  if (name == "signature") return read_signature(node, alert.signature = {});
  if (name == "participants") return read_participants(node, alert);
  if (name == "actions") return read_actions(node, alert);
  if (name == "summary") return void(alert.summary = read_summary(node));
  if (name == "riskRatingValue" || name == "riskRating") return read_risk(node, alert);
  if (name == "threatRatingValue") return void(alert.threat_rating = parse_number<int>(text_of(node)));
  if (name == "triggerPacket") return void(alert.trigger_packet = read_encoded(node, "trigger packet"));
  if (name == "interfaceGroup") return void(alert.interface_group = text_of(node));
  if (name == "interface") return void(alert.interface = text_of(node));
  if (name == "vlan") return void(alert.vlan = text_of(node));
  if (name == "protocol") return void(alert.protocol = text_of(node));
  if (name == "alertDetails") return void(alert.alert_details = text_of(node));
  if (name == "context") {
    alert.context_from_target = read_encoded(child(node, "fromTarget"), "context of the target");
    alert.context_from_attacker = read_encoded(child(node, "fromAttacker"), "context of the attacker");
    return;
  }
  if (alert.others.size() < 64) alert.others.emplace_back(name, text_of(node));
}

/// Fills in place what the document will keep: an alert is too large to be handed around.
void read_alert(const XmlNode& node, IdsAlert& alert) {
  for (const XmlNode& held : attributes_of(node)) {
    if (held.name == "severity") alert.severity = value_of(held);
    if (held.name == "vendor") alert.vendor = value_of(held);
    if (held.name == "alarmTraits") alert.alarm_traits = value_of(held);
  }
  bool had_originator = false, had_time = false;  // The first one counts: both are part of the alert's identity.
  for (const XmlNode& part : children_of(node)) {
    const std::string_view name = part.name;
    if (name == "originator") {
      if (!std::exchange(had_originator, true)) alert.originator = read_originator(part);
    } else if (name == "time") {
      if (!std::exchange(had_time, true)) alert.time = read_time(part);
    } else if (name == "ipLogIds" || name == "ipLogId") {
      if (const Result<void> read = read_ip_logs(part, alert); !read)
        alert.others.emplace_back("ipLogProblem", read.error().text);
    } else {
      read_alert_child(part, alert);
    }
  }
}

/// The number in an attribute or descendant called ipLogId, logId or id; else the number behind "ipLogId=" in any text.
std::optional<IpLogId> find_ip_log(const XmlNode& detail) {
  std::optional<IpLogId> named_id, in_text;
  const auto is_id_name = [](std::string_view name) {
    return equal_ignoring_case(name, "ipLogId") || equal_ignoring_case(name, "logId") ||
           equal_ignoring_case(name, "id");
  };
  const auto look = [&](const XmlNode& node) {
    if (!named_id && is_id_name(node.name)) named_id = parse_number<IpLogId>(text_of(node));
    for (const XmlNode& held : attributes_of(node))
      if (!named_id && is_id_name(held.name)) named_id = parse_number<IpLogId>(trim(said_by(held)));
    const std::string text = to_lower(text_of(node));
    if (const std::size_t at = text.find("iplogid="); at != std::string::npos && !in_text) {
      const std::string_view digits = std::string_view(text).substr(at + 8);
      in_text = parse_number<IpLogId>(digits.substr(0, digits.find_first_not_of("0123456789")));
    }
    return true;
  };
  look(detail);
  for_each_descendant(detail, look);
  return named_id ? named_id : in_text;
}

StatusEvent::IpLogPhase phase_of(std::string_view word) {
  const std::string lower = to_lower(word);
  if (lower.find("complete") != std::string::npos) return StatusEvent::IpLogPhase::completed;
  if (lower.find("remove") != std::string::npos) return StatusEvent::IpLogPhase::removed;
  if (lower.find("start") != std::string::npos) return StatusEvent::IpLogPhase::started;
  if (lower.find("add") != std::string::npos) return StatusEvent::IpLogPhase::added;
  return StatusEvent::IpLogPhase::none;
}

StatusEvent::IpLogPhase find_phase(const XmlNode& detail) {
  StatusEvent::IpLogPhase phase = phase_of(detail.name);
  if (phase == StatusEvent::IpLogPhase::none) phase = phase_of(attribute(detail, "status"));
  for_each_descendant(detail, [&](const XmlNode& node) {
    if (phase == StatusEvent::IpLogPhase::none && node.name == "status") phase = phase_of(text_of(node));
    return true;
  });
  return phase;
}

StatusEvent read_status(const XmlNode& node, std::string_view raw) {
  StatusEvent status;
  status.event_id = attribute(node, "eventId");
  status.originator = read_originator(child(node, "originator"));
  status.time = read_time(child(node, "time"));
  status.raw = raw;
  for (const XmlNode& part : children_of(node)) {
    if (part.name == "originator" || part.name == "time") continue;
    const bool ip_log = to_lower(part.name).starts_with("iplog");
    if (status.detail.empty() || ip_log) status.detail = part.name;
    if (!ip_log) continue;
    status.ip_log_phase = find_phase(part);
    status.ip_log = find_ip_log(part);
    break;
  }
  return status;
}

ErrorEvent read_error(const XmlNode& node, std::string_view raw) {
  ErrorEvent event;
  event.event_id = attribute(node, "eventId");
  event.severity = attribute(node, "severity");
  event.originator = read_originator(child(node, "originator"));
  event.time = read_time(child(node, "time"));
  event.raw = raw;
  const XmlNode& message = child(node, "errorMessage");
  event.name = attribute(message, "name");
  event.text = text_of(message);
  event.ip_log_refused = to_lower(event.text).find("iplog") != std::string::npos;
  event.ip_log = find_ip_log(message);
  return event;
}

void read_fault(const XmlNode& node, SdeeDocument& document) {
  SdeeFault fault;
  const XmlNode& code = child(node, "Code");
  const std::string subcode = child_text(child(code, "Subcode"), "Value");
  fault.code = local_name(subcode.empty() ? child_text(code, "Value") : subcode);
  const XmlNode& reason = child(node, "Reason");
  const XmlNode& text = child(reason, "Text");
  fault.reason = text_of(&text == &nothing ? reason : text);
  document.fault = fault;
}

/// One element of the envelope, wherever in it the sensor puts these things.
void read_envelope_part(const XmlNode& node, SdeeDocument& document) {
  const std::string_view name = node.name;
  if (name == "Fault") read_fault(node, document);
  if (name == "subscriptionId") document.subscription_id = text_of(node);
  if (name == "sessionId") document.session_id = text_of(node);
  if (name == "remaining-events" || name == "remainingEvents")
    document.remaining_events = parse_number<std::uint64_t>(text_of(node)).value_or(0);
  if (name == "missedEvents" || name == "missed-events") {
    const std::string word = to_lower(text_of(node));
    document.missed_events = document.missed_events || (word != "false" && word != "0" && word != "no");
  }
}

bool is_envelope_name(std::string_view name) { return name == "Envelope" || name == "events"; }

/// The envelope without its events.
Result<void> read_envelope(const std::string& skeleton, SdeeDocument& document) {
  XmlNodes nodes;
  if (!scan_xml(skeleton, &nodes) || !nodes.regular)
    return document.events.empty() ? Result<void>(Error{Errc::bad_input, "XML: the envelope cannot be read"})
                                   : Result<void>();  // A bare event.
  bool known = false;
  for (const XmlNode& node : nodes.list) {
    if (node.kind != XmlNode::Kind::element) continue;
    known = known || is_envelope_name(node.name);
    read_envelope_part(node, document);
  }
  if (!known && document.events.empty() && document.unreadable.empty())
    return Error{Errc::bad_input, "the XML is no SDEE answer"};
  return {};
}

/// False when the document was cut off: what is missing was never received, so nothing of it may be acknowledged.
bool ends_whole(std::string_view body) {
  std::size_t root = body.find('<');
  while (root != std::string_view::npos && root + 1 < body.size() && (body[root + 1] == '?' || body[root + 1] == '!'))
    root = body.find('<', root + 1);
  if (root == std::string_view::npos) return false;
  const std::size_t end = std::min(body.find_first_of(" \t\r\n/>", root + 1), body.size());
  return trim(body).ends_with(cat("</", body.substr(root + 1, end - root - 1), ">"));
}

std::string without(std::string_view body, const std::vector<EventSpan>& spans) {
  std::string skeleton;
  std::size_t at = 0;
  for (const EventSpan& span : spans) {
    skeleton += body.substr(at, span.offset - at);
    at = span.offset + span.length;
  }
  skeleton += body.substr(at);
  return skeleton;
}

/// Puts the event at the end of the list; bad_input: it is put nowhere.
Result<void> read_event_node(const XmlNode& node, std::string_view raw, bool altered,
                             std::vector<SensorEvent>& events) {
  std::string id = attribute(node, "eventId");
  if (id.empty()) return Error{Errc::bad_input, "the event has no eventId"};
  if (node.name == "evIdsAlert") {
    auto& alert = std::get<IdsAlert>(events.emplace_back(std::in_place_type<IdsAlert>));
    alert.event_id = std::move(id);
    read_alert(node, alert);
    alert.raw = raw;
    alert.altered = altered;
  } else if (node.name == "evStatus") {
    events.emplace_back(read_status(node, raw));
  } else if (node.name == "evError") {
    events.emplace_back(read_error(node, raw));
  } else {
    events.emplace_back(OtherEvent{std::move(id), std::string(node.name), std::string(raw)});
  }
  return {};
}

/// An element that passed the scan, without its document.
Result<void> read_scanned(std::string_view element, std::vector<SensorEvent>& events) {
  bool altered = false;
  const std::string mended = mend_characters(element, altered);
  XmlNodes nodes;
  if (!scan_xml(mended, &nodes) || !nodes.regular) return Error{Errc::bad_input, "XML: the event cannot be read"};
  return read_event_node(nodes.list.front(), element, altered, events);
}

Result<void> read_alone(std::string_view element, std::vector<SensorEvent>& events) {
  if (element.size() > limits::sdee_document_at_most) return Error{Errc::too_large, "XML: the event is too large"};
  if (const auto scanned = scan_xml(element); !scanned) return scanned.error();
  return read_scanned(element, events);
}

/// The usual document, in which nothing has to be mended, from one scan. Nothing: there is something in it that is
/// better looked at event by event.
std::optional<SdeeDocument> read_at_once(std::string_view body, const std::vector<EventSpan>& spans,
                                         const XmlNodes& nodes) {
  bool altered = false, known = false, whole = true;
  if (!nodes.plain) mend_characters(body, altered);
  if (altered || !nodes.regular) return std::nullopt;
  SdeeDocument document;
  document.events.reserve(spans.size());
  for (const XmlNode *node = nodes.list.data(), *const end = node + nodes.list.size(); node != end && whole;) {
    const std::size_t number = document.events.size();
    if (node->kind == XmlNode::Kind::element && is_event_name(node->name)) {
      whole = known &&
              read_event_node(*node, body.substr(spans[number].offset, spans[number].length), false, document.events);
      node += node->count;
      continue;
    }
    if (node->kind == XmlNode::Kind::element) {
      known = known || is_envelope_name(node->name);
      read_envelope_part(*node, document);
    }
    ++node;
  }
  if (!whole || !known) return std::nullopt;
  return document;
}

}  // namespace

Result<SensorEvent> read_event(std::string_view element) {
  std::vector<SensorEvent> events;
  if (const Result<void> read = read_alone(element, events); !read) return read.error();
  return std::move(events.front());
}

Result<SdeeDocument> read_sdee_document(std::string_view body) {
  if (body.size() > limits::sdee_document_at_most) return Error{Errc::too_large, "XML: the document is too large"};
  XmlNodes nodes;
  Result<std::vector<EventSpan>> scanned = scan_xml(body, &nodes);
  const bool broken = !scanned;
  if (broken) {
    const std::vector<EventSpan> rescued = salvage_events(body);
    if (rescued.empty() || !ends_whole(body)) return scanned.error();
    scanned = rescued;
  } else if (auto read = read_at_once(body, *scanned, nodes)) {
    return std::move(*read);
  }
  nodes = {};  // Each event makes a list of its own.
  SdeeDocument document;
  for (const EventSpan& span : *scanned) {
    const std::string_view raw = body.substr(span.offset, span.length);
    const Result<void> read = broken ? read_alone(raw, document.events) : read_scanned(raw, document.events);
    if (!read) document.unreadable.push_back({std::string(raw), read.error().text});
  }
  bool altered = false;
  const Result<void> envelope = read_envelope(mend_characters(without(body, *scanned), altered), document);
  if (!envelope && !broken) return envelope.error();
  if (broken) document.unreadable.push_back({without(body, *scanned), "the document around its events is malformed"});
  return document;
}

}  // namespace exhibit
