#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace exhibit {

inline constexpr std::size_t columns_max = 76;

/// Breaks at blanks so that no line is over `columns`; a word that is longer is cut into pieces. Continuation lines
/// begin with `indent`.
std::vector<std::string> wrap(std::string_view text, std::size_t columns = columns_max, std::string_view indent = "");
/// The same behind a label, which counts as part of the first line; no lines when there is no word.
std::vector<std::string> wrap_behind(std::string_view head, std::string_view text, std::string_view indent,
                                     std::size_t columns = columns_max);

/// Collects lines up to a number and a size; what does not fit is counted in a last line.
class BoundedText {
 public:
  BoundedText(std::size_t lines_max, std::size_t bytes_max) : lines_max_(lines_max), bytes_max_(bytes_max) {}
  void add(std::vector<std::string> lines);
  void add(std::string line) { lines_.push_back(std::move(line)); }
  /// Lines that come after all others and are never cut.
  void keep(std::string line);
  [[nodiscard]] std::string text() const;

 private:
  std::size_t lines_max_, bytes_max_;
  std::vector<std::string> lines_, kept_;
};

}  // namespace exhibit
