#include "config/settings.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "config/settings_reader.h"
#include "embedded/schemas.h"

namespace exhibit {
namespace {

bool is_loopback(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  return parsed && (parsed->is_v6() ? parsed->text() == "::1" : parsed->bytes()[0] == 127);
}

void read_web(const Json& json, HostSettings& host, SettingsReader& read) {
  const Json* web = SettingsReader::member(json, "web");
  if (!web) return;
  if (const std::string listen = text_at(*web, "listen"); !listen.empty()) {
    const std::size_t colon = listen.rfind(':');
    host.web_address = listen.substr(0, colon);
    if (host.web_address.starts_with('[')) host.web_address = host.web_address.substr(1, host.web_address.size() - 2);
    const auto port = parse_number<std::uint16_t>(listen.substr(colon + 1));
    if (!port || !IpAddress::parse(host.web_address)) read.wrong("/web/listen", "no address and port", "0.0.0.0:8443");
    host.web_port = port.value_or(0);
  }
  host.web_certificate = text_at(*web, "certificate");
  host.web_key = text_at(*web, "key");
  if (host.web_certificate.empty() != host.web_key.empty()) read.wrong("/web", "certificate and key go together");
  if (host.web_certificate.empty() && !is_loopback(host.web_address))
    read.wrong("/web/listen", "plain HTTP is only served on loopback", "give certificate and key");
  SettingsReader::duration(*web, "session", host.session);
}

void read_users(const Json& json, HostSettings& host, SettingsReader& read) {
  std::set<std::string> names;
  const Json* users = SettingsReader::member(json, "users");
  for (std::size_t i = 0; users && i < users->size(); ++i) {
    const Json& entry = users->at(i);
    UserSettings user{text_at(entry, "name"), text_at(entry, "scrypt"), {}, text_at(entry, "role") == "operator"};
    for (const Json& tenant : entry.at("tenants")) user.tenants.push_back({tenant.get<std::string>()});
    if (!names.insert(user.name).second) read.wrong(cat("/users/", i, "/name"), "two users have this name");
    host.users.push_back(std::move(user));
  }
}

void read_api(const Json& json, HostSettings& host) {
  const Json* callers = SettingsReader::member(json, "api");
  for (std::size_t i = 0; callers && i < callers->size(); ++i) {
    const Json& entry = callers->at(i);
    ApiSettings caller{text_at(entry, "name"), text_at(entry, "sha256"), {}};
    for (const Json& tenant : entry.at("tenants")) caller.tenants.push_back({tenant.get<std::string>()});
    host.api.push_back(std::move(caller));
  }
}

void read_desks(const Json& json, HostSettings& host, SettingsReader& read) {
  for (const auto& [name, entry] : json.at("desks").items()) {
    DeskSettings desk;
    desk.name = {name};
    desk.adapter = text_at(entry, "adapter");
    desk.profile = text_at(entry, "profile");
    desk.url = text_at(entry, "url");
    desk.ca = text_at(entry, "ca");
    while (desk.url.ends_with('/')) desk.url.pop_back();
    desk.mode = text_at(entry, "mode");
    if (const Json* login = SettingsReader::member(entry, "login")) desk.login_json = login->dump();
    if (const Json* mailbox = SettingsReader::member(entry, "mailbox")) desk.mailbox_json = mailbox->dump();
    if (const Json* map = SettingsReader::member(entry, "map")) desk.map_json = map->dump();
    if (const Json* many = SettingsReader::member(entry, "concurrency")) desk.concurrency = many->get<int>();
    desk.runner_per_tenant = text_at(entry, "runner") == "tenant";
    if (const Json* ceiling = SettingsReader::member(entry, "calls_per_hour"))
      desk.calls_per_hour = ceiling->get<std::int64_t>();
    desk.inbox = SettingsReader::texts(entry, "inbox");
    desk.templates = read.templates(entry, cat("/desks/", name), {});
    SettingsReader::duration(entry, "settle", desk.settle);
    SettingsReader::duration(entry, "deadline", desk.deadline);
    SettingsReader::duration(entry, "retry", desk.retry);
    SettingsReader::duration(entry, "poll", desk.poll);
    if (desk.adapter == "rest" && desk.profile.empty())
      read.wrong(cat("/desks/", name), "\"profile\" is missing", "a rest desk needs one, such as servicenow or rt5");
    if (desk.url.empty() && desk.adapter != "host")
      read.wrong(cat("/desks/", name), "\"url\" is missing", "only the host's own tickets (adapter: host) have none");
    if (desk.mode == "conversational" && desk.mailbox_json.empty())
      read.wrong(cat("/desks/", name), "\"mailbox\" is missing", "a conversation needs the mailbox of its answers");
    host.desks.emplace(desk.name, std::move(desk));
  }
  for (auto& [name, desk] : host.desks)  // They name each other.
    if (const Json* people = SettingsReader::member(json.at("desks").at(name.text), "while_down"))
      desk.while_down = read.mail_to_people(*people, cat("/desks/", name.text, "/while_down"), host);
  if (const Json* found = SettingsReader::member(json, "operator")) {
    if (SettingsReader::member(*found, "mail")) host.operator_mail = read.mail_to_people(*found, "/operator", host);
    host.operator_desk = DeskId{text_at(*found, "desk")};
    if (!host.desks.contains(*host.operator_desk)) read.wrong("/operator/desk", "no desk has this name");
    if (const Json* map = SettingsReader::member(*found, "map")) host.operator_map_json = map->dump();
  }
}

}  // namespace

std::string merged_maps(const std::string& under, const std::string& over) {
  if (over == "{}") return under;  // Most of what is sent.
  Json map = parse_json(under).value_or(Json::object());
  map.update(parse_json(over).value_or(Json::object()));
  return map.dump();
}

std::optional<Nanoseconds> parse_duration(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == std::string_view::npos) return std::nullopt;
  const auto number = parse_number<std::int64_t>(text.substr(0, digits));
  const std::string_view unit = trim(text.substr(digits));
  if (!number || *number > 1'000'000) return std::nullopt;
  if (unit == "ms") return std::chrono::milliseconds{*number};
  if (unit == "s") return std::chrono::seconds{*number};
  if (unit == "min") return std::chrono::minutes{*number};
  if (unit == "h") return std::chrono::hours{*number};
  if (unit == "d") return std::chrono::hours{24 * *number};
  return std::nullopt;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_number<std::uint64_t>(text.substr(0, digits));
  const std::string_view unit = trim(text.substr(digits));
  if (!number || *number > 1'000'000) return std::nullopt;
  if (unit == "MiB") return *number << 20;
  if (unit == "GiB") return *number << 30;
  if (unit == "TiB") return *number << 40;
  return std::nullopt;
}

std::optional<HostSettings> read_host_settings(std::string_view yaml, std::vector<Mistake>& mistakes) {
  const auto document = checked(yaml, schemas::host, mistakes);
  if (!document) return std::nullopt;
  const Json& json = document->json();
  SettingsReader read(*document, mistakes);
  HostSettings host;
  host.public_url = text_at(json, "public_url");
  host.state = text_at(json, "state");
  host.runner = text_at(json, "runner");
  read_web(json, host, read);
  read_users(json, host, read);
  read_api(json, host);
  read_desks(json, host, read);
  host.keep = read.keep(json, {});
  return !any_mistake(mistakes) ? std::optional(std::move(host)) : std::nullopt;
}

}  // namespace exhibit
