#include "adapters/rest/rest_text.h"

#include "adapters/rest/rest_markdown.h"
#include "adapters/rest/rest_tree.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

constexpr std::string_view word_joiner = "\u2060";
constexpr std::string_view noformat = "{noformat}";

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  return out;
}

std::string html_unescaped(std::string_view text) {
  std::string out(text);
  for (const auto& [entity, plain] : {std::pair{"&lt;", "<"},
                                      {"&gt;", ">"},
                                      {"&quot;", "\""},
                                      {"&#39;", "'"},
                                      {"&amp;", "&"}})  // The ampersand last, or "&amp;lt;" would become "<".
    out = replace_all(out, entity, plain);
  return out;
}

std::string anchor(std::string_view link) {
  const std::string safe = html_escaped(link);
  return cat("<a href=\"", safe, "\">", safe, "</a>");
}

std::string html(std::string_view text, Layout layout, std::string_view link) {
  std::string out = html_escaped(text);
  if (!link.empty()) out = replace_all(out, html_escaped(link), anchor(link));
  return layout == Layout::columns ? cat("<pre>", out, "</pre>") : replace_all(out, "\n", "<br>\n");
}

std::string without_anchors(std::string text) {
  for (std::size_t at; (at = text.find("<a href=\"")) != std::string::npos;) {
    const std::size_t end = text.find("\">", at);
    if (end == std::string::npos) break;
    text.erase(at, end + 2 - at);
  }
  return replace_all(text, "</a>", "");
}

std::string html_back(std::string_view markup) {
  std::string text = without_anchors(std::string(markup));
  if (text.starts_with("<pre>") && text.ends_with("</pre>")) text = text.substr(5, text.size() - 11);
  return html_unescaped(replace_all(text, "<br>\n", "\n"));
}

/// The block keeps columns, and the one thing that Textile still reads in it is an entity.
std::string textile(std::string_view text, std::string_view link) {
  return cat("<pre>\n", html_escaped(text), "\n</pre>", link.empty() ? "" : "\n\n", link);
}

std::string textile_back(std::string_view markup) {
  const std::size_t end = markup.rfind("\n</pre>");
  if (!markup.starts_with("<pre>\n") || end == std::string_view::npos || end < 6) return std::string(markup);
  return html_unescaped(markup.substr(6, end - 6));
}

/// Inside {noformat} only the closing mark means something: a word joiner inside it makes it plain.
std::string wiki(std::string_view text, std::string_view link) {
  std::string inner;
  for (std::size_t i = 0; i < text.size(); ++i) {
    inner += text[i];
    if (text[i] == '{' && equal_ignoring_case(text.substr(i + 1, 8), "noformat")) inner += word_joiner;
  }
  return cat(noformat, "\n", inner, "\n", noformat, link.empty() ? "" : "\n", link);
}

std::string wiki_back(std::string_view markup) {
  const std::size_t end = markup.rfind("\n{noformat}");
  if (!markup.starts_with("{noformat}\n") || end == std::string_view::npos || end < 11) return std::string(markup);
  std::string inner(markup.substr(11, end - 11)), out;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    out += inner[i];
    if (inner[i] == '{' && inner.compare(i + 1, word_joiner.size(), word_joiner) == 0 &&
        equal_ignoring_case(std::string_view(inner).substr(i + 1 + word_joiner.size(), 8), "noformat"))
      i += word_joiner.size();
  }
  return out;
}

/// Our own address, when it is one that no kind of markup could read differently.
std::string_view usable_link(std::string_view text, std::string_view link) {
  constexpr std::string_view harmful = "\"'<>()[]{}|\\^`*~! \t\r\n";
  const bool address = link.starts_with("https://") || link.starts_with("http://");
  if (!address || link.find_first_of(harmful) != std::string_view::npos) return {};
  return text.find(link) == std::string_view::npos ? std::string_view{} : link;
}

}  // namespace

TextFormat text_format(std::string_view name) {
  if (name == "html") return TextFormat::html;
  if (name == "markdown") return TextFormat::markdown;
  if (name == "textile") return TextFormat::textile;
  if (name == "wiki") return TextFormat::wiki;
  if (name == "adf") return TextFormat::adf;
  return TextFormat::plain;
}

std::string rendered(std::string_view text, TextFormat format, Layout layout, std::string_view link) {
  if (text.empty()) return {};
  const std::string_view ours = usable_link(text, link);
  switch (format) {
    case TextFormat::plain: break;
    case TextFormat::html: return html(text, layout, ours);
    case TextFormat::markdown: return layout == Layout::columns ? markdown_block(text, ours) : markdown(text, ours);
    case TextFormat::textile: return textile(text, ours);
    case TextFormat::wiki: return wiki(text, ours);
    case TextFormat::adf: return text_tree(text, layout == Layout::columns, ours);
  }
  return std::string(text);
}

std::string unrendered(std::string_view markup, TextFormat format) {
  const std::string text = replace_all(markup, "\r\n", "\n");
  switch (format) {
    case TextFormat::plain: break;
    case TextFormat::html: return html_back(text);
    case TextFormat::markdown: return markdown_back(text);
    case TextFormat::textile: return textile_back(text);
    case TextFormat::wiki: return wiki_back(text);
    case TextFormat::adf: return text_of_tree(text);
  }
  return text;
}

std::string cut_with_word(std::string_view text, std::size_t code_points_max, std::string_view word) {
  if (code_points_max == 0 || code_points(text) <= code_points_max) return std::string(text);
  const std::size_t room = code_points_max - std::min(code_points_max, code_points(word));
  std::size_t bytes = 0, points = 0;
  while (bytes < text.size()) {
    if ((static_cast<unsigned char>(text[bytes]) & 0xC0) != 0x80 && points++ == room) break;
    ++bytes;
  }
  return cat(text.substr(0, bytes), word);
}

}  // namespace exhibit::rest
