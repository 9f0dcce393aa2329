#include "adapters/rest/rest_session.h"

#include <algorithm>

namespace exhibit::rest {
namespace {

/// What a login that failed means for the request that was never sent.
HttpAnswer not_sent(const Error& error) {
  return {.rc = error.code == Errc::denied ? EXH_DENIED : EXH_RETRY, .content_type = {}, .body = error.text};
}

}  // namespace

Result<std::string> TokenBox::get(std::int64_t now_s, const std::string& refused, const LogIn& log_in) {
  const std::lock_guard lock(mutex_);
  const bool good = !token_.access.empty() && now_s < renew_at_s_ && token_.access != refused;
  if (good) return token_.access;
  Result<Token> fresh = log_in(token_.refresh);
  // A refresh token may have been used up or revoked: the login itself is still there.
  if (!fresh && fresh.error().code == Errc::denied && !token_.refresh.empty()) fresh = log_in("");
  if (!fresh) {
    token_ = {};
    return fresh.error();
  }
  const std::string refresh = fresh->refresh.empty() ? token_.refresh : fresh->refresh;
  token_ = *fresh;
  token_.refresh = refresh;
  renew_at_s_ =
      now_s + std::max<std::int64_t>(1, token_.lifetime_s - std::max<std::int64_t>(30, token_.lifetime_s / 10));
  return token_.access;
}

Result<std::string> Session::token(const std::string& refused) {
  return tokens_->get(clock_(), refused, [this](const std::string& refresh) {
    return read_token(ask_(token_request(*login_.oauth, refresh)));
  });
}

HttpAnswer Session::ask(const Profile& profile, HttpRequest request) {
  std::string access;
  for (int round = 0;; ++round) {
    if (login_.oauth) {
      const Result<std::string> token_now = token(access);
      if (!token_now) return not_sent(token_now.error());
      access = *token_now;
    }
    const Result<Authorization> authorization = authorize(profile, login_, access);
    if (!authorization) return not_sent(authorization.error());
    HttpRequest made = request;
    made.headers.insert(made.headers.end(), authorization->headers.begin(), authorization->headers.end());
    HttpAnswer answer = ask_(made);
    if (!access.empty()) answer.body = replace_all(answer.body, access, "[secret]");
    const bool refused = answer.rc == EXH_OK && answer.status == 401 && login_.oauth;
    if (!refused || round != 0) return answer;
  }
}

}  // namespace exhibit::rest
