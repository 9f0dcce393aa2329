#include <openssl/evp.h>

#include "base/base64.h"
#include "base/sha256.h"
#include "base/text.h"
#include "web/web_server.h"

namespace exhibit {
namespace {

constexpr std::uint64_t cost = 1U << 15, block = 8, lanes = 1;
constexpr std::uint64_t memory_max = 256ULL << 20;  // What a stored hash may ask of us.
constexpr std::size_t hash_bytes = 32;

std::optional<Bytes> derive(std::string_view password, ByteView salt, std::uint64_t n, std::uint64_t r,
                            std::uint64_t p) {
  Bytes out(hash_bytes);
  if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), n, r, p, memory_max, out.data(),
                     out.size()) != 1)
    return std::nullopt;
  return out;
}

}  // namespace

std::string scrypt_hash(std::string_view password, ByteView salt) {
  const std::optional<Bytes> hash = derive(password, salt, cost, block, lanes);
  if (!hash) return {};
  return cat("scrypt$", cost, "$", block, "$", lanes, "$", encode_base64(salt), "$", encode_base64(*hash));
}

bool scrypt_matches(std::string_view password, std::string_view stored) {
  const std::vector<std::string_view> parts = split(stored, "$");
  if (parts.size() != 6 || parts[0] != "scrypt") return false;
  const auto n = parse_number<std::uint64_t>(parts[1]), r = parse_number<std::uint64_t>(parts[2]),
             p = parse_number<std::uint64_t>(parts[3]);
  const Result<Bytes> salt = decode_base64(parts[4], 64), hash = decode_base64(parts[5], hash_bytes);
  if (!n || !r || !p || *p > 4 || !salt || !hash || hash->size() != hash_bytes) return false;
  const std::optional<Bytes> made = derive(password, *salt, *n, *r, *p);
  return made && equal_in_constant_time(as_text(*made), as_text(*hash));
}

}  // namespace exhibit
