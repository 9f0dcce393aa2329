#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "adapters/rest/profile.h"
#include "adapters/rest/rest_auth.h"
#include "adapters/rest/rest_http.h"

namespace exhibit::rest {

/// The access token of one login, shared by the links that use it, so that sixteen links log in once. Thread-safe:
/// while one link logs in, the others wait for its token.
class TokenBox {
 public:
  using LogIn = std::function<Result<Token>(const std::string& refresh)>;

  /// A token that is good for a while yet, from `log_in` when there is none. `refused`: the token that the desk did not
  /// take; a newer one than that is not asked for again.
  Result<std::string> get(std::int64_t now_s, const std::string& refused, const LogIn& log_in);

 private:
  std::mutex mutex_;
  Token token_;
  std::int64_t renew_at_s_ = 0;
};

/// Requests of one link with its login. A refused access token costs exactly one new login and one repeat: a 401 says
/// that nothing was done. Not thread-safe; the link's thread owns it.
class Session {
 public:
  /// Sends one request; the operation's evidence goes where the request has its place.
  using Ask = std::function<HttpAnswer(const HttpRequest& request)>;
  using Clock = std::function<std::int64_t()>;  ///< Seconds that never go back.

  Session(Ask ask, Login login, std::shared_ptr<TokenBox> tokens, Clock clock)
      : ask_(std::move(ask)), login_(std::move(login)), tokens_(std::move(tokens)), clock_(std::move(clock)) {}

  HttpAnswer ask(const Profile& profile, HttpRequest request);
  [[nodiscard]] const Login& login() const { return login_; }

 private:
  Result<std::string> token(const std::string& refused);

  Ask ask_;
  Login login_;
  std::shared_ptr<TokenBox> tokens_;
  Clock clock_;
};

}  // namespace exhibit::rest
