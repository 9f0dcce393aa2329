#include "adapters/rest/rest_tree.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace exhibit::rest {
namespace {

void write_text(JsonWriter& json, std::string_view text) {
  json.object().member("type", "text").member("text", text).end();
}

void write_lines(JsonWriter& json, std::string_view text) {
  json.object().member("type", "paragraph").key("content").array();
  for (bool more = true; more;) {
    const std::size_t end = text.find('\n');
    if (const std::string_view line = text.substr(0, end); !line.empty()) write_text(json, line);
    more = end != std::string_view::npos;
    if (more) json.object().member("type", "hardBreak").end();
    text.remove_prefix(more ? end + 1 : text.size());
  }
  json.end().end();
}

void write_link(JsonWriter& json, std::string_view link) {
  json.object().member("type", "paragraph").key("content").array().object();
  json.member("type", "text").member("text", link).key("marks").array().object();
  json.member("type", "link").key("attrs").object().member("href", link).end();
  json.end().end().end().end().end();
}

bool is_our_link(const Json& block) {
  const auto content = block.find("content");
  if (text_at(block, "type") != "paragraph" || content == block.end() || content->size() != 1) return false;
  const Json& node = (*content)[0];
  const auto marks = node.find("marks");
  return marks != node.end() && marks->is_array() && marks->size() == 1 && text_at((*marks)[0], "type") == "link";
}

/// The depth is bounded by the JSON reader's own limit.
void collect(const Json& node, std::string& out) {
  const std::string type = text_at(node, "type");
  if (type == "text") out += text_at(node, "text");
  if (type == "hardBreak") out += '\n';
  const auto content = node.find("content");
  if (content == node.end() || !content->is_array()) return;
  bool first = true;
  for (const Json& child : *content) {
    const std::string kind = child.is_object() ? text_at(child, "type") : "text";
    if (!first && kind != "text" && kind != "hardBreak" && child.contains("content")) out += '\n';
    first = false;
    if (child.is_object()) collect(child, out);
  }
}

}  // namespace

std::string text_tree(std::string_view text, bool columns, std::string_view link) {
  JsonWriter json;
  json.object().member("version", 1).member("type", "doc").key("content").array();
  if (columns) {
    json.object().member("type", "codeBlock").key("content").array();
    write_text(json, text);
    json.end().end();
  } else {
    write_lines(json, text);
  }
  if (!link.empty()) write_link(json, link);
  return json.end().end().take();
}

std::string text_of_tree(std::string_view text) {
  Result<Json> document = parse_json(text);
  if (!document || !document->is_object()) return std::string(text);
  const auto content = document->find("content");
  if (content != document->end() && content->is_array() && content->size() == 2 && (*content)[1].is_object() &&
      is_our_link((*content)[1]))
    content->erase(1);
  std::string out;
  collect(*document, out);
  return out;
}

}  // namespace exhibit::rest
