#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace exhibit {

/// An element, one of its attributes, or a piece of its text. A document is one list of them in the order in which they
/// begin: behind an element come its attributes and then all that it holds, so that a walk needs neither a tree nor
/// recursion. Views into the document, and neighbours in its list: valid as long as both.
struct XmlNode {
  enum class Kind : std::uint8_t { element, attribute, text, section };  ///< A section: `<![CDATA[`.

  std::string_view name;        ///< Local: "ipLogId" of "cid:ipLogId". Of elements and attributes.
  std::string_view text;        ///< As it stands in the document. Of attributes and pieces of text.
  std::uint32_t count = 1;      ///< This node and all that it holds.
  std::uint8_t attributes = 0;  ///< How many stand right behind their element.
  Kind kind = Kind::element;
  bool plain = true;  ///< `text` is already what it says.

  [[nodiscard]] bool is_text() const { return kind == Kind::text || kind == Kind::section; }
};

/// What a list of nodes says of its document.
struct XmlNodes {
  std::vector<XmlNode> list;
  bool plain = false;    ///< ASCII without '&', CR, and characters that XML forbids.
  bool regular = false;  ///< All names are names (XML 1.0, section 2.3), and blanks stand between attributes.
};

/// What the text of an attribute or a piece says: references are replaced, line ends are one LF in text and one blank
/// in attributes, where other blanks become blanks too (XML 1.0, sections 2.11, 3.3.3, 4.1 and 4.6). A reference to a
/// name that XML does not know stays as it is.
std::string said_by(const XmlNode& node);

inline std::span<const XmlNode> attributes_of(const XmlNode& element) { return {&element + 1, element.attributes}; }

/// The elements that stand right inside one, for a loop.
class XmlChildren {
 public:
  class Iterator {
   public:
    Iterator(const XmlNode* at, const XmlNode* end) : at_(at), end_(end) { skip_texts(); }
    const XmlNode& operator*() const { return *at_; }
    Iterator& operator++() {
      at_ += at_->count;
      skip_texts();
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    void skip_texts() {
      while (at_ != end_ && at_->kind != XmlNode::Kind::element) ++at_;
    }
    const XmlNode *at_, *end_;
  };

  explicit XmlChildren(const XmlNode& parent) : begin_(&parent + 1 + parent.attributes), end_(&parent + parent.count) {}
  [[nodiscard]] Iterator begin() const { return {begin_, end_}; }
  [[nodiscard]] Iterator end() const { return {end_, end_}; }

 private:
  const XmlNode *begin_, *end_;
};
inline XmlChildren children_of(const XmlNode& parent) { return XmlChildren(parent); }

}  // namespace exhibit
