#include "adapters/rest/rest_auth.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/json.h"

namespace exhibit::rest {
namespace {

constexpr std::size_t secret_bytes_min = 4;  // Shorter ones would blacken ordinary words.

Json object_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

OAuth oauth_of(const Json& json) {
  return {.grant = text_at(json, "grant"),
          .token_url = text_at(json, "token_url"),
          .client_id = text_at(json, "client_id"),
          .client_secret = text_at(json, "client_secret"),
          .user = text_at(json, "user"),
          .password = text_at(json, "password"),
          .refresh_token = text_at(json, "refresh_token"),
          .scope = text_at(json, "scope"),
          .client_in_basic = text_at(json, "client_auth") == "basic"};
}

std::string basic(std::string_view user, std::string_view password) {
  return cat("Basic ", encode_base64(as_bytes(cat(user, ":", password))));
}

const std::vector<AuthWay>& usual_ways() {
  static const std::vector<AuthWay> ways = {
      {.needs = {"token"}, .headers = {{"Authorization", "Bearer {token}"}}, .user = {}, .password = {}, .values = {}},
      {.needs = {"user", "password"}, .headers = {}, .user = "{user}", .password = "{password}", .values = {}}};
  return ways;
}

bool meets(const AuthWay& way, const Login& login, const Values& values) {
  if (way.oauth2 != login.oauth.has_value()) return false;
  return std::all_of(way.needs.begin(), way.needs.end(), [&](const std::string& name) {
    const auto found = values.find(name);
    return found != values.end() && !found->second.empty();
  });
}

Authorization taken(const AuthWay& way, const Login& login, const Values& values) {
  Authorization made;
  for (const auto& [name, pattern] : way.headers) made.headers.emplace_back(name, filled(pattern, values));
  for (const auto& [name, value] : login.headers) made.headers.emplace_back(name, value);
  if (!way.user.empty() || !way.password.empty())
    made.headers.emplace_back("Authorization", basic(filled(way.user, values), filled(way.password, values)));
  for (const auto& [name, pattern] : way.values) made.values[name] = filled(pattern, values);
  return made;
}

void add_secrets(Login& login, const Json& said) {
  for (const char* name : {"password", "token"}) login.secrets.push_back(text_at(said, name));
  for (const auto& [name, value] : login.headers) login.secrets.push_back(value);
  if (login.oauth)
    for (const std::string& secret : {login.oauth->client_secret, login.oauth->password, login.oauth->refresh_token})
      login.secrets.push_back(secret);
  const std::string user = text_at(said, "user"), password = text_at(said, "password");
  if (!user.empty()) login.secrets.push_back(basic(user, password).substr(6));
}

}  // namespace

Result<Login> read_login(const Json& config) {
  Login login;
  const Json said = object_at(config, "login");
  for (const auto& [name, value] : config.items()) login.values[name] = scalar_text(value);
  for (const auto& [name, value] : said.items()) login.values[name] = scalar_text(value);
  const Json headers = object_at(said, "headers");
  for (const auto& [name, value] : headers.items()) login.headers[name] = scalar_text(value);
  if (said.contains("oauth2")) {
    login.oauth = oauth_of(object_at(said, "oauth2"));
    const std::string& grant = login.oauth->grant;
    if (login.oauth->token_url.empty()) return Error{Errc::bad_input, "login/oauth2 needs a token_url"};
    if (grant != "client_credentials" && grant != "password" && grant != "refresh_token")
      return Error{Errc::bad_input, "login/oauth2/grant is client_credentials, password or refresh_token"};
  }
  add_secrets(login, said);
  return login;
}

Result<Authorization> authorize(const Profile& profile, const Login& login, std::string_view access_token) {
  Values values = login.values;
  values["access_token"] = access_token;
  const auto& ways = profile.auth.empty() ? usual_ways() : profile.auth;
  const auto way =
      std::find_if(ways.begin(), ways.end(), [&](const AuthWay& one) { return meets(one, login, values); });
  if (way != ways.end()) {
    Authorization made = taken(*way, login, values);
    made.wants_token = way->oauth2 && access_token.empty();
    return made;
  }
  Authorization made;
  for (const auto& [name, value] : login.headers) made.headers.emplace_back(name, value);
  if (login.oauth) {
    made.wants_token = access_token.empty();
    made.headers.emplace_back("Authorization", cat("Bearer ", access_token));
    return made;
  }
  // Its own headers, or no login at all, are the operator's word; half a login is a mistake.
  const bool said =
      std::any_of(login.secrets.begin(), login.secrets.end(), [](const auto& one) { return !one.empty(); });
  if (made.headers.empty() && said) return Error{Errc::denied, "the login does not hold what this profile needs"};
  return made;
}

HttpRequest token_request(const OAuth& oauth, std::string_view refresh) {
  const std::string_view held = !refresh.empty() ? refresh : std::string_view(oauth.refresh_token);
  const bool by_refresh = !refresh.empty() || oauth.grant == "refresh_token";
  std::string form = cat("grant_type=", by_refresh ? std::string("refresh_token") : oauth.grant);
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) form += cat("&", name, "=", percent_encoded(value));
  };
  if (!oauth.client_in_basic) add("client_id", oauth.client_id);
  if (!oauth.client_in_basic) add("client_secret", oauth.client_secret);
  if (by_refresh) add("refresh_token", held);
  if (!by_refresh && oauth.grant == "password") add("username", oauth.user);
  if (!by_refresh && oauth.grant == "password") add("password", oauth.password);
  add("scope", oauth.scope);
  HttpRequest made{.method = "POST",
                   .target = oauth.token_url,
                   .content_type = "application/x-www-form-urlencoded",
                   .body = std::move(form)};
  if (oauth.client_in_basic)
    made.headers.emplace_back("Authorization",
                              basic(percent_encoded(oauth.client_id), percent_encoded(oauth.client_secret)));
  return made;
}

Result<Token> read_token(const HttpAnswer& answer) {
  if (answer.rc != EXH_OK) return Error{Errc::unavailable, "the token server gave no answer"};
  const Result<Json> document = parse_json(answer.body);
  const std::string word = document && document->is_object() ? text_at(*document, "error") : std::string();
  if (answer.status == 400 || answer.status == 401 || answer.status == 403)
    return Error{Errc::denied,
                 cat("the token server refused the login: HTTP ", answer.status, " ", harmless(cut_utf8(word, 60)))};
  if (answer.status != 200 || !document || text_at(*document, "access_token").empty())
    return Error{Errc::unavailable, cat("the token server gave no token: HTTP ", answer.status)};
  Token token{.access = text_at(*document, "access_token"), .refresh = text_at(*document, "refresh_token")};
  if (const auto life = document->find("expires_in"); life != document->end())
    token.lifetime_s = parse_number<std::int64_t>(scalar_text(*life)).value_or(token.lifetime_s);
  return token;
}

std::string without_secrets(std::string text, const Login& login) {
  for (const std::string& secret : login.secrets)
    if (secret.size() >= secret_bytes_min && text.find(secret) != std::string::npos)
      text = replace_all(text, secret, "[secret]");
  return text;
}

}  // namespace exhibit::rest
