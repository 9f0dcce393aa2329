#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/rest/profile.h"
#include "adapters/rest/rest_http.h"

/// From a login to what a request carries. Pure.
namespace exhibit::rest {

struct OAuth {
  std::string grant, token_url, client_id, client_secret, user, password, refresh_token, scope;
  bool client_in_basic = false;
};

struct Login {
  Values values;  ///< user, password, token, and whatever else the desk's settings name, such as client_id.
  Values headers;
  std::optional<OAuth> oauth;
  std::vector<std::string> secrets;  ///< None of them may stand in a result.
};

/// From a module's configuration. bad_input: what of it cannot be.
Result<Login> read_login(const Json& config);

struct Authorization {
  Headers headers;
  Values values;             ///< "{auth.NAME}" of bodies.
  bool wants_token = false;  ///< An access token of OAuth2 is needed, and was not given.
};

/// The profile's first way whose needs the login meets; a profile without ways takes bearer or basic.
/// denied: the login does not hold what any way needs.
Result<Authorization> authorize(const Profile& profile, const Login& login, std::string_view access_token);

struct Token {
  std::string access, refresh;
  std::int64_t lifetime_s = 3600;
};

/// RFC 6749 4.3, 4.4 and 6. A `refresh` token wins over the grant.
HttpRequest token_request(const OAuth& oauth, std::string_view refresh);
/// denied: the server refused the login. unavailable: it gave no token for another reason.
Result<Token> read_token(const HttpAnswer& answer);

/// The text with every secret of the login as "[secret]": a desk may repeat in an error what it was sent.
std::string without_secrets(std::string text, const Login& login);

}  // namespace exhibit::rest
