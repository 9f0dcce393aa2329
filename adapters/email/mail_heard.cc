#include "adapters/email/mail_heard.h"

#include <algorithm>

#include "adapters/email/email_message.h"
#include "base/base64.h"
#include "base/text.h"

namespace exhibit::email {
namespace {

using Fields = std::map<std::string, std::string>;

constexpr std::size_t text_bytes_max = 8192;
constexpr int depth_max = 8;

std::string at(const Fields& fields, const char* name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

std::string from_latin1(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      out += c;
    else
      (out += static_cast<char>(0xC0 | byte >> 6)) += static_cast<char>(0x80 | (byte & 0x3F));
  }
  return out;
}

std::string to_text(std::string_view bytes, std::string_view charset) {
  const std::string name = to_lower(charset);
  return name == "iso-8859-1" || name == "windows-1252" || name == "iso-8859-15" ? from_latin1(bytes) : to_utf8(bytes);
}

std::string decoded_base64(std::string_view text) {
  std::string clean;
  for (const char c : text)
    if (c != ' ' && c != '\r' && c != '\n' && c != '\t') clean += c;
  clean.resize(clean.size() / 4 * 4);  // What we fetched may end within a group.
  const Result<Bytes> bytes = decode_base64(clean, clean.size());
  return bytes ? std::string(as_text(*bytes)) : std::string();
}

std::string decoded_quoted(std::string_view text, bool in_header) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && in_header) {
      out += ' ';
    } else if (text[i] != '=') {
      out += text[i];
    } else if (const auto byte = parse_number<std::uint8_t>(text.substr(i + 1, 2), 16); byte && i + 2 < text.size()) {
      out += static_cast<char>(*byte);
      i += 2;
    } else {
      i = std::min(text.find('\n', i), text.size());  // A soft line break.
    }
  }
  return out;
}

/// One "=?charset?B?...?=" at the front; takes it away.
std::optional<std::string> take_encoded_word(std::string_view& text) {
  if (!text.starts_with("=?")) return std::nullopt;
  const std::size_t charset = text.find('?', 2);
  if (charset == std::string_view::npos || charset + 3 >= text.size() || text[charset + 2] != '?') return std::nullopt;
  const std::size_t end = text.find("?=", charset + 3);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(charset + 3, end - charset - 3);
  const bool base64 = text[charset + 1] == 'B' || text[charset + 1] == 'b';
  std::string word =
      to_text(base64 ? decoded_base64(inside) : decoded_quoted(inside, true), text.substr(2, charset - 2));
  text.remove_prefix(end + 2);
  return word;
}

std::string decoded_words(std::string_view text) {
  std::string out;
  bool after_word = false;
  while (!text.empty()) {
    // Blanks between two encoded words are part of neither.
    const std::size_t next = std::min(text.find_first_not_of(" \t"), text.size());
    if (after_word && text.substr(next).starts_with("=?")) text.remove_prefix(next);
    if (const auto word = take_encoded_word(text)) {
      for (const char c : *word) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;  // No line ends inside a field.
      after_word = true;
      continue;
    }
    out += text.front();
    text.remove_prefix(1);
    after_word = false;
  }
  return to_utf8(out);
}

/// charset of `text/plain; charset="utf-8"`.
std::string parameter_of(std::string_view value, std::string_view name) {
  for (const std::string_view part : split(value, ";")) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || !equal_ignoring_case(trim(part.substr(0, equals)), name)) continue;
    std::string_view found = trim(part.substr(equals + 1));
    if (found.size() >= 2 && found.front() == '"' && found.back() == '"') found = found.substr(1, found.size() - 2);
    return std::string(found);
  }
  return {};
}

std::string plain_part(const Fields& fields, std::string_view body, int depth) {
  const std::string type = at(fields, "content-type"),
                    kind = to_lower(trim(std::string_view(type).substr(0, type.find(';'))));
  if (kind.starts_with("multipart/") && depth < depth_max) {
    const std::string mark = cat("--", parameter_of(type, "boundary"));
    for (std::size_t begin = body.find(mark); begin != std::string_view::npos;) {
      const std::size_t end = std::min(body.find(mark, begin + mark.size()), body.size());
      const std::string_view part = body.substr(begin + mark.size(), end - begin - mark.size());
      const std::size_t line = part.find('\n'), gap = part.find("\r\n\r\n");
      if (line != std::string_view::npos && gap != std::string_view::npos) {
        std::string text =
            plain_part(header_fields(part.substr(line + 1, gap + 1 - line)), part.substr(gap + 4), depth + 1);
        if (!text.empty()) return text;
      }
      begin = end == body.size() ? std::string_view::npos : end;
    }
    return {};
  }
  if (!kind.empty() && kind != "text/plain") return {};
  const std::string coding = to_lower(trim(at(fields, "content-transfer-encoding")));
  const std::string bytes = coding == "base64"             ? decoded_base64(body)
                            : coding == "quoted-printable" ? decoded_quoted(body, false)
                                                           : std::string(body);
  return to_text(bytes, parameter_of(type, "charset"));
}

