#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "config/settings.h"

namespace exhibit {

/// A secret in memory: has no way into a stream or a log, and is overwritten when it goes.
class Secret {
 public:
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret() { wipe(); }
  /// For the one place that puts it on the wire.
  [[nodiscard]] const std::string& reveal() const { return value_; }

 private:
  void wipe();
  std::string value_;
};

/// Resolves a reference at the moment of use, so that a rotated secret needs no reload. Thread-safe.
using SecretSource = std::function<Result<Secret>(const SecretReference&)>;

/// env and file are read here; host goes to `ask_host`. A relative file is looked for under `folder`.
SecretSource make_secret_source(std::string folder,
                                std::function<Result<std::string>(const std::string& name)> ask_host);

/// A JSON document with {"env": …}, {"file": …} and {"host": …} objects replaced by the secrets that they name.
/// The error names the reference that leads nowhere.
Result<Secret> with_secrets(const std::string& json, const SecretSource& secrets);

}  // namespace exhibit
