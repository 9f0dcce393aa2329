#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The encodings of mail: what may stand in a header, a body, a parameter. Pure. Lines end in CRLF.
namespace exhibit::email {

/// A header with its folding: "Subject: ...\r\n". The value is made harmless first, so that no foreign CR, LF or NUL
/// gets through. What is not plain printable ASCII, or could be taken for an encoded word, is written as encoded words
/// (RFC 2047).
std::string header(std::string_view name, std::string_view value);

/// A header of tokens that must stay as they are (addresses, message ids), folded between them. Each must be printable
/// ASCII; the caller has checked it.
std::string token_header(std::string_view name, const std::vector<std::string>& tokens, std::string_view separator);

/// A display name and an address as a mailbox of RFC 5322.
std::string mailbox(std::string_view name, std::string_view address);

/// Quoted-printable (RFC 2045 6.7) of text whose lines end in LF. A line that begins with a dot or with "From " is
/// written so that no server can take it for anything else.
std::string quoted_printable(std::string_view text);

/// Base64 in lines of 76 characters.
std::string base64_lines(std::string_view bytes);

/// `name="value"`, or the RFC 2231 form for a value outside ASCII.
std::string parameter(std::string_view name, std::string_view value);

/// A file name that no desk can take for a path: no separators, no control characters, at most 120 characters.
std::string file_name(std::string_view name);

}  // namespace exhibit::email
