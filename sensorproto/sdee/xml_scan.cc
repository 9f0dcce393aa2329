#include "sensorproto/sdee/xml_scan.h"

#include <algorithm>
#include <map>

#include "base/limits.h"
#include "base/text.h"

namespace exhibit {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool ends_name(char c) {
  return is_blank(c) || c == '/' || c == '>' || c == '=' || c == '<' || c == '"' || c == '\'' || c == '\0';
}

bool is_event_name(std::string_view name) {
  return name.size() > 2 && name.starts_with("ev") && name[2] >= 'A' && name[2] <= 'Z';
}

/// One pass over the tags. Holds views into the document only while it runs.
class Scan {
 public:
  explicit Scan(std::string_view document) : text_(document) {}

  Result<std::vector<EventSpan>> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < text_.size()) {
      if (const Result<void> taken = text_[at_] == '<' ? markup() : characters(); !taken) return taken.error();
    }
    if (!open_.empty()) return problem("the document ends inside an element");
    if (!root_seen_) return problem("the document has no element");
    return std::move(events_);
  }

 private:
  struct Open {
    std::string_view name;
    std::size_t offset;
    bool event;
  };

  Error problem(std::string_view what) const { return {Errc::bad_input, cat("XML: ", what, ", at byte ", at_)}; }
  Error over(std::string_view what) const { return {Errc::too_large, cat("XML: too many ", what, ", at byte ", at_)}; }

  Result<void> characters() {
    const std::size_t end = std::min(text_.find('<', at_), text_.size());
    const std::string_view run = text_.substr(at_, end - at_);
    if (run.find('\0') != std::string_view::npos) return problem("a NUL byte");
    if (open_.empty() && !trim(run).empty()) return problem("text outside the root element");
    at_ = end;
    return {};
  }

  Result<void> markup() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("<!--")) return skip("-->", 4);
    if (rest.starts_with("<![CDATA[")) return open_.empty() ? problem("text outside the root element") : skip("]]>", 9);
    if (rest.starts_with("<?")) return skip("?>", 2);
    if (rest.starts_with("<!")) return problem("a document type");
    if (rest.starts_with("</")) return end_tag();
    return start_tag();
  }

  Result<void> skip(std::string_view closing, std::size_t from) {
    const std::size_t end = text_.find(closing, at_ + from);
    if (end == std::string_view::npos) return problem("an unfinished comment, section or instruction");
    if (text_.substr(at_, end - at_).find('\0') != std::string_view::npos) return problem("a NUL byte");
    at_ = end + closing.size();
    return {};
  }

  std::string_view name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && !ends_name(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }

  void blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  Result<void> end_tag() {
    at_ += 2;
    const std::string_view closing = name();
    blanks();
    if (at_ >= text_.size() || text_[at_] != '>') return problem("a broken end tag");
    if (open_.empty() || open_.back().name != closing) return problem("an end tag that closes nothing");
    ++at_;
    close();
    return {};
  }

  void close() {
    const Open ended = open_.back();
    open_.pop_back();
    if (ended.event) {
      events_.push_back({ended.offset, at_ - ended.offset, local_name(ended.name)});
      in_event_ = false;
    }
  }

  Result<void> start_tag() {
    const std::size_t offset = at_++;
    const std::string_view tag = name();
    if (tag.empty()) return problem("a broken start tag");
    if (open_.empty() && root_seen_) return problem("a second root element");
    if (++elements_ > limits::xml_elements) return over("elements");
    if (open_.size() >= limits::xml_depth) return over("levels");
    root_seen_ = true;
    if (const Result<void> read = attributes(); !read) return read;
    const bool empty = text_[at_] == '/';
    at_ += empty ? 2 : 1;
    const bool event = !in_event_ && is_event_name(local_name(tag));
    in_event_ = in_event_ || event;
    open_.push_back({tag, offset, event});
    if (empty) close();
    return {};
  }

  /// Leaves `at_` on the '>' or the "/>" that ends the tag.
  Result<void> attributes() {
    std::vector<std::string_view> names;
    while (true) {
      blanks();
      if (at_ >= text_.size()) return problem("an unfinished start tag");
      if (text_[at_] == '>') return {};
      if (text_[at_] == '/') return text_.substr(at_, 2) == "/>" ? Result<void>() : problem("a stray slash");
      const std::string_view attribute = name();
      blanks();
      if (attribute.empty() || at_ >= text_.size() || text_[at_] != '=') return problem("a broken attribute");
      ++at_;
      blanks();
      if (const Result<void> read = quoted(); !read) return read;
      if (std::find(names.begin(), names.end(), attribute) != names.end()) return problem("an attribute given twice");
      names.push_back(attribute);
      if (names.size() > limits::xml_attributes) return over("attributes");
    }
  }

  Result<void> quoted() {
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return problem("an attribute without quotes");
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) return problem("an unfinished attribute");
    const std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
    if (value.find('<') != std::string_view::npos || value.find('\0') != std::string_view::npos)
      return problem("an attribute with a forbidden character");
    at_ = end + 1;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t elements_ = 0;
  bool root_seen_ = false;
  bool in_event_ = false;
  std::vector<Open> open_;
  std::vector<EventSpan> events_;
};

