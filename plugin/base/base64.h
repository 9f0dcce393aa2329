#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/values.h"

namespace exhibit {

/// RFC 4648 section 4, strict, but for white space, which sensors put between the lines.
/// bad_input: a character outside the alphabet, wrong padding, or bits set behind the last byte. too_large: over the
/// bound.
Result<Bytes> decode_base64(std::string_view text, std::size_t bytes_max);
std::string encode_base64(ByteView bytes);

/// RFC 4648 section 6, upper case, without padding.
std::string encode_base32(ByteView bytes);

}  // namespace exhibit
