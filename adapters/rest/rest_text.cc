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

/// Puts a word joiner behind each mark that `ends` says would end the block; nothing else means anything in it.
template <typename Ends>
std::string joined(std::string_view text, Ends ends) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (ends(text.substr(i))) out += word_joiner;
  }
  return out;
}

template <typename Ends>
std::string unjoined(std::string_view text, Ends ends) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    const std::string_view behind = text.substr(i + 1);
    if (behind.starts_with(word_joiner) && ends(cat(text[i], behind.substr(word_joiner.size(), 16))))
      i += word_joiner.size();
  }
  return out;
}

/// Redmine's Textile escapes what stands in <pre> by itself, and reads only these tags in it.
bool ends_pre(std::string_view text) {
  if (!text.starts_with('<')) return false;
  text.remove_prefix(text.starts_with("</") ? 2 : 1);
  for (const std::string_view tag : {"pre", "code", "kbd", "notextile"})
    if (equal_ignoring_case(text.substr(0, tag.size()), tag)) return true;
  return false;
}

bool ends_noformat(std::string_view text) {
  return text.starts_with('{') && equal_ignoring_case(text.substr(1, 8), "noformat");
}

std::string textile(std::string_view text, std::string_view link) {
  return cat("<pre>\n", joined(text, ends_pre), "\n</pre>", link.empty() ? "" : "\n\n", link);
}

std::string textile_back(std::string_view markup) {
  const std::size_t end = markup.rfind("\n</pre>");
  if (!markup.starts_with("<pre>\n") || end == std::string_view::npos || end < 6) return std::string(markup);
  return unjoined(markup.substr(6, end - 6), ends_pre);
}

std::string wiki(std::string_view text, std::string_view link) {
  return cat(noformat, "\n", joined(text, ends_noformat), "\n", noformat, link.empty() ? "" : "\n", link);
}

std::string wiki_back(std::string_view markup) {
  const std::size_t end = markup.rfind("\n{noformat}");
  if (!markup.starts_with("{noformat}\n") || end == std::string_view::npos || end < 11) return std::string(markup);
  return unjoined(markup.substr(11, end - 11), ends_noformat);
}

bool looks_quoted(std::string_view line) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  while (!line.empty() && is_word(line.front())) line.remove_prefix(1);
  return line.starts_with('>');
}

/// Calls `each` for every line, with its end.
template <typename Each>
void for_lines(std::string_view text, Each each) {
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    each(text.substr(0, size));
    text.remove_prefix(size);
  }
}

std::string unfolded(std::string_view text) {
  std::string out;
  for_lines(text, [&](std::string_view line) { out += cat(looks_quoted(line) ? word_joiner : "", line); });
  return out;
}

std::string unfolded_back(std::string_view markup) {
  std::string out;
  for_lines(markup, [&](std::string_view line) {
    const bool ours = line.starts_with(word_joiner) && looks_quoted(line.substr(word_joiner.size()));
    out += ours ? line.substr(word_joiner.size()) : line;
  });
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
  if (name == "unfolded") return TextFormat::unfolded;
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
    case TextFormat::unfolded: return unfolded(text);
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
    case TextFormat::unfolded: return unfolded_back(text);
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