/// The length of a character reference to a character that XML 1.0 forbids (section 2.2), or 0.
std::size_t forbidden_reference(std::string_view text) {
  if (!text.starts_with("&#")) return 0;
  const bool hexadecimal = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const std::size_t from = hexadecimal ? 3 : 2;
  // Of any length: a zero may be written with a thousand of them.
  std::size_t end = text.find_first_not_of(hexadecimal ? "0123456789abcdefABCDEF" : "0123456789", from);
  if (end == std::string_view::npos || text[end] != ';') end = text.substr(0, 16).find(';');
  if (end == std::string_view::npos) return 0;
  const auto value = parse_number<std::uint32_t>(text.substr(from, end - from), hexadecimal ? 16 : 10);
  const bool allowed = value && (*value == 9 || *value == 10 || *value == 13 || (*value >= 0x20 && *value <= 0xD7FF) ||
                                 (*value >= 0xE000 && *value <= 0xFFFD) || (*value >= 0x10000 && *value <= 0x10FFFF));
  return allowed ? 0 : end + 1;
}

bool is_forbidden_byte(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; }

}  // namespace

Result<std::vector<EventSpan>> scan_xml(std::string_view document) {
  if (document.size() > limits::sdee_document) return Error{Errc::too_large, "XML: the document is too large"};
  if (document.starts_with("\xFF\xFE") || document.starts_with("\xFE\xFF"))
    return Error{Errc::bad_input, "XML: UTF-16 is not accepted"};
  return Scan(document).run();
}

std::vector<EventSpan> salvage_events(std::string_view document) {
  std::vector<EventSpan> spans;
  std::map<std::string_view, std::size_t> started;  // The last start of each name: events do not nest.
  for (std::size_t at = document.find('<'); at != std::string_view::npos; at = document.find('<', at + 1)) {
    const bool closing = document.substr(at, 2) == "</";
    const std::size_t from = at + (closing ? 2 : 1);
    const std::size_t end = std::min(document.find_first_of(" \t\r\n/><", from), document.size());
    const std::string_view tag = document.substr(from, end - from);
    if (!is_event_name(local_name(tag))) continue;
    if (!closing) {
      started[tag] = at;
    } else if (const auto start = started.find(tag); start != started.end() && document.substr(end, 1) == ">") {
      spans.push_back({start->second, end + 1 - start->second, local_name(tag)});
      started.clear();
    }
  }
  return spans;
}

std::string mend_characters(std::string_view document, bool& altered) {
  std::string out;
  out.reserve(document.size());
  std::size_t kept = 0;  // What stands before it is in `out`: good text is copied in runs.
  for (std::size_t at = 0; at < document.size();) {
    const bool forbidden_byte = is_forbidden_byte(document[at]);
    if (!forbidden_byte && document[at] != '&') {
      ++at;
      continue;
    }
    const std::size_t forbidden = forbidden_byte ? 1 : forbidden_reference(document.substr(at));
    if (forbidden == 0) {
      ++at;
      continue;
    }
    out += document.substr(kept, at - kept);
    out += "\xEF\xBF\xBD";
    kept = at += forbidden;
    altered = true;
  }
  out += document.substr(kept);
  if (is_utf8(out)) return out;
  altered = true;
  return to_utf8(out);
}

std::string_view local_name(std::string_view qualified) {
  const std::size_t colon = qualified.rfind(':');
  return colon == std::string_view::npos ? qualified : qualified.substr(colon + 1);
}

}  // namespace exhibit
