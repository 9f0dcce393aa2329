#include "tests/sensorproto/pugixml_reader.h"

#include <algorithm>
#include <pugixml.hpp>
#include <utility>

#include "base/base64.h"
#include "base/limits.h"
#include "base/text.h"
#include "sensorproto/sdee/xml_scan.h"

namespace exhibit::reference {
namespace {

constexpr unsigned parse_flags = pugi::parse_default | pugi::parse_ws_pcdata_single;

bool named(pugi::xml_node node, std::string_view name) { return local_name(node.name()) == name; }

pugi::xml_node child(pugi::xml_node parent, std::string_view name) {
  for (pugi::xml_node node = parent.first_child(); node; node = node.next_sibling())
    if (named(node, name)) return node;
  return {};
}

std::string kept(std::string_view text) {
  return std::string(text.size() <= limits::field_text ? text : cut_utf8(text, limits::field_text));
}

std::string attribute(pugi::xml_node node, std::string_view name) {
  for (pugi::xml_attribute held = node.first_attribute(); held; held = held.next_attribute())
    if (local_name(held.name()) == name) return kept(held.value());
  return {};
}

template <typename Visit>
void for_each_attribute(pugi::xml_node node, Visit visit) {
  for (pugi::xml_attribute held = node.first_attribute(); held; held = held.next_attribute())
    visit(local_name(held.name()), std::string_view(held.value()));
}

bool is_text(pugi::xml_node node) { return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata; }

/// All text of the element, not only the part before its first child.
std::string text_of(pugi::xml_node node) {
  const pugi::xml_node first = node.first_child();
  if (!first.next_sibling()) return kept(trim(first.value()));  // An element has no value, nor has nothing.
  std::string text;
  for (pugi::xml_node part = first; part; part = part.next_sibling())
    if (is_text(part)) text += part.value();
  return kept(trim(text));
}

std::string child_text(pugi::xml_node parent, std::string_view name) { return text_of(child(parent, name)); }

/// Depth-first without recursion: the document decides the depth. Goes into what `visit` says yes to.
template <typename Visit>
void for_each_descendant(pugi::xml_node top, Visit visit) {
  for (pugi::xml_node node = top.first_child(); node && node != top;) {
    if (visit(node) && node.first_child()) {
      node = node.first_child();
      continue;
    }
    while (node && node != top && !node.next_sibling()) node = node.parent();
    if (node && node != top) node = node.next_sibling();
  }
}

Originator read_originator(pugi::xml_node node) {
  Originator read;
  for (pugi::xml_node part = node.first_child(); part; part = part.next_sibling()) {
    const std::string_view name = local_name(part.name());
    if (name == "hostId" && read.host_id.empty()) read.host_id = text_of(part);  // Part of the alert's identity.
    if (name == "appName") read.app_name = text_of(part);
    if (name == "appInstanceId") read.app_instance_id = text_of(part);
  }
  return read;
}

EventTime read_time(pugi::xml_node node) {
  EventTime time{.ns = {}, .raw = text_of(node), .offset = {}, .zone = {}};
  time.ns = parse_number<std::int64_t>(time.raw);
  for_each_attribute(node, [&](std::string_view name, std::string_view value) {
    if (name == "offset") time.offset = kept(value);
    if (name == "timeZone") time.zone = kept(value);
  });
  return time;
}

EncodedBytes read_encoded(pugi::xml_node node, std::string_view what) {
  if (!node) return {};
  Result<Bytes> bytes = decode_base64(node.child_value(), limits::packet_bytes);
  if (!bytes) return {{}, cat(what, ": ", bytes.error().text)};
  return {std::move(*bytes), {}};
}

void read_participant(pugi::xml_node node, Participant& read) {
  for (pugi::xml_node part = node.first_child(); part; part = part.next_sibling()) {
    const std::string_view name = local_name(part.name());
    if (name == "addr" && read.address.empty()) {
      read.address = text_of(part);
      read.locality = attribute(part, "locality");
    } else if (name == "port" && !read.port) {
      read.port = parse_number<std::uint16_t>(text_of(part));
    } else if (name == "os") {
      for_each_attribute(part, [&](std::string_view what, std::string_view value) {
        if (what == "type") read.os_type = kept(value);
        if (what == "idSource") read.os_source = kept(value);
        if (what == "relevance") read.os_relevance = kept(value);
      });
    }
  }
}

void read_participants(pugi::xml_node node, IdsAlert& alert) {
  for_each_descendant(node, [&](pugi::xml_node part) {
    const std::string_view name = local_name(part.name());
    const bool attacker = name == "attacker", target = name == "target" || name == "victim";
    if (!attacker && !target) return true;
    std::vector<Participant>& side = attacker ? alert.attackers : alert.targets;
    if (side.size() < limits::targets_per_alert) read_participant(part, side.emplace_back());
    return false;
  });
}

AlertSignature read_signature(pugi::xml_node node) {
  AlertSignature read;
  for_each_attribute(node, [&](std::string_view name, std::string_view value) {
    if (name == "id") read.id = kept(value);
    if (name == "description") read.description = kept(value);
    if (name == "version") read.version = kept(value);
    if (name == "type") read.type = kept(value);
    if (name == "created") read.created = kept(value);
  });
  for (pugi::xml_node part = node.first_child(); part; part = part.next_sibling()) {
    const std::string_view name = local_name(part.name());
    if (name == "subsigId") read.subsig_id = text_of(part);
    if (name == "sigDetails") read.details = text_of(part);
    if (name == "marsCategory") read.mars_category = text_of(part);
  }
  return read;
}

void read_actions(pugi::xml_node node, IdsAlert& alert) {
  for (pugi::xml_node action : node.children()) {
    const std::string word = to_lower(text_of(action));
    if (action.type() == pugi::node_element && word != "false" && word != "0" && alert.actions.size() < 64)
      alert.actions.emplace_back(local_name(action.name()));
  }
}

/// One number, or a list split on blanks and commas.
Result<void> read_ip_log_words(std::string_view text, std::vector<IpLogId>& logs) {
  for (const std::string_view word : split(text, " \t\r\n,;")) {
    const auto id = parse_number<IpLogId>(word);
    if (!id) return Error{Errc::bad_input, cat("ipLogId is no number: ", harmless(word.substr(0, 40)))};
    if (logs.size() == limits::ip_logs_per_alert) return Error{Errc::too_large, "the alert names too many IP logs"};
    if (std::find(logs.begin(), logs.end(), *id) == logs.end()) logs.push_back(*id);
  }
  return {};
}

/// `ipLogIds/*` or a bare `ipLogId`.
Result<void> read_ip_logs(pugi::xml_node node, IdsAlert& alert) {
  const std::string own = text_of(node);
  Result<void> read = read_ip_log_words(own, alert.ip_logs);
  for (pugi::xml_node id = node.first_child(); id && read; id = id.next_sibling()) {
    const std::string text = text_of(id);
    read = read_ip_log_words(text, alert.ip_logs);
  }
  return read;
}

AlertSummary read_summary(pugi::xml_node node) {
  return {.firings = parse_number<std::uint64_t>(text_of(node)).value_or(0),
          .final = to_lower(attribute(node, "final")) == "true",
          .initial_alert = attribute(node, "initialAlert"),
          .type = attribute(node, "summaryType")};
}

void read_risk(pugi::xml_node node, IdsAlert& alert) {
  alert.risk_rating = parse_number<int>(text_of(node));
  for_each_attribute(node, [&](std::string_view name, std::string_view value) {
    if (name == "targetValueRating") alert.target_value = kept(value);
    if (name == "attackRelevanceRating") alert.attack_relevance = kept(value);
    if (name == "watchlist") alert.watchlist = kept(value);
  });
}

/// What a child of the alert sets; anything else is kept by its name.
void read_alert_child(std::string_view name, pugi::xml_node node, IdsAlert& alert) {
  if (name == "signature") return void(alert.signature = read_signature(node));
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
void read_alert(pugi::xml_node node, IdsAlert& alert) {
  for_each_attribute(node, [&](std::string_view name, std::string_view value) {
    if (name == "severity") alert.severity = kept(value);
    if (name == "vendor") alert.vendor = kept(value);
    if (name == "alarmTraits") alert.alarm_traits = kept(value);
  });
  bool had_originator = false, had_time = false;  // The first one counts: both are part of the alert's identity.
  for (pugi::xml_node part = node.first_child(); part; part = part.next_sibling()) {
    if (part.type() != pugi::node_element) continue;
    const std::string_view name = local_name(part.name());
    if (name == "originator") {
      if (!std::exchange(had_originator, true)) alert.originator = read_originator(part);
    } else if (name == "time") {
      if (!std::exchange(had_time, true)) alert.time = read_time(part);
    } else if (name == "ipLogIds" || name == "ipLogId") {
      if (const Result<void> read = read_ip_logs(part, alert); !read)
        alert.others.emplace_back("ipLogProblem", read.error().text);
    } else {
      read_alert_child(name, part, alert);
    }
  }
}

/// The number in an attribute or descendant called ipLogId, logId or id; else the number behind "ipLogId=" in any text.
std::optional<IpLogId> find_ip_log(pugi::xml_node detail) {
  std::optional<IpLogId> named_id, in_text;
  const auto is_id_name = [](std::string_view name) {
    return equal_ignoring_case(name, "ipLogId") || equal_ignoring_case(name, "logId") ||
           equal_ignoring_case(name, "id");
  };
  const auto look = [&](pugi::xml_node node) {
    if (!named_id && is_id_name(local_name(node.name()))) named_id = parse_number<IpLogId>(text_of(node));
    for (pugi::xml_attribute held : node.attributes())
      if (!named_id && is_id_name(local_name(held.name()))) named_id = parse_number<IpLogId>(trim(held.value()));
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

StatusEvent::IpLogPhase find_phase(pugi::xml_node detail) {
  StatusEvent::IpLogPhase phase = phase_of(local_name(detail.name()));
  if (phase == StatusEvent::IpLogPhase::none) phase = phase_of(attribute(detail, "status"));
  for_each_descendant(detail, [&](pugi::xml_node node) {
    if (phase == StatusEvent::IpLogPhase::none && named(node, "status")) phase = phase_of(text_of(node));
    return true;
  });
  return phase;
}

StatusEvent read_status(pugi::xml_node node, std::string_view raw) {
  StatusEvent status;
  status.event_id = attribute(node, "eventId");
  status.originator = read_originator(child(node, "originator"));
  status.time = read_time(child(node, "time"));
  status.raw = raw;
  for (pugi::xml_node part : node.children()) {
    if (part.type() != pugi::node_element || named(part, "originator") || named(part, "time")) continue;
    const bool ip_log = to_lower(local_name(part.name())).starts_with("iplog");
    if (status.detail.empty() || ip_log) status.detail = local_name(part.name());
    if (!ip_log) continue;
    status.ip_log_phase = find_phase(part);
    status.ip_log = find_ip_log(part);
    break;
  }
  return status;
}

ErrorEvent read_error(pugi::xml_node node, std::string_view raw) {
  ErrorEvent event;
  event.event_id = attribute(node, "eventId");
  event.severity = attribute(node, "severity");
  event.originator = read_originator(child(node, "originator"));
  event.time = read_time(child(node, "time"));
  event.raw = raw;
  const pugi::xml_node message = child(node, "errorMessage");
  event.name = attribute(message, "name");
  event.text = text_of(message);
  event.ip_log_refused = to_lower(event.text).find("iplog") != std::string::npos;
  event.ip_log = find_ip_log(message);
  return event;
}

void read_fault(pugi::xml_node node, SdeeDocument& document) {
  SdeeFault fault;
  const pugi::xml_node code = child(node, "Code");
  const std::string subcode = child_text(child(code, "Subcode"), "Value");
  fault.code = local_name(subcode.empty() ? child_text(code, "Value") : subcode);
  const pugi::xml_node reason = child(node, "Reason");
  fault.reason = child(reason, "Text") ? child_text(reason, "Text") : text_of(reason);
  document.fault = fault;
}

/// One element of the envelope, wherever in it the sensor puts these things.
void read_envelope_part(std::string_view name, pugi::xml_node node, SdeeDocument& document) {
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
  pugi::xml_document xml;
  if (!scan_xml(skeleton) || !xml.load_buffer(skeleton.data(), skeleton.size(), parse_flags, pugi::encoding_utf8))
    return document.events.empty() ? Result<void>(Error{Errc::bad_input, "XML: the envelope cannot be read"})
                                   : Result<void>();  // A bare event.
  bool known = false;
  for_each_descendant(xml, [&](pugi::xml_node node) {
    const std::string_view name = local_name(node.name());
    known = known || is_envelope_name(name);
    read_envelope_part(name, node, document);
    return true;
  });
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
Result<void> read_event_node(pugi::xml_node node, std::string_view raw, bool altered,
                             std::vector<SensorEvent>& events) {
  const std::string_view name = local_name(node.name());
  std::string id = attribute(node, "eventId");
  if (id.empty()) return Error{Errc::bad_input, "the event has no eventId"};
  if (name == "evIdsAlert") {
    auto& alert = std::get<IdsAlert>(events.emplace_back(std::in_place_type<IdsAlert>));
    alert.event_id = std::move(id);
    read_alert(node, alert);
    alert.raw = raw;
    alert.altered = altered;
  } else if (name == "evStatus") {
    events.emplace_back(read_status(node, raw));
  } else if (name == "evError") {
    events.emplace_back(read_error(node, raw));
  } else {
    events.emplace_back(OtherEvent{std::move(id), std::string(name), std::string(raw)});
  }
  return {};
}

/// An element that passed the scan, without its document.
Result<void> read_scanned(std::string_view element, std::vector<SensorEvent>& events) {
  bool altered = false;
  const std::string mended = mend_characters(element, altered);
  pugi::xml_document xml;
  if (!scan_xml(mended) || !xml.load_buffer(mended.data(), mended.size(), parse_flags, pugi::encoding_utf8))
    return Error{Errc::bad_input, "XML: the event cannot be read"};
  return read_event_node(xml.document_element(), element, altered, events);
}

Result<void> read_alone(std::string_view element, std::vector<SensorEvent>& events) {
  if (const auto scanned = scan_xml(element); !scanned) return scanned.error();
  return read_scanned(element, events);
}

/// The usual document, in which nothing had to be mended, as one tree. Nothing: there is something in it that is better
/// looked at event by event.
std::optional<SdeeDocument> read_at_once(std::string_view body, const std::vector<EventSpan>& spans) {
  bool altered = false, known = false, whole = true;
  std::string text = mend_characters(body, altered);
  pugi::xml_document xml;
  if (altered || !xml.load_buffer_inplace(text.data(), text.size(), parse_flags, pugi::encoding_utf8))
    return std::nullopt;
  SdeeDocument document;
  document.events.reserve(spans.size());
  for_each_descendant(xml, [&](pugi::xml_node node) {
    const std::string_view name = local_name(node.name());
    known = known || is_envelope_name(name);
    if (!is_event_name(name)) return read_envelope_part(name, node, document), true;
    const std::size_t number = document.events.size();
    whole = whole && known && number < spans.size() && spans[number].name == name &&
            read_event_node(node, body.substr(spans[number].offset, spans[number].length), false, document.events);
    return false;
  });
  if (!whole || !known || document.events.size() != spans.size()) return std::nullopt;
  return document;
}

}  // namespace

Result<SdeeDocument> read_sdee_document(std::string_view body) {
  Result<std::vector<EventSpan>> scanned = scan_xml(body);
  const bool broken = !scanned;
  if (broken) {
    const std::vector<EventSpan> rescued = salvage_events(body);
    if (rescued.empty() || !ends_whole(body)) return scanned.error();
    scanned = rescued;
  } else if (auto read = read_at_once(body, *scanned)) {
    return std::move(*read);
  }
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

}  // namespace exhibit::reference

namespace exhibit {

std::string difference(std::string_view body) {
  const Result<SdeeDocument> ours = read_sdee_document(body), theirs = reference::read_sdee_document(body);
  if (ours.has_value() != theirs.has_value())
    return cat("only one reads it: ", ours ? theirs.error().text : ours.error().text);
  if (!ours) return ours.error().text == theirs.error().text ? "" : cat(ours.error().text, " / ", theirs.error().text);
  if (ours->events != theirs->events) return "other events";
  const auto same = [](const UnreadableEvent& a, const UnreadableEvent& b) {
    return a.raw == b.raw && a.problem == b.problem;
  };
  if (!std::equal(ours->unreadable.begin(), ours->unreadable.end(), theirs->unreadable.begin(),
                  theirs->unreadable.end(), same))
    return "other events put aside";
  const auto fault = [](const SdeeDocument& document) {
    return document.fault ? cat(document.fault->code, ": ", document.fault->reason) : "none";
  };
  if (fault(*ours) != fault(*theirs)) return cat("fault ", fault(*ours), " / ", fault(*theirs));
  if (ours->subscription_id != theirs->subscription_id || ours->session_id != theirs->session_id ||
      ours->remaining_events != theirs->remaining_events || ours->missed_events != theirs->missed_events)
    return "another envelope";
  return {};
}

}  // namespace exhibit