/// Request Tracker sends people's words on as bulk mail, and names who wrote them.
std::string originator(const Fields& fields) { return std::string(trim(at(fields, "x-rt-originator"))); }

bool is_machine(const Settings& settings, const Fields& fields) {
  const std::string automatic = to_lower(trim(at(fields, "auto-submitted")));
  const std::string precedence = to_lower(trim(at(fields, "precedence")));
  if (!automatic.empty() && !automatic.starts_with("no")) return true;
  if (trim(at(fields, "return-path")) == "<>" || fields.contains("x-autoreply") || fields.contains("x-autorespond"))
    return true;
  const bool bulk = precedence == "bulk" || precedence == "junk" || precedence == "list";
  const std::string person = originator(fields);
  return bulk && (person.find('@') == std::string::npos || equal_ignoring_case(person, settings.from));
}

/// "EXH1-" and what of base32 follows; empty when it is too short to be one of ours.
std::string correlation_at(std::string_view text) {
  std::size_t end = 5;
  while (end < text.size() && ((text[end] >= 'A' && text[end] <= 'Z') || (text[end] >= '2' && text[end] <= '7'))) ++end;
  return text.starts_with("EXH1-") && end >= 9 ? std::string(text.substr(0, end)) : std::string();
}

/// Our message id in a list of them, and the incident it stands for.
void find_thread(std::string_view ids, Heard& heard) {
  constexpr std::string_view start = "<inc.";
  for (std::size_t at = ids.find(start); at != std::string_view::npos; at = ids.find(start, at + 1)) {
    const std::size_t close = ids.find('>', at);
    if (close == std::string_view::npos) return;
    const std::string_view id = ids.substr(at + 1, close - at - 1);
    const std::string correlation = correlation_at(id.substr(4));
    if (correlation.empty() || !is_address(id)) continue;
    heard.correlation_id = correlation;
    // Of a follow-up's id only the first mail's part and the domain are kept.
    heard.message_id = cat("inc.", correlation, id.substr(id.find('@')));
    return;
  }
}

std::string tag_in(const Fields& fields, std::string_view subject) {
  const std::string rt = std::string(trim(at(fields, "x-rt-ticket")));
  const std::string tag = rt.empty() ? std::string() : desk_tag(cat('[', rt, ']'));
  return tag.empty() ? desk_tag(subject) : tag;
}

}  // namespace

Fields header_fields(std::string_view head) {
  Fields fields;
  std::string name, value;
  const auto keep = [&] {
    if (!name.empty()) fields.emplace(to_lower(name), decoded_words(value));
  };
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(' ') || line.starts_with('\t')) {
      value += line;
      continue;
    }
    keep();
    const std::size_t colon = std::min(line.find(':'), line.size());
    name = line.substr(0, colon);
    value = trim(line.substr(std::min(colon + 1, line.size())));
  }
  keep();
  return fields;
}

std::string plain_text(const Fields& fields, std::string_view body) { return plain_part(fields, body, 0); }

std::string own_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == "-- ") break;
    const std::string_view next = trim(text.substr(0, text.find('\n')));
    if (trim(line).ends_with("wrote:") && (next.starts_with('>') || next.empty())) break;
    if (!line.starts_with('>')) out += cat(harmless(line), "\n");
  }
  return std::string(cut_utf8(trim(out), text_bytes_max));
}

std::optional<Heard> heard(const Settings& settings, std::string_view head, std::string_view body) {
  const Fields fields = header_fields(head);
  const std::string from = at(fields, "from"), subject = at(fields, "subject");
  if (fields.contains("x-exhibit-incident") || to_lower(from).find(to_lower(settings.from)) != std::string::npos)
    return std::nullopt;
  Heard found;
  for (const char* name : {"in-reply-to", "references"})
    if (found.correlation_id.empty()) find_thread(at(fields, name), found);
  if (const std::size_t ours = subject.find("[EXH1-"); found.correlation_id.empty() && ours != std::string::npos)
    found.correlation_id = correlation_at(std::string_view(subject).substr(ours + 1));
  if (found.correlation_id.empty()) return std::nullopt;
  found.tag = tag_in(fields, subject);
  found.machine = is_machine(settings, fields);
  found.id = harmless(cut_utf8(trim(at(fields, "message-id")), 250));
  found.author = harmless(cut_utf8(originator(fields).empty() ? from : originator(fields), 250));
  found.at = harmless(cut_utf8(at(fields, "date"), 60));
  if (!found.machine) found.text = own_words(plain_text(fields, body));
  return found;
}

}  // namespace exhibit::email
