#pragma once

#include <string>
#include <string_view>

/// Text that Markdown, GitHub's included, shows as it is. Pure.
namespace exhibit::rest {

/// A fenced block, its fence longer than any in the text; `link` stands behind it.
std::string markdown_block(std::string_view text, std::string_view link);

/// Prose: every mark escaped, line ends kept, and what would become a link by itself in a code span.
std::string markdown(std::string_view text, std::string_view link);

/// The text that either was made of.
std::string markdown_back(std::string_view markup);

}  // namespace exhibit::rest
