// Any text as base64, beside OpenSSL's coder: the same bytes or both refuse. The first byte is the bound.

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/text.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

std::string encoded(const unsigned char* bytes, std::size_t size) {
  std::string text((size + 2) / 3 * 4 + 1, '\0');
  text.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size))));
  return text;
}

/// What OpenSSL reads there. It takes more than RFC 4648 allows, so only what it writes back as it stood counts.
std::optional<Bytes> judged(const std::string& text) {
  Bytes bytes(text.size() / 4 * 3 + 3);
  const int size =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  if (static_cast<std::size_t>(size) < padding) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return encoded(bytes.data(), bytes.size()) == text ? std::optional(bytes) : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t bound = input.byte() * std::size_t{16};
  const std::string_view text = input.rest();
  std::string packed;
  for (const char c : text)
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') packed += c;
  const Result<Bytes> read = decode_base64(text, bound);
  const std::optional<Bytes> other = judged(packed);
  if (read) {
    demand(read->size() <= bound, "the bound is kept");
    demand(other && *read == *other, "OpenSSL reads the same");
  } else {
    demand(!other || other->size() > bound, "what OpenSSL reads within the bound is read");
    demand(read.error().code != Errc::too_large || packed.size() / 4 * 3 + 3 > bound,
           "too large is larger than the bound");
  }
  const ByteView bytes(data, size);
  demand(encode_base64(bytes) == encoded(data, size), "OpenSSL writes the same");
  const Result<Bytes> back = decode_base64(encode_base64(bytes), size);
  demand(back && std::equal(back->begin(), back->end(), bytes.begin(), bytes.end()), "what was written is read again");
  const auto hex_back = from_hex(to_hex(bytes));
  demand(hex_back && std::equal(hex_back->begin(), hex_back->end(), bytes.begin(), bytes.end()), "hex, there and back");
  return 0;
}
