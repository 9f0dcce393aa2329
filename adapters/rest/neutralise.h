#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Some desks give a meaning to marks in plain text; what a stranger sent must not have one. Pure.
namespace exhibit::rest {

/// Writes "(code)" where a desk would read the mark "[code]" or "[/code]", for each of `tags` (lower-case letters). Any
/// spelling counts: upper and lower case, blanks inside the brackets, full-width brackets, letters and slash. All other
/// text stays as it is.
std::string neutralised(std::string_view text, const std::vector<std::string>& tags);

}  // namespace exhibit::rest
