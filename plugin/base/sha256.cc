#include "base/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"

namespace exhibit {
namespace {

/// Looked up once: OpenSSL 3 searches its providers at each use otherwise, which costs more than hashing a short text.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

constexpr std::size_t block_bytes = 64;

void append_field(std::string& out, std::string_view text) {
  std::array<char, 8> length{};
  for (std::size_t i = 0; i < length.size(); ++i)
    length[i] = static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (56 - 8 * i) & 0xFF);
  out.append(length.data(), length.size()).append(text);
}

}  // namespace

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EXHIBIT_ASSERT(state_->context && EVP_DigestInit_ex(state_->context.get(), algorithm(), nullptr) == 1);
}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(ByteView bytes) {
  EXHIBIT_ASSERT(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

void Sha256::add_field(std::string_view text) {
  std::string field;
  append_field(field, text);
  add(as_bytes(field));
}

Digest Sha256::finish() {
  Digest digest{};
  EXHIBIT_ASSERT(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1);
  return digest;
}

/// With a context that each thread makes once: making one costs as much as hashing a short text.
Digest sha256(ByteView bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                                     &EVP_MD_CTX_free};
  Digest digest{};
  EXHIBIT_ASSERT(context && EVP_DigestInit_ex2(context.get(), algorithm(), nullptr) == 1 &&
                 EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                 EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return digest;
}

Digest sha256_of_fields(std::initializer_list<std::string_view> texts) {
  std::string fields;
  fields.reserve(200);
  for (const std::string_view text : texts) append_field(fields, text);
  return sha256(fields);
}

// RFC 2104.
Digest hmac_sha256(ByteView key, std::string_view text) {
  const Digest hashed = key.size() > block_bytes ? sha256(key) : Digest{};
  const ByteView used = key.size() > block_bytes ? ByteView(hashed) : key;
  const auto padded = [&](std::uint8_t with) {
    std::array<std::uint8_t, block_bytes> block{};
    std::copy(used.begin(), used.end(), block.begin());
    for (std::uint8_t& byte : block) byte ^= with;
    return std::string(block.begin(), block.end());
  };
  const Digest inner = sha256(cat(padded(0x36), text));
  return sha256(cat(padded(0x5C), as_text(inner)));
}

std::string hex(const Digest& digest) { return to_hex(digest); }

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace exhibit
