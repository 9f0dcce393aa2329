#include "incident/packet_text.h"

#include <algorithm>
#include <utility>

#include "base/plants.h"
#include "base/text.h"
#include "incident/wrap.h"
#include "packet/summary.h"

namespace exhibit {
namespace {

constexpr std::size_t payload_lines_max = 12;
constexpr std::size_t hex_lines_max = 4;
constexpr std::size_t phrase_max = 90;

/// Mostly letters: then it is worth reading as text.
bool is_text(std::string_view payload) {
  const std::string_view head = payload.substr(0, 512);
  const auto printable = std::count_if(head.begin(), head.end(), [](char c) {
    return (c >= 0x20 && c < 0x7F) || c == '\r' || c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0xA0;
  });
  return !head.empty() && static_cast<std::size_t>(printable) * 100 >= head.size() * 85;
}

std::string shown(const TicketView& view, std::string_view foreign) {
  return defanged(view.disclosure == Disclosure::full ? std::string(foreign) : mask_secrets(foreign));
}

std::string link_words(const Decoded& packet) {
  if (packet.link_type == link_unknown) return "of a link type that we cannot tell";
  return cat("link type guessed: ", link_type::name_of(packet.link_type));
}

/// "IPv4 …; TCP …" does not always fit one line: break it where the layers meet.
std::vector<std::string> header_lines(const Decoded& packet, ByteView bytes) {
  std::vector<std::string> lines;
  const std::string all = summary(packet, bytes);
  if (all.size() <= columns_max - 2) return {"  " + all};
  std::string line;
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t end = std::min(rest.find("; "), rest.size());
    const std::string_view part = rest.substr(0, std::min(end + 1, rest.size()));
    rest.remove_prefix(std::min(end + 2, rest.size()));
    if (!line.empty() && line.size() + 1 + part.size() > columns_max - 2)
      lines.push_back("  " + std::exchange(line, {}));
    line += cat(line.empty() ? (lines.empty() ? "" : "  ") : " ", part);
  }
  lines.push_back("  " + line);
  return lines;
}

std::vector<std::string> payload_text(const TicketView& view, std::string_view payload, bool complete) {
  std::vector<std::string> lines;
  // Masked as a whole before it is split: a secret may stand on a line of its own.
  const std::string masked = view.disclosure == Disclosure::full ? std::string(payload) : mask_secrets(payload);
  std::string_view rest = masked;
  bool cut = false;
  while (!rest.empty() && lines.size() < payload_lines_max) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    for (std::string& piece :
         wrap_behind("  | ", planted(Plant::ticket_text_raw) ? std::string(line) : defanged(line), "  | "))
      if (lines.size() < payload_lines_max)
        lines.push_back(std::move(piece));
      else
        cut = true;
  }
  lines.push_back(!rest.empty() || cut
                      ? cat("  (", grouped(payload.size()), " bytes of payload; all of it at the link)")
                  : complete ? "  (request complete; hex and original at the link)"
                             : "  (hex and original at the link)");
  return lines;
}

std::vector<std::string> payload_hex(ByteView payload) {
  std::vector<std::string> lines;
  const std::size_t shown_bytes = std::min(payload.size(), hex_lines_max * 16);
  const std::string dump = hex_dump(payload.first(shown_bytes), shown_bytes);
  for (const std::string_view line : split(dump, "\n")) lines.push_back(cat("  ", line));
  if (shown_bytes < payload.size())
    lines.push_back(cat("  (", grouped(payload.size() - shown_bytes), " more bytes at the link)"));
  return lines;
}

}  // namespace

std::vector<std::string> trigger_packet_lines(const TicketView& view, const Decoded& packet) {
  const Alert& alert = *view.first;
  if (view.disclosure == Disclosure::none) return {};
  if (alert.trigger_packet.empty()) {
    if (alert.trigger_problem.empty()) return {"Trigger packet: the sensor sent none with this alert."};
    return wrap(cat("Trigger packet: undecodable (", defanged(alert.trigger_problem), "); raw alert at the link."));
  }
  const ByteView bytes = alert.trigger_packet;
  std::vector<std::string> lines = {
      cat("Trigger packet (", grouped(bytes.size()), " bytes, ", link_words(packet), ")")};
  for (std::string& line : header_lines(packet, bytes)) lines.push_back(std::move(line));
  if (!packet.stopped.empty())
    for (std::string& line : wrap_behind("  ", cat("(decoded this far: ", packet.stopped, ")"), "  "))
      lines.push_back(std::move(line));
  if (view.disclosure == Disclosure::headers) {
    lines.emplace_back("  (payload not shown to this desk; see the link)");
    return lines;
  }
  const ByteView payload = payload_of(packet, bytes);
  if (payload.empty()) {
    lines.emplace_back("  (no payload)");
    return lines;
  }
  const std::string said = meaning(packet, bytes);
  const bool text = is_text(as_text(payload));
  if (!said.empty() && !text)
    for (std::string& line : wrap_behind("  ", shown(view, said), "  ")) lines.push_back(std::move(line));
  const bool complete = packet.http && packet.http->header_complete;
  const std::vector<std::string> content = text ? payload_text(view, as_text(payload), complete) : payload_hex(payload);
  lines.insert(lines.end(), content.begin(), content.end());
  return lines;
}

std::string request_phrase(const TicketView& view, const Decoded& packet) {
  if (view.disclosure == Disclosure::none || view.disclosure == Disclosure::headers) return {};
  const auto cut = [&](std::string_view foreign) {
    const std::string whole = shown(view, foreign);
    const std::string_view part = cut_utf8(whole, phrase_max);
    return part.size() < whole.size() ? cat(part, "...") : whole;
  };
  if (packet.http && !packet.http->uri.empty()) {
    const std::string& method = packet.http->method;
    const bool asks = method.empty() || method == "GET" || method == "HEAD";
    return asks ? cat("asked {target} for ", cut(packet.http->uri))
                : cat("sent {target} an HTTP ", harmless(cut_utf8(method, 20)), " for ", cut(packet.http->uri));
  }
  if (!packet.dns.empty() && !(packet.dns_info && packet.dns_info->response))
    return cat("asked {target} for the name ", cut(packet.dns.front()));
  if (packet.sni) return cat("opened TLS to ", cut(*packet.sni), " at {target}");
  const std::string_view first = trim(packet.first_line);
  if (first.starts_with("SMB")) return cat("sent to {target}: ", cut(first));
  if (!first.empty()) return cat("said to {target}: \"", cut(first), "\"");
  return {};
}

}  // namespace exhibit
