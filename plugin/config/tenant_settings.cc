#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "config/settings_reader.h"
#include "embedded/schemas.h"

namespace exhibit {
namespace {

void read_sensor_timing(const Json& entry, SensorSettings& sensor) {
  CaptureTracker::Settings& captures = sensor.captures;
  if (const Json* ring = SettingsReader::member(entry, "ring")) captures.ring.files = ring->get<int>();
  if (const Json* writers = SettingsReader::member(entry, "writers")) captures.ring.writers = writers->get<int>();
  SettingsReader::duration(entry, "log_time", captures.ring.log_time);
  SettingsReader::duration(entry, "margin", captures.margin);
  if (const auto retry = parse_duration(text_at(entry, "retry"))) {
    captures.retry_first = *retry;
    captures.confirm_wait = std::min(captures.confirm_wait, *retry);
    sensor.subscription.retry_first = std::min(sensor.subscription.retry_first, *retry);
  }
  if (const auto poll = parse_duration(text_at(entry, "long_poll")))
    sensor.subscription.long_poll = std::chrono::duration_cast<std::chrono::seconds>(*poll);
}

SensorSettings read_sensor(const Json& entry, const std::string& pointer, SettingsReader& read) {
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
  sensor.login = SettingsReader::login(entry);
  if (const std::string path = text_at(entry, "path"); !path.empty()) sensor.subscription.path = path;
  if (const Json* force = SettingsReader::member(entry, "force")) sensor.subscription.force = force->get<bool>();
  read_sensor_timing(entry, sensor);
  if (sensor.captures.ring.writers >= sensor.captures.ring.files)
    sensor.captures.ring.writers = std::max(1, sensor.captures.ring.files / 3);
  return sensor;
}

std::vector<Network> read_networks(const Json& list, const std::string& pointer, SettingsReader& read) {
  std::vector<Network> networks;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (const auto network = Network::parse(list.at(i).get<std::string>()))
      networks.push_back(*network);
    else
      read.wrong(cat(pointer, "/", i), "no network", "198.51.100.0/24, with zeros behind the prefix");
  }
  return networks;
}

PriorityRule read_rule(const Json& entry, const std::string& pointer, SettingsReader& read) {
  PriorityRule rule;
  rule.severity_from = parse_severity(text_at(entry, "severity_from"));
  if (const Json* risk = SettingsReader::member(entry, "risk_from")) rule.risk_from = risk->get<int>();
  if (const Json* list = SettingsReader::member(entry, "signatures"))
    rule.signatures = list->get<std::vector<std::string>>();
  if (const Json* list = SettingsReader::member(entry, "attackers"))
    rule.attackers = read_networks(*list, pointer + "/attackers", read);
  if (const Json* list = SettingsReader::member(entry, "targets"))
    rule.targets = read_networks(*list, pointer + "/targets", read);
  rule.number = entry.at("priority").get<int>();
  if (const Json* fields = SettingsReader::member(entry, "fields")) rule.fields_json = fields->dump();
  return rule;
}

void read_policy(const Json& json, TenantSettings& tenant, SettingsReader& read) {
  const Json* policy = SettingsReader::member(json, "policy");
  if (!policy) return;
  if (const auto severity = parse_severity(text_at(*policy, "ticket_from"))) tenant.policy.ticket_from = *severity;
  if (const auto severity = parse_severity(text_at(*policy, "capture_from"))) tenant.policy.capture_from = *severity;
  if (const Json* risk = SettingsReader::member(*policy, "ticket_from_risk"))
    tenant.policy.ticket_from_risk = risk->get<int>();
  if (const Json* rules = SettingsReader::member(*policy, "rules"))
    for (std::size_t i = 0; i < rules->size(); ++i)
      tenant.policy.rules.push_back(read_rule(rules->at(i), cat("/policy/rules/", i), read));
  SettingsReader::duration(*policy, "group_window", tenant.group_window);
  SettingsReader::duration(*policy, "reopen_within", tenant.reopen_within);
}

void read_tenant_desk(const Json& json, const HostSettings& host, TenantSettings& tenant, SettingsReader& read) {
  const Json& desk = json.at("desk");
  tenant.desk = {text_at(desk, "use")};
  if (!host.desks.contains(tenant.desk)) {
    std::vector<std::string> names;
    for (const auto& [name, settings] : host.desks) names.push_back(name.text);
    read.wrong("/desk/use", "no desk has this name", cat("known: ", join(names, ", ")));
  }
  const auto shared = host.desks.find(tenant.desk);
  const Json* const own = SettingsReader::member(desk, "map");
  tenant.map_json = merged_maps(shared == host.desks.end() ? "{}" : shared->second.map_json, own ? own->dump() : "{}");
  if (shared != host.desks.end() && shared->second.adapter == "email" &&
      !parse_json(tenant.map_json).value_or(Json::object()).contains("to"))
    read.wrong("/desk", "nobody gets this tenant's mail: \"to\" is missing in the map",
               "map: {to: [soc@customer.example]}");
  if (shared != host.desks.end()) tenant.while_down = shared->second.while_down;
  if (const Json* people = SettingsReader::member(desk, "while_down"))
    tenant.while_down = read.mail_to_people(*people, "/desk/while_down", host);
  tenant.templates =
      read.templates(desk, "/desk", shared == host.desks.end() ? TicketTemplates{} : shared->second.templates);
  for (const Disclosure level : {Disclosure::full, Disclosure::masked, Disclosure::headers, Disclosure::none})
    if (token(level) == text_at(desk, "disclosure")) tenant.disclosure = level;
  const std::string attach = text_at(desk, "attach");
  tenant.attach = attach == "trigger_packet" ? AttachPolicy::trigger_packet
                  : attach == "capture"      ? AttachPolicy::capture
                                             : AttachPolicy::none;
}

/// A tenant may be kept for a shorter time and with less than others.
void read_keep(const Json& json, const HostSettings& host, TenantSettings& tenant, SettingsReader& read) {
  tenant.keep = read.keep(json, host.keep);
  const auto at_most = [&](bool more, const char* pointer) {
    if (more) read.wrong(pointer, "more than exhibit.yaml keeps of a tenant", "raise it there");
  };
  at_most(tenant.keep.age > host.keep.age, "/keep/age");
  at_most(tenant.keep.rows > host.keep.rows, "/keep/rows");
  at_most(tenant.keep.captures > host.keep.captures, "/keep/captures");
  for (std::string& id : SettingsReader::texts(json, "on_hold")) tenant.on_hold.insert({std::move(id)});
}

}  // namespace

