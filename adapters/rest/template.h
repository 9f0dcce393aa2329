#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

/// How values get into requests: texts with "{name}" places, and JSON trees of such texts. Pure.
namespace exhibit::rest {

using Values = std::map<std::string, std::string, std::less<>>;

/// Puts the values into "{name}" places; an unknown name becomes the empty text. "{{" and "}}" are plain braces.
///
/// "{name|sql}" puts a backslash before ' and \, "{name|quoted}" before " and \; "{name|line}" makes one line of it.
std::string filled(std::string_view pattern, const Values& values);

/// RFC 3986: everything but the unreserved characters becomes %XX.
std::string percent_encoded(std::string_view text);

/// A JSON tree with its texts filled in, keys included. What becomes empty is left out: members, items, whole objects.
/// Objects with one special member become something else:
///
///   {"$number": "{priority}"}   a number; left out when it is none
///   {"$bool": "{x}"}            true for "true" and "1", else false
///   {"$json": "{tree}"}         the text read as JSON, such as a document of Jira's
///   {"$text": "{x}"}            the text, kept even when it is empty
///   {"$evidence": "base64"}     where the evidence goes; held as a binary value until the body is written
std::optional<Json> instantiated(const Json& pattern, const Values& values);

/// The scalars of an object as values, nested ones as "prefix.outer.inner"; no deeper than four levels.
void add_scalars(Values& values, const std::string& prefix, const Json& object, int depth = 4);

/// Text, number or bool as text; anything else as the empty text.
std::string scalar_text(const Json& value);

}  // namespace exhibit::rest
