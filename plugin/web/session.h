#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/values.h"

namespace exhibit::web {

/// 128 random bits as hex.
std::string random_token();

/// Who is looking.
struct Visitor {
  std::string user;
  std::vector<TenantId> tenants;  ///< "*" is every one.
  std::string key;                ///< Names the session inside `Sessions`; not the cookie.
  std::string csrf;               ///< Goes into every form and comes back with every POST.
  std::string until;              ///< When the session ends by the wall clock, to be shown.

  [[nodiscard]] bool may_see(const TenantId& tenant) const;
};

/// Who is signed in, by the random token in their cookie; only its hash is kept. A session ends `life` after sign-in by
/// the monotonic clock. At most 4,096, 32 a user; the oldest go first. Thread-safe.
class Sessions {
 public:
  explicit Sessions(Nanoseconds life);

  /// The token for the cookie.
  std::string open(std::string user, std::vector<TenantId> tenants, Now now);
  [[nodiscard]] std::optional<Visitor> find(std::string_view token, MonoTime now) const;
  void close(std::string_view token);

  /// True the first time that this session is shown this; then it must be written down.
  [[nodiscard]] bool not_yet_shown(const std::string& key, const std::string& what) const;
  void shown(const std::string& key, const std::string& what);

  /// For a form that somebody without a session sends.
  [[nodiscard]] std::string form_token(std::string_view nonce) const;
  [[nodiscard]] Nanoseconds life() const { return life_; }

 private:
  struct Session {
    std::string user, csrf, until;
    std::vector<TenantId> tenants;
    MonoTime opened{};
    std::set<std::string> shown;
  };
  void make_room(const std::string& user, MonoTime now);

  Nanoseconds life_;
  std::string secret_;
  mutable std::mutex mutex_;
  std::map<std::string, Session> sessions_;  // By the token's hash.
};

/// Slows down who guesses passwords: after five failures of one user from one address nothing more of that pair is
/// tried for five minutes. Neither the user elsewhere nor others behind the same address are locked out. Thread-safe;
/// bounded.
class SignInGate {
 public:
  [[nodiscard]] bool may_try(const std::string& user, const std::string& peer, MonoTime now) const;
  void failed(const std::string& user, const std::string& peer, MonoTime now);
  void succeeded(const std::string& user, const std::string& peer);

 private:
  struct Failures {
    int count = 0;
    MonoTime first{};
  };

  mutable std::mutex mutex_;
  std::map<std::string, Failures> failures_;
};

}  // namespace exhibit::web
