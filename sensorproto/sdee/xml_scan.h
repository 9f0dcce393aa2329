#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sensorproto/sdee/xml_node.h"

namespace exhibit {

/// One event element of a document: where it stands, and its local name.
struct EventSpan {
  std::size_t offset = 0, length = 0;
  std::string_view name;  ///< Borrowed from the scanned document.
};

/// Looks at a document before anything of it is believed. Refuses (with the byte offset): NUL, DOCTYPE, unbalanced or
/// overlapping tags, a second root, text outside the root, duplicate attributes, and more depth, elements or attributes
/// than limits.h allows. Gives the outermost elements that `is_event_name`, and into `nodes` all that stands inside the
/// root (text of nothing but blanks is left out), as views into the document.
Result<std::vector<EventSpan>> scan_xml(std::string_view document, XmlNodes* nodes = nullptr);

/// The event elements of a document that `scan_xml` refuses: to each end tag from the nearest start tag of the same
/// name, so that one bad event, even one that never ends, does not take its neighbours with it. In time linear in the
/// size. Each piece must pass `scan_xml` on its own.
std::vector<EventSpan> salvage_events(std::string_view document);

/// The same document without character references to characters that XML forbids (each becomes U+FFFD), and as UTF-8.
/// `altered` tells whether anything was replaced.
std::string mend_characters(std::string_view document, bool& altered);

/// "ipLogId" of "cid:ipLogId".
inline std::string_view local_name(std::string_view qualified) {
  const std::size_t colon = qualified.rfind(':');
  return colon == std::string_view::npos ? qualified : qualified.substr(colon + 1);
}

/// Whether an element of this local name is an event: "ev" followed by an upper-case letter.
inline bool is_event_name(std::string_view name) {
  return name.size() > 2 && name[0] == 'e' && name[1] == 'v' && name[2] >= 'A' && name[2] <= 'Z';
}

}  // namespace exhibit