std::optional<TenantSettings> read_tenant_settings(std::string_view yaml, const HostSettings& host,
                                                   std::vector<Mistake>& mistakes) {
  const auto document = checked(yaml, schemas::tenant, mistakes);
  if (!document) return std::nullopt;
  const Json& json = document->json();
  SettingsReader read(*document, mistakes);
  TenantSettings tenant;
  tenant.tenant = {text_at(json, "tenant")};
  tenant.name = SettingsReader::member(json, "name") ? text_at(json, "name") : tenant.tenant.text;
  if (const std::string zone = text_at(json, "zone"); !zone.empty()) tenant.zone_name = zone;
  if (const Json* list = SettingsReader::member(json, "networks"))
    tenant.networks = read_networks(*list, "/networks", read);
  std::set<std::string> names;
  for (std::size_t i = 0; i < json.at("sensors").size(); ++i) {
    SensorSettings sensor = read_sensor(json.at("sensors").at(i), cat("/sensors/", i), read);
    if (!names.insert(sensor.name.text).second) read.wrong(cat("/sensors/", i, "/name"), "two sensors have this name");
    tenant.sensors.push_back(std::move(sensor));
  }
  read_tenant_desk(json, host, tenant, read);
  read_policy(json, tenant, read);
  read_keep(json, host, tenant, read);
  return !any_mistake(mistakes) ? std::optional(std::move(tenant)) : std::nullopt;
}

}  // namespace exhibit
