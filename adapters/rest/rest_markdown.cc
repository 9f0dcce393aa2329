#include "adapters/rest/rest_markdown.h"

#include <algorithm>

#include "base/plants.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

std::size_t longest_run(std::string_view text, char mark) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) longest = std::max(longest, run = c == mark ? run + 1 : 0);
  return longest;
}

/// Mail and web addresses become links without any mark.
bool links_itself(std::string_view word) {
  return word.find('@') != std::string_view::npos || word.find("://") != std::string_view::npos ||
         to_lower(word).find("www.") != std::string::npos;
}

std::string code_span(std::string_view word) {
  const std::string fence(longest_run(word, '`') + 1, '`');
  return cat(fence, " ", word, " ", fence);
}

std::string word_of(std::string_view word, std::string_view link) {
  if (!link.empty() && word == link) return cat("<", link, ">");
  if (links_itself(word)) return code_span(word);
  std::string out;
  for (const char c : word) {
    if (is_punctuation(c) && !planted(Plant::markdown_raw)) out += '\\';
    out += c;
  }
  return out;
}

bool is_blank(std::string_view line) { return trim(line).empty(); }

/// Takes the next line off the text; the last one has no end.
std::string_view take_line(std::string_view& text, bool& more) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  more = end != std::string_view::npos;
  text.remove_prefix(more ? end + 1 : text.size());
  return line;
}

void add_line(std::string& out, std::string_view line, std::string_view link) {
  while (!line.empty()) {
    const std::size_t word = std::min(line.find_first_not_of(" \t"), line.size());
    out += line.substr(0, word);
    line.remove_prefix(word);
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    out += word_of(line.substr(0, end), link);
    line.remove_prefix(end);
  }
}

std::string block_back(std::string_view markup) {
  const std::size_t fence = std::min(markup.find_first_not_of('`'), markup.size());
  const std::size_t end = markup.find(cat("\n", markup.substr(0, fence)), fence + 1);
  if (end == std::string_view::npos) return std::string(markup);
  return std::string(markup.substr(fence + 1, end - fence - 1));
}

/// Takes one code span off the front; nothing when its fence does not close.
bool take_span(std::string_view& text, std::string& out) {
  const std::size_t fence = std::min(text.find_first_not_of('`'), text.size());
  const std::string close = cat(" ", text.substr(0, fence));
  const std::size_t end = text.find(close, fence);
  if (text.substr(fence, 1) != " " || end == std::string_view::npos) return false;
  if (end > fence) out += text.substr(fence + 1, end - fence - 1);
  text.remove_prefix(end + close.size());
  return true;
}

}  // namespace

std::string markdown_block(std::string_view text, std::string_view link) {
  const std::string fence(std::max<std::size_t>(3, longest_run(text, '`') + 1), '`');
  std::string out = cat(fence, "\n", text, "\n", fence);
  if (!link.empty()) out += cat("\n\n<", link, ">");
  return out;
}

std::string markdown(std::string_view text, std::string_view link) {
  std::string out;
  for (bool more = true; more;) {
    const std::string_view line = take_line(text, more);
    add_line(out, line, link);
    if (!more) break;
    const bool next_is_blank = is_blank(text.substr(0, text.find('\n')));
    out += is_blank(line) || next_is_blank ? "\n" : "\\\n";
  }
  return out;
}

std::string markdown_back(std::string_view markup) {
  const std::size_t fence = std::min(markup.find_first_not_of('`'), markup.size());
  if (fence >= 3 && markup.substr(fence).starts_with('\n')) return block_back(markup);
  std::string out;
  while (!markup.empty()) {
    if (markup.front() == '`' && take_span(markup, out)) continue;
    const bool address = markup.starts_with("<http");
    const std::size_t end = address ? markup.find('>') : std::string_view::npos;
    if (end != std::string_view::npos) {
      out += markup.substr(1, end - 1);
      markup.remove_prefix(end + 1);
      continue;
    }
    if (markup.front() == '\\' && markup.size() > 1) markup.remove_prefix(1);
    out += markup.front();
    markup.remove_prefix(1);
  }
  return out;
}

}  // namespace exhibit::rest
