#include "incident/wrap.h"

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

std::vector<std::string> wrap(std::string_view text, std::size_t columns, std::string_view indent) {
  std::vector<std::string> lines;
  std::string line;
  for (std::string_view word : split(text, " ")) {
    const std::size_t before = code_points(line);
    if (before > indent.size() && before + 1 + code_points(word) > columns) {
      lines.push_back(std::move(line));
      line = indent;
    }
    while (code_points(word) > columns - indent.size()) {
      const std::string_view piece = before_escape(cut_utf8(word, columns - code_points(line) - 1));
      lines.push_back(line + std::string(piece));
      line = indent;
      word.remove_prefix(piece.size());
    }
    if (!line.empty() && line != indent) line += ' ';
    line += word;
  }
  if (!line.empty() && line != indent) lines.push_back(std::move(line));
  return lines;
}

void BoundedText::add(std::vector<std::string> lines) {
  for (std::string& line : lines) lines_.push_back(std::move(line));
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
  std::vector<std::string> all(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(fits));
  const std::size_t cut = lines_.size() - fits;
  if (cut > 0) all.push_back(cat("(", cut, cut == 1 ? " line" : " lines", " more at the link)"));
  all.insert(all.end(), kept_.begin(), kept_.end());
  return join(all, "\n");
}

}  // namespace exhibit
