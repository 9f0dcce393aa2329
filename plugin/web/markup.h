#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exhibit::web {

/// A piece of a page: an element, or text. The first view is written from it as HTML, and the page's own module gets
/// the same pieces as JSON and makes elements and text nodes of them, so nothing is ever drawn in two ways.
///
/// Tags and attribute names are literals of ours. Foreign text enters by `text`, `lines` and `with` alone, which make
/// it harmless, and leaves by `to_html`, which escapes every text and every attribute: the only escaping there is.
struct Node {
  std::string_view tag{};  ///< Empty: text.
  std::string content{};   ///< Of a text.
  std::vector<std::pair<std::string_view, std::string>> attributes{};
  std::vector<Node> children{};

  Node with(std::string_view name, std::string_view value) &&;
  Node add(Node child) &&;
  void append(Node child) { children.push_back(std::move(child)); }
};

/// One line of text: control characters and what reorders or hides text become visible escapes.
Node text(std::string_view foreign);
/// Several lines for a `pre`: newlines and tabs stay.
Node lines(std::string_view foreign);
Node element(std::string_view tag, std::string_view css_class = {}, std::vector<Node> children = {});
/// An element that holds one text.
Node element(std::string_view tag, std::string_view css_class, std::string_view foreign);

/// A row of a `dl`; none without a value.
void append_fact(Node& list, std::string_view name, std::string_view value, std::string_view css_class = {});

std::string to_html(const Node& node);
/// A text as a string, an element as ["tag", {attributes}, [children]].
std::string to_json(const Node& node);

}  // namespace exhibit::web
