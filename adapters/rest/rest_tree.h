#pragma once

#include <string>
#include <string_view>

/// Text as a document tree, the Atlassian Document Format. Its text nodes are never parsed, so nothing needs escaping.
/// Pure.
namespace exhibit::rest {

/// One code block for columns, else one paragraph with its line ends; `link` stands behind it as a link.
std::string text_tree(std::string_view text, bool columns, std::string_view link);

/// The text of any such tree, JSON in; for one of `text_tree` exactly what went in.
std::string text_of_tree(std::string_view json);

}  // namespace exhibit::rest
