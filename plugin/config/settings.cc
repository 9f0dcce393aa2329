#include "config/settings.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "embedded/schemas.h"

namespace exhibit {
namespace {

/// Reads a checked document; what a schema cannot say becomes a mistake here, at its place.
class Read {
 public:
  Read(const YamlDocument& document, std::vector<Mistake>& mistakes) : document_(document), mistakes_(mistakes) {}

  void wrong(const std::string& pointer, std::string what, std::string hint = {}) {
    const auto place = document_.places.find(pointer);
    const Place at = place == document_.places.end() ? Place{} : place->second;
    mistakes_.push_back({at.line, at.column, pointer, std::move(what), std::move(hint)});
  }

  static const Json* member(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  static void duration(const Json& object, const char* key, Nanoseconds& out) {
    if (const auto parsed = parse_duration(text_at(object, key))) out = *parsed;
  }

  static Login login(const Json& object) {
    const Json* found = member(object, "login");
    if (!found) return {};
    Login login{text_at(*found, "user"), {}};
    if (const Json* secret = member(*found, "password")) {
      for (const auto& [key, kind] : {std::pair{"env", SecretReference::Kind::env},
                                      {"file", SecretReference::Kind::file},
                                      {"host", SecretReference::Kind::host}})
        if (secret->contains(key)) login.password = {kind, text_at(*secret, key)};
    }
    return login;
  }

 private:
  const YamlDocument& document_;
  std::vector<Mistake>& mistakes_;
};

std::optional<YamlDocument> checked(std::string_view yaml, std::string_view schema, std::vector<Mistake>& mistakes) {
  Result<YamlDocument> document = read_yaml(yaml, mistakes);
  if (!document) {
    if (mistakes.empty()) mistakes.push_back({1, 1, "", document.error().text, ""});
    return std::nullopt;
  }
  check_schema(*document, schema, mistakes);
  return mistakes.empty() ? std::optional(std::move(*document)) : std::nullopt;
}

bool is_loopback(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  return parsed && (parsed->is_v6() ? parsed->text() == "::1" : parsed->bytes()[0] == 127);
}

void read_web(const Json& json, HostSettings& host, Read& read) {
  const Json* web = Read::member(json, "web");
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
  Read::duration(*web, "session", host.session);
}

void read_users(const Json& json, HostSettings& host, Read& read) {
  std::set<std::string> names;
  const Json* users = Read::member(json, "users");
  for (std::size_t i = 0; users && i < users->size(); ++i) {
    const Json& entry = users->at(i);
    UserSettings user{text_at(entry, "name"), text_at(entry, "scrypt"), {}, text_at(entry, "role") == "operator"};
    for (const Json& tenant : entry.at("tenants")) user.tenants.push_back({tenant.get<std::string>()});
    if (!names.insert(user.name).second) read.wrong(cat("/users/", i, "/name"), "two users have this name");
    host.users.push_back(std::move(user));
  }
}

void read_api(const Json& json, HostSettings& host) {
  const Json* callers = Read::member(json, "api");
  for (std::size_t i = 0; callers && i < callers->size(); ++i) {
    const Json& entry = callers->at(i);
    ApiSettings caller{text_at(entry, "name"), text_at(entry, "sha256"), {}};
    for (const Json& tenant : entry.at("tenants")) caller.tenants.push_back({tenant.get<std::string>()});
    host.api.push_back(std::move(caller));
  }
}

void read_desks(const Json& json, HostSettings& host, Read& read) {
  for (const auto& [name, entry] : json.at("desks").items()) {
    DeskSettings desk;
    desk.name = {name};
    desk.adapter = text_at(entry, "adapter");
    desk.profile = text_at(entry, "profile");
    desk.url = text_at(entry, "url");
    desk.ca = text_at(entry, "ca");
    while (desk.url.ends_with('/')) desk.url.pop_back();
    desk.mode = text_at(entry, "mode");
    if (const Json* login = Read::member(entry, "login")) desk.login_json = login->dump();
    if (const Json* mailbox = Read::member(entry, "mailbox")) desk.mailbox_json = mailbox->dump();
    if (const Json* map = Read::member(entry, "map")) desk.map_json = map->dump();
    if (const Json* many = Read::member(entry, "concurrency")) desk.concurrency = many->get<int>();
    if (const Json* ceiling = Read::member(entry, "calls_per_hour")) desk.calls_per_hour = ceiling->get<std::int64_t>();
    Read::duration(entry, "settle", desk.settle);
    Read::duration(entry, "deadline", desk.deadline);
    Read::duration(entry, "retry", desk.retry);
    Read::duration(entry, "poll", desk.poll);
    if (desk.adapter == "rest" && desk.profile.empty())
      read.wrong(cat("/desks/", name), "\"profile\" is missing", "a rest desk needs one, such as servicenow or rt5");
    if (desk.url.empty() && desk.adapter != "host")
      read.wrong(cat("/desks/", name), "\"url\" is missing", "only the host's own tickets (adapter: host) have none");
    if (desk.mode == "conversational" && desk.mailbox_json.empty())
      read.wrong(cat("/desks/", name), "\"mailbox\" is missing", "a conversation needs the mailbox of its answers");
    host.desks.emplace(desk.name, std::move(desk));
  }
  if (const Json* found = Read::member(json, "operator")) {
    host.operator_desk = DeskId{text_at(*found, "desk")};
    if (!host.desks.contains(*host.operator_desk)) read.wrong("/operator/desk", "no desk has this name");
    if (const Json* map = Read::member(*found, "map")) host.operator_map_json = map->dump();
  }
}

void read_sensor_timing(const Json& entry, SensorSettings& sensor) {
  CaptureTracker::Settings& captures = sensor.captures;
  if (const Json* ring = Read::member(entry, "ring")) captures.ring.files = ring->get<int>();
  if (const Json* writers = Read::member(entry, "writers")) captures.ring.writers = writers->get<int>();
  Read::duration(entry, "log_time", captures.ring.log_time);
  Read::duration(entry, "margin", captures.margin);
  if (const auto retry = parse_duration(text_at(entry, "retry"))) {
    captures.retry_first = *retry;
    captures.confirm_wait = std::min(captures.confirm_wait, *retry);
    sensor.subscription.retry_first = std::min(sensor.subscription.retry_first, *retry);
  }
  if (const auto poll = parse_duration(text_at(entry, "long_poll")))
    sensor.subscription.long_poll = std::chrono::duration_cast<std::chrono::seconds>(*poll);
}

SensorSettings read_sensor(const Json& entry, const std::string& pointer, Read& read) {
  SensorSettings sensor;
  sensor.name = {text_at(entry, "name")};
  std::string url = text_at(entry, "url");
  while (url.ends_with('/')) url.pop_back();
  sensor.tls = url.starts_with("https://");
  std::string_view authority = std::string_view(url).substr(sensor.tls ? 8 : 7);
  sensor.port = sensor.tls ? 443 : 80;
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    const auto port = parse_number<std::uint16_t>(authority.substr(colon + 1));
    if (!port || *port == 0) read.wrong(pointer + "/url", "the port is no port");
    sensor.port = port.value_or(0);
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  sensor.host = authority;
  sensor.pin = text_at(entry, "pin").substr(std::min<std::size_t>(7, text_at(entry, "pin").size()));
  sensor.legacy_tls = text_at(entry, "tls") == "legacy";
  if (sensor.legacy_tls && sensor.pin.empty())
    read.wrong(pointer + "/tls", "legacy TLS needs a pin", "without one anybody could be the sensor");
  sensor.login = Read::login(entry);
  if (const std::string path = text_at(entry, "path"); !path.empty()) sensor.subscription.path = path;
  if (const Json* force = Read::member(entry, "force")) sensor.subscription.force = force->get<bool>();
  read_sensor_timing(entry, sensor);
  if (sensor.captures.ring.writers >= sensor.captures.ring.files)
    sensor.captures.ring.writers = std::max(1, sensor.captures.ring.files / 3);
  return sensor;
}

void read_policy(const Json& json, TenantSettings& tenant) {
  const Json* policy = Read::member(json, "policy");
  if (!policy) return;
  if (const auto severity = parse_severity(text_at(*policy, "ticket_from"))) tenant.policy.ticket_from = *severity;
  if (const auto severity = parse_severity(text_at(*policy, "capture_from"))) tenant.policy.capture_from = *severity;
  if (const Json* risk = Read::member(*policy, "ticket_from_risk")) tenant.policy.ticket_from_risk = risk->get<int>();
  Read::duration(*policy, "group_window", tenant.group_window);
  Read::duration(*policy, "reopen_within", tenant.reopen_within);
}

void read_tenant_desk(const Json& json, const HostSettings& host, TenantSettings& tenant, Read& read) {
  const Json& desk = json.at("desk");
  tenant.desk = {text_at(desk, "use")};
  if (!host.desks.contains(tenant.desk)) {
    std::vector<std::string> names;
    for (const auto& [name, settings] : host.desks) names.push_back(name.text);
    read.wrong("/desk/use", "no desk has this name", cat("known: ", join(names, ", ")));
  }
  const auto shared = host.desks.find(tenant.desk);
  const Json* const own = Read::member(desk, "map");
  tenant.map_json = merged_maps(shared == host.desks.end() ? "{}" : shared->second.map_json, own ? own->dump() : "{}");
  for (const Disclosure level : {Disclosure::full, Disclosure::masked, Disclosure::headers, Disclosure::none})
    if (token(level) == text_at(desk, "disclosure")) tenant.disclosure = level;
  const std::string attach = text_at(desk, "attach");
  tenant.attach = attach == "trigger_packet" ? AttachPolicy::trigger_packet
                  : attach == "capture"      ? AttachPolicy::capture
                                             : AttachPolicy::none;
}

}  // namespace

std::string merged_maps(const std::string& under, const std::string& over) {
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

std::optional<HostSettings> read_host_settings(std::string_view yaml, std::vector<Mistake>& mistakes) {
  const auto document = checked(yaml, schemas::host, mistakes);
  if (!document) return std::nullopt;
  const Json& json = document->json();
  Read read(*document, mistakes);
  HostSettings host;
  host.public_url = text_at(json, "public_url");
  host.state = text_at(json, "state");
  host.runner = text_at(json, "runner");
  read_web(json, host, read);
  read_users(json, host, read);
  read_api(json, host);
  read_desks(json, host, read);
  return mistakes.empty() ? std::optional(std::move(host)) : std::nullopt;
}

std::optional<TenantSettings> read_tenant_settings(std::string_view yaml, const HostSettings& host,
                                                   std::vector<Mistake>& mistakes) {
  const auto document = checked(yaml, schemas::tenant, mistakes);
  if (!document) return std::nullopt;
  const Json& json = document->json();
  Read read(*document, mistakes);
  TenantSettings tenant;
  tenant.tenant = {text_at(json, "tenant")};
  tenant.name = Read::member(json, "name") ? text_at(json, "name") : tenant.tenant.text;
  if (const std::string zone = text_at(json, "zone"); !zone.empty()) tenant.zone_name = zone;
  const Json* networks = Read::member(json, "networks");
  for (std::size_t i = 0; networks && i < networks->size(); ++i) {
    const auto network = Network::parse(networks->at(i).get<std::string>());
    if (network)
      tenant.networks.push_back(*network);
    else
      read.wrong(cat("/networks/", i), "no network", "198.51.100.0/24, with zeros behind the prefix");
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < json.at("sensors").size(); ++i) {
    SensorSettings sensor = read_sensor(json.at("sensors").at(i), cat("/sensors/", i), read);
    if (!names.insert(sensor.name.text).second) read.wrong(cat("/sensors/", i, "/name"), "two sensors have this name");
    tenant.sensors.push_back(std::move(sensor));
  }
  read_tenant_desk(json, host, tenant, read);
  read_policy(json, tenant);
  return mistakes.empty() ? std::optional(std::move(tenant)) : std::nullopt;
}

}  // namespace exhibit
