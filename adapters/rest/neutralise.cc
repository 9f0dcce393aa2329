#include "adapters/rest/neutralise.h"

#include <array>

#include "base/text.h"

namespace exhibit::rest {
namespace {

/// Takes `what` from the front of `text`.
bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

/// Blanks of every width, and line ends: a desk may fold them before it looks for marks.
void skip_blanks(std::string_view& text) {
  constexpr std::array<std::string_view, 7> blanks = {" ", "\t", "\n", "\r", "\u00A0", "\u3000", "\u202F"};
  for (bool any = true; any;) {
    any = false;
    for (const std::string_view blank : blanks) any = take(text, blank) || any;
  }
}

/// The letter `lower` in any case and width. U+FF21 is the full-width A, U+FF41 the full-width a.
bool take_letter(std::string_view& text, char lower) {
  const auto place = static_cast<unsigned char>(lower - 'a');
  const char upper = static_cast<char>('A' + place);
  const std::array<char, 3> wide_upper = {'\xEF', '\xBC', static_cast<char>(0xA1 + place)};
  const std::array<char, 3> wide_lower = {'\xEF', '\xBD', static_cast<char>(0x81 + place)};
  return take(text, std::string_view(&lower, 1)) || take(text, std::string_view(&upper, 1)) ||
         take(text, {wide_upper.data(), wide_upper.size()}) || take(text, {wide_lower.data(), wide_lower.size()});
}

/// Takes one mark from the front; leaves `text` alone when there is none.
bool take_mark(std::string_view& text, std::string_view tag) {
  std::string_view rest = text;
  if (!take(rest, "[") && !take(rest, "\uFF3B")) return false;
  skip_blanks(rest);
  if (take(rest, "/") || take(rest, "\uFF0F")) skip_blanks(rest);
  for (const char letter : tag)
    if (!take_letter(rest, letter)) return false;
  skip_blanks(rest);
  if (!take(rest, "]") && !take(rest, "\uFF3D")) return false;
  text = rest;
  return true;
}

}  // namespace

std::string neutralised(std::string_view text, const std::vector<std::string>& tags) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    bool found = false;
    for (const std::string& tag : tags)
      if (!found && take_mark(text, tag)) {
        out += cat('(', tag, ')');
        found = true;
      }
    if (found) continue;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace exhibit::rest
