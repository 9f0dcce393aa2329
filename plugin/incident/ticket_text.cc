#include "incident/ticket_text.h"

#include <algorithm>

#include "base/text.h"
#include "base/utc.h"
#include "incident/packet_text.h"
#include "incident/ticket_words.h"
#include "incident/wrap.h"

namespace exhibit {
namespace {

constexpr std::size_t label_width = 10;

/// A long IPv6 address as a title has room for it: "fd52:429e:..:4dc4". The whole one stands in the ticket.
Endpoint shortened(Endpoint endpoint) {
  const std::string& whole = endpoint.address;
  const auto parsed = IpAddress::parse(whole);
  if (!parsed) endpoint.address = cut_short(whole, 20);
  if (!parsed || !parsed->is_v6() || whole.size() <= 20) return endpoint;
  const std::size_t second = whole.find(':', whole.find(':') + 1);
  endpoint.address = cat(whole.substr(0, second), ":..", whole.substr(whole.rfind(':')));
  return endpoint;
}

std::string title_head(const Alert& alert) {
  constexpr std::size_t head_max = 55;  // Behind it the name begins, and a phone shows 60.
  const std::string severity = cat(to_upper(token(alert.severity)), ": ");
  const std::string whole = who_to_whom(alert);
  if (severity.size() + whole.size() <= head_max) return cat(severity, whole);
  Alert brief;
  brief.sensor = {std::string(cut_utf8(alert.sensor.text, 40))};
  if (alert.attacker) brief.attacker = shortened(*alert.attacker);
  for (const Endpoint& target : alert.targets) brief.targets.push_back(shortened(target));
  return cat(severity, who_to_whom(brief));
}

/// As much of the name as fits: cut before it is escaped, so that no escape is cut in two.
std::string name_within(const Alert& alert, std::size_t room) {
  std::string name = signature_name(alert);
  const std::string& whole = alert.signature_name.empty() ? alert.signature_details : alert.signature_name;
  for (std::size_t bytes = std::min(whole.size(), room); name.size() > room && bytes > 0; --bytes)
    name = cat(trim(defanged(cut_utf8(whole, bytes))), "..");
  return name.size() <= room ? name : std::string(room > 2 ? ".." : "");
}

std::string title_of(const TicketView& view) {
  const Alert& alert = *view.first;
  const std::string head = cat(title_head(alert), " ");
  const std::string tail = cat(", ", short_block(alert));
  const std::size_t room =
      ticket_title_max > head.size() + tail.size() ? ticket_title_max - head.size() - tail.size() : 0;
  const std::string fits = name_within(alert, room);
  return std::string(cut_utf8(cat(head, fits, tail), ticket_title_max));
}

std::string public_target(const TicketView& view) {
  const Alert& alert = *view.first;
  if (alert.targets.size() != 1) return alert.targets.empty() ? "your network" : cat(alert.targets.size(), " hosts");
  const Endpoint& target = alert.targets.front();
  const std::string port = target.port ? cat(" (port ", *target.port, ")") : "";
  return cat(is_ours(view, target.address) ? "your host " : "", target.address, port);
}

std::string public_text(const TicketView& view) {
  const Alert& alert = *view.first;
  const bool inside = alert.attacker && is_ours(view, alert.attacker->address);
  const std::string who = inside           ? cat("Your host ", alert.attacker->address)
                          : alert.attacker ? "An outside host"
                                           : "Somebody";
  const std::string web = !alert.targets.empty() && (alert.targets[0].port == 80 || alert.targets[0].port == 443 ||
                                                     alert.targets[0].port == 8080)
                              ? "web "
                              : "";
  const std::string what = alert.severity == Severity::high
                               ? cat("a known ", web, "attack (", signature_name(alert), ")")
                               : cat("suspicious ", web, "traffic (", signature_name(alert), ")");
  std::string block = "The sensor reported no block.";
  if (alert.block.kind == Block::Kind::blocked) block = cat("The sensor blocked it: ", alert.block.how, ".");
  if (alert.block.kind == Block::Kind::not_performed) block = "The sensor would have blocked it, but is set not to.";
  const std::string text =
      cat(who, " sent ", what, " to ", public_target(view), " on ", spoken_time(view.zone, alert.time), ". ", block,
          " An analyst is checking whether the target answered.");
  return join(wrap(text), "\n");
}

std::vector<std::string> labelled(std::string_view label, std::string_view text) {
  constexpr std::string_view blank = "          ";
  static_assert(blank.size() == label_width);
  return wrap_behind(cat(label, blank.substr(std::min(label.size(), label_width))), text, blank);
}

std::vector<std::string> capture_lines(const TicketView& view) {
  std::vector<std::string> lines;
  const auto add = [&](std::vector<std::string> more) { lines.insert(lines.end(), more.begin(), more.end()); };
  if (view.captures.empty()) {
    add(labelled("Capture", cat("none: ", sentence(view.no_capture), ".")));
    add(labelled("", cat("To have one next time: ", remedy(view.no_capture), ".")));
    return lines;
  }
  constexpr std::size_t shown_max = 3;  // More would push the packet out of the ticket.
  for (std::size_t i = 0; i < std::min(view.captures.size(), shown_max); ++i) {
    const CaptureView& capture = view.captures[i];
    add(labelled("Capture", capture_words(view, capture)));
    std::string detail = cat("log ", capture.log);
    if (!is_settled(capture.state) && capture.safe_until)
      detail += cat("; est. safe until ", minute_zone(view.zone, *capture.safe_until, view.first->time));
    if (!capture.shared_with.empty()) detail += cat("; shared with ", join(capture.shared_with, ", "));
    add(labelled("", detail));
  }
  if (view.captures.size() > shown_max)
    add(labelled("", cat("and ", view.captures.size() - shown_max, " more at the link")));
  return lines;
}

std::vector<std::string> when_lines(const TicketView& view) {
  const Alert& alert = *view.first;
  const Zone::Local local = view.zone.at(alert.time);
  std::string first = cat(long_date(local.civil), " ", clock_millis(local.civil), " ", local.abbreviation);
  if (!view.zone.is_utc()) first += cat(" = ", clock_millis(civil_of(alert.time)), " UTC");
  std::vector<std::string> lines = labelled("When", first);
  const Nanoseconds late = elapsed(alert.time, alert.received);
  std::string second =
      late < std::chrono::seconds{1} ? "received within a second" : cat("received ", duration_text(late), " later");
  if (!alert.time_from_sensor)
    second = "the sensor gave no time; this is when we received it";
  else if (late < -std::chrono::seconds{1})
    second = cat("the sensor's clock is ahead of ours by ", duration_text(elapsed(alert.received, alert.time)));
  else if (late > std::chrono::minutes{5})
    second = cat("received ", duration_text(late), " later: a backlog, or the sensor's clock is behind");
  for (std::string& line : labelled("", second)) lines.push_back(std::move(line));
  return lines;
}

std::vector<std::string> target_lines(const TicketView& view) {
  constexpr std::size_t shown_max = 3;
  std::vector<std::string> lines;
  const std::vector<Endpoint>& targets = view.first->targets;
  for (std::size_t i = 0; i < std::min(targets.size(), shown_max); ++i)
    for (std::string& line : labelled(i == 0 ? "Target" : "", endpoint_words(view, targets[i])))
      lines.push_back(std::move(line));
  if (targets.size() > shown_max)
    lines.push_back(std::string(label_width, ' ') + cat("and ", targets.size() - shown_max, " more"));
  if (targets.empty()) return labelled("Target", "the sensor named none");
  return lines;
}

std::vector<std::string> top_lines(const TicketView& view) {
  std::vector<std::string> lines = wrap(headline(view));
  for (std::string& line : wrap(cat(block_line(*view.first), " Target's answer: ", answer_words(view))))
    lines.push_back(std::move(line));
  if (view.alerts > 1) lines.push_back(cat("So far ", view.alerts, " alerts of this kind in this incident."));
  for (std::string& line : wrap(view.mailed)) lines.push_back(std::move(line));
  if (!view.short_because.empty())
    for (std::string& line : wrap(cat("This ticket is short because ", view.short_because, ". All is at the link.")))
      lines.push_back(std::move(line));
  return lines;
}

}  // namespace

std::string address_with_port(const Endpoint& endpoint) {
  if (!endpoint.port) return endpoint.address;
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return v6 ? cat("[", endpoint.address, "]:", *endpoint.port) : cat(endpoint.address, ":", *endpoint.port);
}

std::string block_line(const Alert& alert) {
  switch (alert.block.kind) {
    case Block::Kind::blocked: return cat("Blocked: ", alert.block.how, ".");
    case Block::Kind::not_performed: return "Blocked: no; the sensor wanted to, but is set not to.";
    case Block::Kind::none_reported: break;
  }
  return "Blocked: none reported.";
}

std::string headline(const TicketView& view) {
  const Alert& alert = *view.first;
  const std::string target = alert.targets.empty()       ? "an unknown target"
                             : alert.targets.size() == 1 ? alert.targets[0].address
                                                         : target_name(alert);
  const std::string who = alert.attacker ? alert.attacker->address : "An unknown source";
  if (!alert.trigger_packet.empty()) {
    const Decoded packet = decode(alert.trigger_packet, link_unknown);
    const std::string phrase = request_phrase(view, packet);
    const bool from_attacker =
        packet.ip.empty() || !alert.attacker || packet.ip.front().source.text() == alert.attacker->address;
    // In a tunnel it is the inner host that was spoken to.
    const std::string heard =
        packet.ip.size() > 1 ? cat(packet.ip.back().target.text(), " (inside a tunnel to ", target, ")") : target;
    if (!phrase.empty() && from_attacker) return cat(who, " ", replace_all(phrase, "{target}", heard), ".");
  }
  if (!alert.attacker && alert.targets.empty())
    return cat("The sensor saw ", signature_name(alert), " and named neither source nor target.");
  const std::string protocol = defanged(cut_short(alert.protocol, 20));
  const bool known = protocol == "tcp" || protocol == "udp" || protocol == "icmp" || protocol == "sctp";
  const std::string via = known ? cat(to_upper(protocol), " ") : protocol.empty() ? "" : cat(protocol, " ");
  return cat(who, " sent ", via, "traffic to ",
             alert.targets.size() == 1 ? address_with_port(alert.targets[0]) : target, " that matches \"",
             signature_name(alert), "\".");
}

std::string display_filter(const Alert& alert) {
  std::vector<std::string> parts;
  const auto add = [&](const Endpoint& endpoint) {
    const auto address = IpAddress::parse(endpoint.address);
    if (!address) return;
    std::string part = cat(address->is_v6() ? "ipv6.addr==" : "ip.addr==", address->text());
    if (parts.empty() || parts.back() != part) parts.push_back(std::move(part));  // A host may speak to itself.
  };
  if (alert.attacker) add(*alert.attacker);
  if (alert.targets.size() == 1) add(alert.targets.front());
  const bool ports = alert.protocol == "tcp" || alert.protocol == "udp";
  if (ports && alert.attacker && alert.attacker->port)
    parts.push_back(cat(alert.protocol, ".port==", *alert.attacker->port));
  return join(parts, " && ");
}

std::optional<AlertFlow> alert_flow(const Alert& alert) {
  if (!alert.attacker || alert.targets.empty()) return std::nullopt;
  const auto attacker = IpAddress::parse(alert.attacker->address),
             target = IpAddress::parse(alert.targets.front().address);
  if (!attacker || !target) return std::nullopt;
  AlertFlow flow{.attacker = *attacker,
                 .target = *target,
                 .attacker_port = alert.attacker->port,
                 .target_port = alert.targets.front().port,
                 .protocol = {},
                 .alert_time = alert.time};
  if (alert.protocol == "tcp") flow.protocol = ip_protocol::tcp;
  if (alert.protocol == "udp") flow.protocol = ip_protocol::udp;
  if (alert.protocol == "icmp") flow.protocol = attacker->is_v6() ? ip_protocol::icmpv6 : ip_protocol::icmp;
  return flow;
}

TicketText ticket_text(const TicketView& view) {
  const Alert& alert = *view.first;
  BoundedText body(ticket_lines_max, ticket_bytes_max);
  body.add(top_lines(view));
  body.add("");
  body.add(cat("Packets   ", view.link));  // Never broken, however long.
  body.add(capture_lines(view));
  body.add(when_lines(view));
  if (alert.attacker)
    body.add(labelled("Attacker", endpoint_words(view, *alert.attacker)));
  else
    body.add(labelled("Attacker", "the sensor named none"));
  body.add(target_lines(view));
  body.add(labelled("Signature", signature_words(alert)));
  body.add(labelled("Sensor", sensor_words(alert)));
  body.add(labelled("Priority", cat(view.priority.number, ": ", view.priority.reason, ".",
                                    view.history.empty() ? "" : " ", view.history)));
  if (view.disclosure != Disclosure::none) {
    body.add("");
    const Decoded packet = alert.trigger_packet.empty() ? Decoded{} : decode(alert.trigger_packet, link_unknown);
    body.add(trigger_packet_lines(view, packet));
  }
  if (const std::string filter = display_filter(alert); !filter.empty()) body.keep(cat("Find it   ", filter));
  body.keep(cat("Ref       ", view.correlation, " (do not edit)"));
  return {title_of(view), public_text(view), body.text()};
}

TicketText bare_ticket_text(const TicketView& view) {
  const Alert& alert = *view.first;
  std::vector<std::string> lines = {cat(to_upper(token(alert.severity)), ": alert of sensor ",
                                        harmless(alert.sensor.text), ", ", attacker_name(alert), " > ",
                                        target_name(alert))};
  if (!view.short_because.empty())
    for (std::string& line : wrap(cat("This ticket is short because ", view.short_because, ".")))
      lines.push_back(std::move(line));
  lines.push_back(cat("Packets   ", view.link));
  lines.push_back(cat("Ref       ", view.correlation, " (do not edit)"));
  const std::string title = cat(to_upper(token(alert.severity)), ": ", who_to_whom(alert), " signature ",
                                harmless(cut_utf8(alert.signature_id, 12)));
  return {std::string(cut_utf8(title, ticket_title_max)), "A sensor raised an alert. An analyst is looking at it.",
          join(lines, "\n")};
}

}  // namespace exhibit
