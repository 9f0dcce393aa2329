#include "sensorproto/sdee/xml_scan.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/limits.h"
#include "base/text.h"

namespace exhibit {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

constexpr std::array<bool, 256> make_name_ends() {
  std::array<bool, 256> ends{};
  for (const char c : {' ', '\t', '\r', '\n', '/', '>', '=', '<', '"', '\'', '\0'})
    ends[static_cast<unsigned char>(c)] = true;
  return ends;
}
constexpr std::array<bool, 256> name_ends = make_name_ends();

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0; }
/// XML 1.0, section 2.3, where everything outside ASCII counts as a letter.
bool starts_name(char c) { return is_letter(c) || c == '_' || c == ':'; }
constexpr std::array<bool, 256> make_name_characters() {
  std::array<bool, 256> in_names{};
  for (std::size_t c = 0; c < 256; ++c)
    in_names[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.' || c >= 0x80;
  return in_names;
}
/// All but the colon, behind which a local name begins.
constexpr std::array<bool, 256> name_characters = make_name_characters();

constexpr std::array<bool, 256> make_speaks_in_values() {
  std::array<bool, 256> speaks{};
  for (const char c : {'<', '&', '\t', '\r', '\n', '\0'}) speaks[static_cast<unsigned char>(c)] = true;
  return speaks;
}
/// What a value may not hold, or holds in place of something else.
constexpr std::array<bool, 256> speaks_in_values = make_speaks_in_values();

/// How much of the text, in whole blocks, holds neither a reference nor a byte that is forbidden or outside ASCII. A
/// block of fixed size without a branch is what the compiler turns into vector instructions.
constexpr std::size_t plain_block = 64;
std::size_t plain_start(std::string_view text) {
  std::size_t at = 0;
  for (; at + plain_block <= text.size(); at += plain_block) {
    std::uint8_t odd = 0;
    for (std::size_t i = 0; i < plain_block; ++i) {
      const auto c = static_cast<signed char>(text[at + i]);  // Outside ASCII: negative.
      const bool blank = c == '\t' || c == '\n' || c == '\r';
      odd |= static_cast<std::uint8_t>((c < 0x20 && !blank) | (c == '&'));
    }
    if (odd != 0) break;
  }
  return at;
}

/// ASCII without '&', CR, and bytes that XML forbids: such a document says what it holds.
bool is_plain(std::string_view text) {
  const std::string_view tail = text.substr(plain_start(text));
  return tail.size() < plain_block && text.find('\r') == std::string_view::npos &&
         std::none_of(tail.begin(), tail.end(), [](char c) {
           return (static_cast<signed char>(c) < 0x20 && c != '\t' && c != '\n') || c == '&';
         });
}

/// One pass over the tags. Holds views into the document only while it runs.
class Scan {
 public:
  Scan(std::string_view document, XmlNodes* nodes)
      : text_(document),
        nodes_(nodes),
        plain_(is_plain(document)),
        nul_(!plain_ && document.find('\0') != std::string_view::npos) {}

  Result<std::vector<EventSpan>> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    open_.reserve(16);
    if (nodes_) nodes_->list.clear(), nodes_->list.reserve(text_.size() / node_bytes + 16);
    while (at_ < text_.size())
      if (!(text_[at_] == '<' ? markup() : characters())) return error_;
    if (!open_.empty()) return problem("the document ends inside an element"), error_;
    if (!root_seen_) return problem("the document has no element"), error_;
    if (nodes_) nodes_->plain = plain_, nodes_->regular = regular_;
    return std::move(events_);
  }

 private:
  struct Open {
    std::string_view name;
    std::size_t offset;
    std::size_t node;
    bool event;
  };
  struct Name {
    std::string_view whole, local;
  };
  /// So much text of an alert makes one node. A guess: the list may grow.
  static constexpr std::size_t node_bytes = 26;

  // What reads a piece moves `at_` behind it, or says no with the reason in `error_`.

  bool problem(std::string_view what) {
    return error_ = {Errc::bad_input, cat("XML: ", what, ", at byte ", at_)}, false;
  }
  bool over(std::string_view what) {
    return error_ = {Errc::too_large, cat("XML: too many ", what, ", at byte ", at_)}, false;
  }

  void found(XmlNode::Kind kind, std::string_view name, std::string_view text, bool plain) {
    if (!nodes_) return;
    XmlNode& node = nodes_->list.emplace_back();
    node.name = name, node.text = text, node.kind = kind, node.plain = plain;
  }

  /// `substr` without its exception.
  std::string_view slice(std::size_t from, std::size_t to) const { return {text_.data() + from, to - from}; }

  bool holds_nul(std::string_view run) const { return nul_ && run.find('\0') != std::string_view::npos; }
  bool holds(char c, std::string_view run) const { return !plain_ && run.find(c) != std::string_view::npos; }

  bool characters() {
    const std::size_t end = std::min(text_.find('<', at_), text_.size());
    const std::string_view run = slice(at_, end);
    if (holds_nul(run)) return problem("a NUL byte");
    if (open_.empty() && !trim(run).empty()) return problem("text outside the root element");
    if (!open_.empty() && !std::all_of(run.begin(), run.end(), is_blank))
      found(XmlNode::Kind::text, {}, run, !holds('&', run) && !holds('\r', run));
    at_ = end;
    return true;
  }

  bool markup() {
    const char after = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (after == '/') return end_tag();
    if (after != '!' && after != '?') return start_tag();
    const std::string_view rest = slice(at_, text_.size());
    if (rest.starts_with("<!--")) return skip("-->", 4);
    if (rest.starts_with("<![CDATA[")) return section();
    regular_ = regular_ && (after == '!' || (rest.size() > 2 && starts_name(rest[2])));
    return after == '?' ? skip("?>", 2) : problem("a document type");
  }

  bool section() {
    if (open_.empty()) return problem("text outside the root element");
    const std::size_t begin = at_ + 9;
    if (!skip("]]>", 9)) return false;
    const std::string_view run = slice(begin, at_ - 3);
    found(XmlNode::Kind::section, {}, run, !holds('\r', run));
    return true;
  }

  bool skip(std::string_view closing, std::size_t from) {
    const std::size_t end = text_.find(closing, at_ + from);
    if (end == std::string_view::npos) return problem("an unfinished comment, section or instruction");
    if (holds_nul(text_.substr(at_, end - at_))) return problem("a NUL byte");
    at_ = end + closing.size();
    return true;
  }

  Name name() {
    const std::size_t from = at_;
    std::size_t end = from, local = from;
    for (; end < text_.size(); ++end) {
      const auto c = static_cast<unsigned char>(text_[end]);
      if (name_characters[c]) continue;
      if (name_ends[c]) break;
      if (c == ':') local = end + 1;
      regular_ = regular_ && c == ':';
    }
    at_ = end;
    regular_ = regular_ && (end == from || starts_name(text_[from]));
    return {slice(from, end), slice(local, end)};
  }

  void blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  bool end_tag() {
    at_ += 2;
    const std::string_view expected = open_.empty() ? std::string_view() : open_.back().name;
    const bool as_expected = !expected.empty() && slice(at_, text_.size()).starts_with(expected);
    at_ += as_expected ? expected.size() : 0;
    const bool longer = !name().whole.empty();
    blanks();
    if (at_ >= text_.size() || text_[at_] != '>') return problem("a broken end tag");
    if (!as_expected || longer) return problem("an end tag that closes nothing");
    ++at_;
    close();
    return true;
  }

  void close() {
    const Open ended = open_.back();
    open_.pop_back();
    if (nodes_) nodes_->list[ended.node].count = static_cast<std::uint32_t>(nodes_->list.size() - ended.node);
    if (ended.event) {
      events_.push_back({ended.offset, at_ - ended.offset, local_name(ended.name)});
      in_event_ = false;
    }
  }

  bool start_tag() {
    const std::size_t offset = at_++;
    const auto [tag, local] = name();
    if (tag.empty()) return problem("a broken start tag");
    if (open_.empty() && root_seen_) return problem("a second root element");
    if (++elements_ > limits::xml_elements) return over("elements");
    if (open_.size() >= limits::xml_depth) return over("levels");
    root_seen_ = true;
    const bool event = !in_event_ && is_event_name(local);
    in_event_ = in_event_ || event;
    open_.push_back({tag, offset, nodes_ ? nodes_->list.size() : 0, event});
    found(XmlNode::Kind::element, local, {}, true);
    if (!attributes()) return false;
    if (nodes_) nodes_->list[open_.back().node].attributes = static_cast<std::uint8_t>(names_.size());
    const bool empty = text_[at_] == '/';
    at_ += empty ? 2 : 1;
    if (empty) close();
    return true;
  }

  /// Leaves `at_` on the '>' or the "/>" that ends the tag.
  bool attributes() {
    names_.clear();
    while (true) {
      const std::size_t before = at_;
      blanks();
      if (at_ >= text_.size()) return problem("an unfinished start tag");
      if (text_[at_] == '>') return true;
      if (text_[at_] == '/') return text_.substr(at_, 2) == "/>" || problem("a stray slash");
      regular_ = regular_ && at_ != before;
      const auto [attribute, local] = name();
      blanks();
      if (attribute.empty() || at_ >= text_.size() || text_[at_] != '=') return problem("a broken attribute");
      ++at_;
      blanks();
      if (!quoted(local)) return false;
      if (std::find(names_.begin(), names_.end(), attribute) != names_.end())
        return problem("an attribute given twice");
      names_.push_back(attribute);
      if (names_.size() > limits::xml_attributes) return over("attributes");
    }
  }

  bool quoted(std::string_view name) {
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return problem("an attribute without quotes");
    const char quote = text_[at_];
    const std::size_t begin = at_ + 1;
    std::size_t end = begin;
    bool plain = true;
    for (; end < text_.size() && text_[end] != quote; ++end) {
      if (!speaks_in_values[static_cast<unsigned char>(text_[end])]) continue;
      if (text_[end] == '<' || text_[end] == '\0') break;
      plain = false;
    }
    if (end == text_.size()) return problem("an unfinished attribute");
    if (text_[end] != quote) return problem("an attribute with a forbidden character");
    found(XmlNode::Kind::attribute, name, slice(begin, end), plain);
    at_ = end + 1;
    return true;
  }

  std::string_view text_;
  XmlNodes* nodes_;
  bool plain_;
  bool nul_;  // Somewhere; usually not, and then no piece is searched for it.
  bool regular_ = true;
  std::size_t at_ = 0;
  std::size_t elements_ = 0;
  bool root_seen_ = false;
  bool in_event_ = false;
  std::vector<Open> open_;
  std::vector<std::string_view> names_;  // Of the attributes of one tag.
  std::vector<EventSpan> events_;
  Error error_;
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

Result<std::vector<EventSpan>> scan_xml(std::string_view document, XmlNodes* nodes) {
  if (document.starts_with("\xFF\xFE") || document.starts_with("\xFE\xFF"))
    return Error{Errc::bad_input, "XML: UTF-16 is not accepted"};
  return Scan(document, nodes).run();
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
  bool ascii = true;
  for (std::size_t at = 0; at < document.size();) {
    at += plain_start(document.substr(at));
    for (const std::size_t end = std::min(at + plain_block, document.size()); at < end;) {
      ascii = ascii && static_cast<unsigned char>(document[at]) < 0x80;
      const bool forbidden_byte = is_forbidden_byte(document[at]);
      const std::size_t forbidden = forbidden_byte        ? 1
                                    : document[at] == '&' ? forbidden_reference(document.substr(at))
                                                          : 0;
      if (forbidden == 0) {
        ++at;
        continue;
      }
      out += document.substr(kept, at - kept);
      out += "\xEF\xBF\xBD";
      kept = at += forbidden;
      altered = true;
    }
  }
  out += document.substr(kept);
  if (ascii || is_utf8(out)) return out;
  altered = true;
  return to_utf8(out);
}

}  // namespace exhibit
