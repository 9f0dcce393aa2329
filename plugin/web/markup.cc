#include "web/markup.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/plants.h"
#include "base/text.h"

namespace exhibit::web {
namespace {

void escape(std::string& out, std::string_view text) {
  if (planted(Plant::page_text_raw)) {
    out += text;
    return;
  }
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
}

bool is_void(std::string_view tag) {
  constexpr std::array<std::string_view, 4> words = {"meta", "link", "input", "br"};
  return std::find(words.begin(), words.end(), tag) != words.end();
}

void write_html(std::string& out, const Node& node) {
  if (node.tag.empty()) return escape(out, node.content);
  out += cat('<', node.tag);
  for (const auto& [name, value] : node.attributes) {
    out += cat(' ', name, "=\"");
    escape(out, value);
    out += '"';
  }
  out += '>';
  if (is_void(node.tag)) return;
  if (node.tag == "pre") out += '\n';  // A parser drops the first newline of a pre: it must not be one of ours.
  for (const Node& child : node.children) write_html(out, child);
  out += cat("</", node.tag, '>');
}

void write_json(JsonWriter& out, const Node& node) {
  if (node.tag.empty()) {
    out.value(node.content);
    return;
  }
  out.array().value(node.tag).object();
  for (const auto& [name, value] : node.attributes) out.member(name, value);
  out.end().array();
  for (const Node& child : node.children) write_json(out, child);
  out.end().end();
}

}  // namespace

Node Node::with(std::string_view name, std::string_view value) && {
  attributes.emplace_back(name, harmless(value));
  return std::move(*this);
}

Node Node::add(Node child) && {
  children.push_back(std::move(child));
  return std::move(*this);
}

Node text(std::string_view foreign) { return {.content = harmless(foreign)}; }

Node lines(std::string_view foreign) {
  Node out;
  while (!foreign.empty()) {
    const std::size_t end = std::min(foreign.find('\n'), foreign.size());
    std::string_view line = foreign.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.content += harmless(replace_all(line, "\t", "    "));
    if (end < foreign.size()) out.content += '\n';
    foreign.remove_prefix(std::min(end + 1, foreign.size()));
  }
  return out;
}

Node element(std::string_view tag, std::string_view css_class, std::vector<Node> children) {
  Node out{.tag = tag, .children = std::move(children)};
  if (!css_class.empty()) out.attributes.emplace_back("class", std::string(css_class));
  return out;
}

Node element(std::string_view tag, std::string_view css_class, std::string_view foreign) {
  Node out = element(tag, css_class);
  out.children.push_back(text(foreign));
  return out;
}

void append_fact(Node& list, std::string_view name, std::string_view value, std::string_view css_class) {
  if (value.empty()) return;
  list.append(element("dt", "", name));
  list.append(element("dd", css_class, value));
}

std::string to_html(const Node& node) {
  std::string out;
  write_html(out, node);
  return out;
}

std::string to_json(const Node& node) {
  JsonWriter out;
  write_json(out, node);
  return out.take();
}

}  // namespace exhibit::web
