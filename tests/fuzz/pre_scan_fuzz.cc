// Any bytes through the scan: what it lets through, pugixml reads with the limits kept, and both find the same events,
// elements, attributes and texts, or both find no order in them; what was mended holds no character that XML forbids,
// however it is spelled.

#include <pugixml.hpp>
#include <vector>

#include "base/limits.h"
#include "base/text.h"
#include "sensorproto/sdee/xml_scan.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

/// By another way than the product's: the value of every "&#...;", digit by digit.
bool has_forbidden_reference(std::string_view text) {
  for (std::size_t at = text.find("&#"); at != std::string_view::npos; at = text.find("&#", at + 2)) {
    std::size_t next = at + 2;
    const unsigned base = text.substr(next, 1) == "x" ? 16 : 10;
    if (base == 16) ++next;
    std::uint64_t value = 0;
    const std::size_t digits = next;
    for (; next < text.size(); ++next) {
      const char c = text[next];
      const int digit = c >= '0' && c <= '9'                 ? c - '0'
                        : base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : base == 16 && c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                             : -1;
      if (digit < 0) break;
      value = std::min<std::uint64_t>(value * base + static_cast<unsigned>(digit), 0x200000);
    }
    if (next == digits || text.substr(next, 1) != ";") continue;
    const bool blank = value == 9 || value == 10 || value == 13;
    if (!blank &&
        (value < 0x20 || (value >= 0xD800 && value < 0xE000) || value == 0xFFFE || value == 0xFFFF || value > 0x10FFFF))
      return true;
  }
  return false;
}

bool is_event(pugi::xml_node node) {
  const std::string_view name = local_name(node.name());
  return name.size() > 2 && name.starts_with("ev") && name[2] >= 'A' && name[2] <= 'Z';
}

struct Counts {
  std::size_t elements = 0, depth = 0;
  std::vector<std::string> events;  // Outermost, in order of their ends.
};

Counts counts_of(const pugi::xml_document& xml) {
  struct Walk : pugi::xml_tree_walker {
    Counts counts;
    bool for_each(pugi::xml_node& node) override {
      if (node.type() != pugi::node_element) return true;
      ++counts.elements;
      counts.depth = std::max(counts.depth, static_cast<std::size_t>(depth()) + 1);
      bool inside = false;
      for (pugi::xml_node up = node.parent(); up; up = up.parent()) inside = inside || is_event(up);
      if (is_event(node) && !inside) counts.events.emplace_back(local_name(node.name()));
      return true;
    }
  } walk;
  const_cast<pugi::xml_document&>(xml).traverse(walk);
  return walk.counts;
}

void scanned(std::string_view text, const std::vector<EventSpan>& spans) {
  std::size_t behind = 0;
  for (const EventSpan& span : spans) {
    demand(span.offset >= behind && span.offset + span.length <= text.size(), "events stand one behind another");
    behind = span.offset + span.length;
    demand(scan_xml(text.substr(span.offset, span.length)).has_value(), "an event of a good document is a good one");
  }
  pugi::xml_document xml;
  if (!xml.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8)) return;
  const Counts counts = counts_of(xml);
  demand(counts.depth <= limits::xml_depth && counts.elements <= limits::xml_elements, "the DOM is within the limits");
  demand(counts.events.size() == spans.size(), "scan and DOM count the same events");
  for (std::size_t i = 0; i < spans.size(); ++i)
    demand(counts.events[i] == spans[i].name, "scan and DOM name the same events");
}

/// Each node in the order in which they begin, as a line; of two pieces of text that stand together, two lines.
std::string told(const XmlNodes& nodes) {
  std::string out;
  for (const XmlNode& node : nodes.list) {
    const std::string says = said_by(node);
    if (node.kind == XmlNode::Kind::element) out += cat("<", node.name, " ", node.attributes, "\n");
    if (node.kind == XmlNode::Kind::attribute) out += cat("@", node.name, "=", says, "\n");
    if (node.is_text() && !says.empty()) out += cat("'", says, "'\n");
  }
  return out;
}

std::string told(const pugi::xml_document& xml) {
  struct Walk : pugi::xml_tree_walker {
    std::string out;
    bool for_each(pugi::xml_node& node) override {
      const bool section = node.type() == pugi::node_cdata;
      if (node.type() == pugi::node_element) {
        const auto attributes = node.attributes();
        out += cat("<", local_name(node.name()), " ", std::distance(attributes.begin(), attributes.end()), "\n");
        for (const pugi::xml_attribute held : attributes)
          out += cat("@", local_name(held.name()), "=", held.value(), "\n");
      } else if ((section || node.type() == pugi::node_pcdata) && *node.value() != '\0') {
        out += cat("'", node.value(), "'\n");
      }
      return true;
    }
  } walk;
  const_cast<pugi::xml_document&>(xml).traverse(walk);
  return walk.out;
}

/// Of a text in which no forbidden character is left.
void listed(std::string_view mended) {
  XmlNodes nodes;
  if (!scan_xml(mended, &nodes)) return;
  pugi::xml_document xml;
  const bool parsed =
      static_cast<bool>(xml.load_buffer(mended.data(), mended.size(), pugi::parse_default, pugi::encoding_utf8));
  demand(parsed == nodes.regular, "scan and DOM find the same order in names");
  if (parsed) demand(told(nodes) == told(xml), "scan and DOM hold the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Result<std::vector<EventSpan>> spans = scan_xml(text);
  if (spans) {
    demand(text.find('\0') == std::string_view::npos, "no NUL passes the scan");
    scanned(text, *spans);
  }
  for (const EventSpan& span : salvage_events(text))
    demand(span.offset + span.length <= text.size() && text[span.offset] == '<',
           "what is rescued stands in the document");
  bool altered = false;
  const std::string mended = mend_characters(text, altered);
  demand(is_utf8(mended) && fuzz::is_clean(mended, "\t\n\r\x7F"), "mended text is clean UTF-8");
  demand(!has_forbidden_reference(mended), "no reference to a forbidden character is left");
  demand(altered == (mended != text), "what was altered is said");
  listed(mended);
  return 0;
}
