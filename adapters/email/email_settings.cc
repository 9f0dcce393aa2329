#include "adapters/email/email_settings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace exhibit::email {
namespace {

constexpr std::size_t recipients_max = 50;

Json object_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

bool has_breaks(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

Result<Login> login_of(const Json& json) {
  Login login{.user = text_at(json, "user"), .password = text_at(json, "password"), .token = text_at(json, "token")};
  if (has_breaks(login.user) || has_breaks(login.password) || has_breaks(login.token))
    return Error{Errc::bad_input, "the mail login holds a line break"};
  if (login.user.empty() && !(login.password.empty() && login.token.empty()))
    return Error{Errc::bad_input, "the mail login needs a user"};
  return login;
}

Result<Server> server_of(std::string_view url, const Json& login, const std::string& ca, const std::string& tls,
                         std::string_view kind) {
  const Error wrong{Errc::bad_input, cat("no address of a mail server: ", kind, "://HOST:PORT is meant")};
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return wrong;
  Server server;
  server.scheme = to_lower(url.substr(0, colon));
  server.ca = ca;
  if (server.scheme != kind && server.scheme != cat(kind, 's')) return wrong;
  std::string_view rest = url.substr(colon + 3);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t port = rest.find(':', rest.starts_with('[') ? rest.find(']') : 0);
  server.host = rest.substr(0, port);
  server.port = port == std::string_view::npos ? "" : rest.substr(port + 1);
  if (server.host.empty() || server.host.find_first_of("/@?# \r\n%") != std::string::npos) return wrong;
  if (port != std::string_view::npos && !parse_number<std::uint16_t>(server.port)) return wrong;
  Result<Login> checked = login_of(login);
  if (!checked) return checked.error();
  server.login = *std::move(checked);
  if (server.scheme.ends_with('s'))
    server.tls = Tls::implicit;
  else if (tls == "none")
    server.tls = Tls::none;
  else if (is_this_machine(server.host) && ca.empty() && tls != "required")
    server.tls = server.login.empty() ? Tls::none : Tls::if_offered;
  return server;
}

/// "exhibit@msp.example" or "Exhibit <exhibit@msp.example>".
Result<void> put_sender(const std::string& text, Settings& settings) {
  settings.from = text;
  if (const std::size_t bracket = text.find('<'); bracket != std::string::npos && text.ends_with('>')) {
    settings.from_name = trim(std::string_view(text).substr(0, bracket));
    settings.from = text.substr(bracket + 1, text.size() - bracket - 2);
  }
  if (!is_address(settings.from)) return Error{Errc::bad_input, "map.from is not one mail address"};
  return {};
}

Result<void> put_recipients(const Json& map, Settings& settings) {
  const auto to = map.find("to");
  settings.to.clear();
  if (to != map.end() && to->is_string()) settings.to.push_back(to->get<std::string>());
  if (to != map.end() && to->is_array())
    for (const Json& one : *to) settings.to.push_back(one.is_string() ? one.get<std::string>() : std::string());
  if (settings.to.empty()) return Error{Errc::bad_input, "map.to names no recipient"};
  if (settings.to.size() > recipients_max) return Error{Errc::bad_input, "map.to names more than 50 recipients"};
  if (!std::all_of(settings.to.begin(), settings.to.end(), is_address))
    return Error{Errc::bad_input, "map.to holds something that is not one mail address in ASCII"};
  return {};
}

bool flag_at(const Json& map, const char* key) {
  const auto found = map.find(key);
  return found != map.end() && (found->is_boolean() ? found->get<bool>() : *found == "true");
}

void put_habits(const Json& map, Settings& settings) {
  if (map.contains("follow_ups")) settings.follow_ups = flag_at(map, "follow_ups");
  if (map.contains("audience")) settings.customer_only = text_at(map, "audience") == "customer";
}

Result<void> put_mode(const Json& config, const std::string& ca, const std::string& tls, Settings& settings) {
  const std::string mode = text_at(config, "mode");
  if (mode != "" && mode != "quiet" && mode != "conversational")
    return Error{Errc::bad_input, cat("no mode of a mail desk: ", harmless(cut_utf8(mode, 40)))};
  if (mode != "conversational") return {};
  settings.mode = Mode::conversational;
  settings.follow_ups = true;
  const Json mailbox = object_at(config, "mailbox");
  const Json login = mailbox.contains("login") ? object_at(mailbox, "login") : object_at(config, "login");
  Result<Server> server = server_of(text_at(mailbox, "url"), login, ca, tls, "imap");
  if (!server) return Error{Errc::bad_input, cat("mailbox: ", server.error().text)};
  if (server->login.empty()) return Error{Errc::bad_input, "mailbox: a login is needed to read a mailbox"};
  settings.mailbox = *std::move(server);
  return {};
}

}  // namespace

bool is_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size() || text.size() > 254) return false;
  if (text.find('@', at + 1) != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("<>()[]\\,;:\"").find(c) == std::string_view::npos;
  });
}

Result<Settings> settings_of(std::string_view config_json) {
  const Result<Json> config = parse_json(config_json);
  if (!config || !config->is_object()) return Error{Errc::bad_input, "the configuration is no JSON object"};
  const Json map = object_at(*config, "map");
  const std::string ca = text_at(*config, "ca"), tls = text_at(map, "tls");
  Result<Server> smtp = server_of(text_at(*config, "url"), object_at(*config, "login"), ca, tls, "smtp");
  if (!smtp) return smtp.error();
  Settings settings;
  settings.smtp = *std::move(smtp);
  if (const auto put = put_sender(text_at(map, "from"), settings); !put) return put.error();
  if (map.contains("to"))  // Without, each tenant names his own.
    if (const auto put = put_recipients(map, settings); !put) return put.error();
  settings.envelope_sender = settings.from;
  if (map.contains("envelope_sender")) settings.envelope_sender = text_at(map, "envelope_sender");
  if (!settings.envelope_sender.empty() && !is_address(settings.envelope_sender))
    return Error{Errc::bad_input, "map.envelope_sender is not one mail address"};
  put_habits(map, settings);
  if (const auto put = put_mode(*config, ca, tls, settings); !put) return put.error();
  return settings;
}

Result<Settings> for_tenant(const Settings& desk, std::string_view fields_json) {
  const Json fields = parse_json(fields_json).value_or(Json::object());
  Settings settings = desk;
  if (!fields.is_object()) return settings;
  put_habits(fields, settings);
  if (settings.mode == Mode::conversational) settings.follow_ups = true;
  if (!fields.contains("to") && !settings.to.empty()) return settings;
  if (const auto put = put_recipients(fields, settings); !put) return put.error();
  return settings;
}

}  // namespace exhibit::email
