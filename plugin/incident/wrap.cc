#include "incident/wrap.h"

#include <algorithm>

#include "base/text.h"

namespace exhibit {
namespace {

/// Ends the piece before a "\xNN" that it would cut in two.
std::string_view before_escape(std::string_view piece) {
  const std::size_t slash = piece.rfind('\\');
  const bool cut = slash != std::string_view::npos && slash > 0 && piece.size() - slash < 4;
  return cut ? piece.substr(0, slash) : piece;
}

}  // namespace

std::vector<std::string> wrap_behind(std::string_view head, std::string_view text, std::string_view indent,
                                     std::size_t columns) {
  std::vector<std::string> lines;
  std::string line(head);
  line.reserve(columns + 1);
  std::size_t used = code_points(head);
  bool fresh = true;  // No word stands in the line yet.
  const std::size_t margin = code_points(indent);
  const auto end_line = [&] {
    lines.push_back(line);
    line = indent;
    used = margin;
    fresh = true;
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    std::size_t wide = code_points(word);
    if (used > margin && used + 1 + wide > columns) end_line();
    while (wide > columns - margin) {
      const std::string_view piece = before_escape(cut_utf8(word, columns - used - 1));
      line += piece;
      end_line();
      word.remove_prefix(piece.size());
      wide -= code_points(piece);
    }
    if (word.empty()) continue;  // A piece took its last byte.
    if (!fresh) line += ' ', ++used;
    line += word;
    used += wide;
    fresh = false;
  }
  if (!fresh) lines.push_back(std::move(line));
  return lines;
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns, std::string_view indent) {
  return wrap_behind("", text, indent, columns);
}

void BoundedText::add(std::vector<std::string> lines) {
  lines_.insert(lines_.end(), std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end()));
}

void BoundedText::keep(std::string line) { kept_.push_back(std::move(line)); }

std::string BoundedText::text() const {
  constexpr std::size_t room_for_count = 40;
  std::size_t bytes = room_for_count;
  for (const std::string& line : kept_) bytes += line.size() + 1;
  std::size_t fits = 0;
  for (; fits < lines_.size(); ++fits) {
    const bool last = fits + 1 == lines_.size();
    if (fits + kept_.size() + (last ? 1 : 2) > lines_max_ || bytes + lines_[fits].size() + 1 > bytes_max_) break;
    bytes += lines_[fits].size() + 1;
  }
  std::string all;
  all.reserve(bytes);
  const auto add = [&all](std::string_view line) { (all += line) += '\n'; };
  for (std::size_t i = 0; i < fits; ++i) add(lines_[i]);
  const std::size_t cut = lines_.size() - fits;
  if (cut > 0) add(cat("(", cut, cut == 1 ? " line" : " lines", " more at the link)"));
  for (const std::string& line : kept_) add(line);
  if (!all.empty()) all.pop_back();
  return all;
}

}  // namespace exhibit
