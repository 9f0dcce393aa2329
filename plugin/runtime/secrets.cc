#include "runtime/secrets.h"

#include <openssl/crypto.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::size_t secret_max = 4096;

Result<Secret> from_file(const std::string& folder, const std::string& name) {
  const std::string path = name.starts_with('/') ? name : cat(folder, "/", name);
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Errc::not_found, cat("the secret file ", path, " cannot be read")};
  std::string value(secret_max, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  value.resize(static_cast<std::size_t>(file.gcount()));
  while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
  return Secret(std::move(value));
}

std::optional<SecretReference> reference_in(const Json& value) {
  if (!value.is_object() || value.size() != 1 || !value.begin()->is_string()) return std::nullopt;
  for (const auto& [key, kind] : {std::pair{"env", SecretReference::Kind::env},
                                  {"file", SecretReference::Kind::file},
                                  {"host", SecretReference::Kind::host}})
    if (value.begin().key() == key) return SecretReference{kind, value.begin()->get<std::string>()};
  return std::nullopt;
}

Result<void> resolve(Json& value, const SecretSource& secrets) {
  if (const auto reference = reference_in(value)) {
    const Result<Secret> secret = secrets(*reference);
    if (!secret) return secret.error();
    value = secret->reveal();
    return {};
  }
  if (value.is_structured())
    for (Json& part : value)
      if (Result<void> resolved = resolve(part, secrets); !resolved) return resolved;
  return {};
}

}  // namespace

void Secret::wipe() {
  if (!value_.empty()) OPENSSL_cleanse(value_.data(), value_.size());
}

SecretSource make_secret_source(std::string folder,
                                std::function<Result<std::string>(const std::string& name)> ask_host) {
  return
      [folder = std::move(folder), ask_host = std::move(ask_host)](const SecretReference& reference) -> Result<Secret> {
        switch (reference.kind) {
          case SecretReference::Kind::none: return Secret("");
          case SecretReference::Kind::file: return from_file(folder, reference.name);
          case SecretReference::Kind::env:
            if (const char* value = std::getenv(reference.name.c_str())) return Secret(value);
            return Error{Errc::not_found, cat("the environment variable ", reference.name, " is not set")};
          case SecretReference::Kind::host: break;
        }
        Result<std::string> value = ask_host(reference.name);
        if (!value) return value.error();
        return Secret(std::move(*value));
      };
}

Result<Secret> with_secrets(const std::string& json, const SecretSource& secrets) {
  Json document = parse_json(json).value_or(Json::object());
  if (const Result<void> resolved = resolve(document, secrets); !resolved) return resolved.error();
  return Secret(document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace exhibit
