#include "adapters/email/email_message.h"

#include <algorithm>

#include "adapters/email/email_words.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"
#include "exhibit/adapter.h"

namespace exhibit::email {
namespace {

/// What of a name may stand in a message id or a list id.
std::string atom(std::string_view text, std::size_t length_max = 64) {
  std::string out;
  for (const char c : text.substr(0, length_max)) {
    const bool good =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    out += good ? c : '-';
  }
  return out.empty() ? "none" : out;
}

bool is_message_id(std::string_view text) { return text.starts_with("inc.") && is_address(text); }

/// The first mail's subject on every mail, with the desk's tag before it and ours behind.
std::string subject(const Mail& mail) {
  const std::string title = mail.title.empty() ? std::string("Incident") : mail.title;
  return cat(mail.ticket.tag, mail.ticket.tag.empty() ? "" : " ", title, " [", atom(mail.correlation_id), "]");
}

std::string date(WallTime now) { return replace_all(http_date(now), "GMT", "+0000"); }

std::string headers(const Mail& mail, const Settings& settings, WallTime now) {
  std::string out = cat("Date: ", date(now), "\r\n");
  out += token_header("From", {mailbox(settings.from_name, settings.from)}, "");
  out += token_header("To", settings.to, ",");
  out += header("Subject", subject(mail));
  out += token_header("Message-ID", {cat('<', message_id(mail, settings), '>')}, "");
  const bool first = mail.kind == EXH_OP_ENSURE;
  if (!first) {
    const std::string parent = cat('<', mail.ticket.message_id, '>');
    out += token_header("In-Reply-To", {parent}, "");
    out += token_header("References", {parent}, "");
  }
  // A desk that shall tell us its number must be allowed to answer the first mail.
  if (settings.mode == Mode::quiet || !first) out += "Auto-Submitted: auto-generated\r\n";
  const std::string tenant = to_lower(atom(mail.tenant));
  out += token_header("List-Id", {cat("<", tenant, ".exhibit.", settings.domain(), ">")}, "");
  out += token_header("X-Exhibit-Incident", {atom(mail.correlation_id)}, "");
  return out + "MIME-Version: 1.0\r\n";
}

/// Every line harmless by itself, so that a foreign CR or NUL is shown and not obeyed.
std::string harmless_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out += harmless(line) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string text_part(const Mail& mail) {
  return cat("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
             quoted_printable(harmless_lines(mail.text)));
}

bool is_mime_type(std::string_view text) {
  const auto is_name = [](std::string_view name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
      return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-';
    });
  };
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && text.size() <= 80 && is_name(text.substr(0, slash)) &&
         is_name(text.substr(slash + 1));
}

std::string evidence_part(const Attachment& attachment) {
  const std::string name = file_name(attachment.name);
  const std::string type = is_mime_type(attachment.mime) ? attachment.mime : "application/octet-stream";
  return cat("Content-Type: ", type, ";\r\n ", parameter("name", name), "\r\nContent-Transfer-Encoding: base64\r\n",
             "Content-Disposition: attachment;\r\n ", parameter("filename", name), "\r\n\r\n",
             base64_lines(attachment.bytes));
}

}  // namespace

std::string TicketName::text() const { return tag.empty() ? message_id : cat(message_id, ' ', tag); }

std::string desk_tag(std::string_view subject) {
  for (std::size_t open = subject.find('['); open != std::string_view::npos; open = subject.find('[', open + 1)) {
    const std::size_t close = subject.find(']', open);
    if (close == std::string_view::npos) return {};
    const std::string_view inside = subject.substr(open + 1, close - open - 1);
    const std::size_t number = inside.rfind(" #");
    const bool good = number != std::string_view::npos && number > 0 && inside.size() <= 80 &&
                      inside.find('[') == std::string_view::npos &&
                      parse_number<std::uint64_t>(inside.substr(number + 2));
    if (good && harmless(inside) == inside) return cat('[', inside, ']');
  }
  return {};
}

TicketName ticket_name(std::string_view ticket, std::string_view correlation_id, std::string_view domain) {
  TicketName name{.message_id = cat("inc.", atom(correlation_id), '@', domain), .tag = desk_tag(ticket)};
  const std::string_view first = ticket.substr(0, ticket.find(' '));
  if (is_message_id(first)) name.message_id = first;
  if (name.tag.empty() && !ticket.empty() && !is_message_id(first)) name.tag = desk_tag(cat('[', ticket, ']'));
  return name;
}

std::string message_id(const Mail& mail, const Settings& settings) {
  if (mail.kind == EXH_OP_ENSURE) return cat("inc.", atom(mail.correlation_id), '@', settings.domain());
  return cat("inc.", atom(mail.correlation_id), '.', hex(sha256(mail.op_id)).substr(0, 20), '@', settings.domain());
}

std::string message_text(const Mail& mail, const Settings& settings, WallTime now) {
  const std::string head = headers(mail, settings, now);
  if (!mail.attachment) return head + text_part(mail);
  // "=_" can stand neither in quoted-printable nor in base64, so the boundary is in no part.
  const std::string boundary = cat("=_exhibit_", hex(sha256(cat("boundary ", mail.op_id))).substr(0, 24));
  return cat(head, "Content-Type: multipart/mixed;\r\n boundary=\"", boundary, "\"\r\n\r\n--", boundary, "\r\n",
             text_part(mail), "--", boundary, "\r\n", evidence_part(*mail.attachment), "--", boundary, "--\r\n");
}

}  // namespace exhibit::email
