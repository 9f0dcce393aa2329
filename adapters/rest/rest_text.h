#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// From our plain texts to the desk's kind of text, and back. Pure.
///
/// Whatever a stranger put into a packet must be shown as it is, and never be obeyed: no tag, no link, no macro. What
/// analysts read is laid out in columns, so it stands in a block that keeps them.
namespace exhibit::rest {

/// unfolded: plain, for a desk that folds away what looks like a quoted mail.
enum class TextFormat { plain, unfolded, html, markdown, textile, wiki, adf };

/// plain unfolded html markdown textile wiki adf; anything else is plain.
TextFormat text_format(std::string_view name);

enum class Layout { prose, columns };

/// For ADF the result is the document's JSON. A line that is just our own `link`, or ends in it, keeps it as a link.
std::string rendered(std::string_view text, TextFormat format, Layout layout, std::string_view link);

/// The text that `rendered` was given, as the desk hands it back: line ends may have become CRLF. A text that was not
/// made by `rendered` comes back readable, but as it is.
std::string unrendered(std::string_view markup, TextFormat format);

/// At most `code_points_max` of the text, cut between two of them, and `word` in its place when something is missing.
std::string cut_with_word(std::string_view text, std::size_t code_points_max, std::string_view word);

}  // namespace exhibit::rest
