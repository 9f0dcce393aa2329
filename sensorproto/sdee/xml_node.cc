#include "sensorproto/sdee/xml_node.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> entities = {
    {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};

/// RFC 3629, section 3. The number was looked at by `mend_characters`.
void append_utf8(std::string& out, std::uint32_t c) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((c >> shift) & 0x3FU)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | (c >> 6)), tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0U | (c >> 12)), tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0U | (c >> 18)), tail(12), tail(6), tail(0);
  }
}

/// What stands at an '&': appends what it says, gives how long it is.
std::size_t take_reference(std::string_view text, std::string& out) {
  for (const auto& [entity, says] : entities)
    if (text.starts_with(entity)) return out += says, entity.size();
  if (text.starts_with("&#")) {
    const bool hexadecimal = text.substr(2, 1) == "x";
    const std::size_t from = hexadecimal ? 3 : 2;
    const std::size_t end =
        std::min(text.find_first_not_of(hexadecimal ? "0123456789abcdefABCDEF" : "0123456789", from), text.size());
    const auto c = parse_number<std::uint32_t>(text.substr(from, end - from), hexadecimal ? 16 : 10);
    if (c && text.substr(end, 1) == ";") return append_utf8(out, *c), end + 1;
  }
  return out += '&', 1;
}

}  // namespace

std::string said_by(const XmlNode& node) {
  if (node.plain) return std::string(node.text);
  const bool attribute = node.kind == XmlNode::Kind::attribute, section = node.kind == XmlNode::Kind::section;
  const std::string_view text = node.text;
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '&' && !section) {
      at += take_reference(text.substr(at), out);
    } else if (c == '\r') {
      out += attribute ? ' ' : '\n';
      at += text.substr(at, 2) == "\r\n" ? 2 : 1;
    } else {
      out += attribute && (c == '\n' || c == '\t') ? ' ' : c;
      ++at;
    }
  }
  return out;
}

}  // namespace exhibit
