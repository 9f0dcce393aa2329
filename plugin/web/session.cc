#include "web/session.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"

namespace exhibit::web {
namespace {

constexpr std::size_t sessions_max = 4096, sessions_a_user = 32, shown_max = 512;
constexpr std::size_t gate_keys_max = 16'384;
constexpr int failures_max = 5;
constexpr std::chrono::minutes gate_window{5};

std::string key_of(std::string_view token) { return hex(sha256(token)); }

}  // namespace

std::string random_token() {
  std::array<std::uint8_t, 16> bytes{};
  EXHIBIT_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return to_hex(bytes);
}

bool Visitor::may_see(const TenantId& tenant) const {
  return std::any_of(tenants.begin(), tenants.end(),
                     [&](const TenantId& own) { return own == tenant || own.text == "*"; });
}

Sessions::Sessions(Nanoseconds life) : life_(life), secret_(random_token() + random_token()) {}

std::string Sessions::form_token(std::string_view nonce) const {
  return hex(hmac_sha256(as_bytes(secret_), cat("form ", nonce)));
}

void Sessions::make_room(const std::string& user, MonoTime now) {
  std::erase_if(sessions_, [&](const auto& entry) { return now - entry.second.opened >= life_; });
  const auto drop_oldest = [&](std::size_t bound, auto&& counts) {
    const auto same = std::count_if(sessions_.begin(), sessions_.end(), counts);
    if (static_cast<std::size_t>(same) < bound) return;
    auto oldest = sessions_.end();
    for (auto it = sessions_.begin(); it != sessions_.end(); ++it)
      if (counts(*it) && (oldest == sessions_.end() || it->second.opened < oldest->second.opened)) oldest = it;
    sessions_.erase(oldest);
  };
  drop_oldest(sessions_a_user, [&](const auto& entry) { return entry.second.user == user; });
  drop_oldest(sessions_max, [](const auto&) { return true; });
}

std::string Sessions::open(std::string user, std::vector<TenantId> tenants, Now now) {
  std::string token = random_token();
  std::string csrf = hex(hmac_sha256(as_bytes(secret_), cat("session ", token)));
  const std::lock_guard lock(mutex_);
  make_room(user, now.mono);
  sessions_[key_of(token)] = {std::move(user),    std::move(csrf), iso_utc(now.wall + life_),
                              std::move(tenants), now.mono,        {}};
  return token;
}

std::optional<Visitor> Sessions::find(std::string_view token, MonoTime now) const {
  if (token.size() != 32) return std::nullopt;
  const std::string key = key_of(token);
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(key);
  if (it == sessions_.end() || now - it->second.opened >= life_) return std::nullopt;
  return Visitor{it->second.user, it->second.tenants, key, it->second.csrf, it->second.until};
}

void Sessions::close(std::string_view token) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(key_of(token));
}

bool Sessions::not_yet_shown(const std::string& key, const std::string& what) const {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(key);
  return it == sessions_.end() || !it->second.shown.contains(what);
}

void Sessions::shown(const std::string& key, const std::string& what) {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(key);
  if (it == sessions_.end()) return;
  if (it->second.shown.size() >= shown_max) it->second.shown.clear();  // Then it is written down once more.
  it->second.shown.insert(what);
}

bool SignInGate::may_try(const std::string& user, const std::string& peer, MonoTime now) const {
  const std::lock_guard lock(mutex_);
  const auto it = failures_.find(cat(peer, " ", user));
  return it == failures_.end() || now - it->second.first >= gate_window || it->second.count < failures_max;
}

void SignInGate::failed(const std::string& user, const std::string& peer, MonoTime now) {
  const std::lock_guard lock(mutex_);
  const std::string key = cat(peer, " ", user);
  if (failures_.size() >= gate_keys_max)
    std::erase_if(failures_, [&](const auto& entry) { return now - entry.second.first >= gate_window; });
  if (failures_.size() >= gate_keys_max && !failures_.contains(key)) return;  // A flood; memory comes first.
  Failures& entry = failures_[key];
  if (entry.count == 0 || now - entry.first >= gate_window) entry = {0, now};
  ++entry.count;
}

void SignInGate::succeeded(const std::string& user, const std::string& peer) {
  const std::lock_guard lock(mutex_);
  failures_.erase(cat(peer, " ", user));
}

}  // namespace exhibit::web
