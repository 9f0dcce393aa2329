#include "host/demo_world.h"

#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace exhibit::host {
namespace {

using nlohmann::json;

constexpr int ready_timeout_ms = 10'000;
constexpr const char* sensor_password = "EXHIBIT_DEMO_SENSOR_PASSWORD";
constexpr const char* desk_password = "EXHIBIT_DEMO_DESK_PASSWORD";

std::string random_word() {
  unsigned char bytes[10];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) throw Failure("no random bytes");
  constexpr char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
  std::string word;
  for (const unsigned char byte : bytes) word += letters[byte % 32];
  return word;
}

/// The evidence address stands in tickets from the first one on, so it is chosen before anything starts.
int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  ::close(fd);
  if (!bound) throw Failure("no free port on loopback");
  return ntohs(address.sin_port);
}

json ready_line(Child& child) {
  const json line = json::parse(child.line(ready_timeout_ms), nullptr, false);
  if (!line.is_object() || line.value("event", "") != "ready") throw Failure("a simulator did not come up");
  return line;
}

std::string hash_of(const std::string& password) {
  Collected hash;
  (void)plugin_library().command(nullptr, borrow(""), borrow("user-hash"), borrow(json{{"password", password}}.dump()),
                                 hash.sink());
  return hash.text;
}

std::vector<std::string> sensor_arguments(const DemoOptions& options, const std::string& name) {
  std::vector<std::string> arguments = {"--user",        "exhibit", "--password-env",
                                        sensor_password, "--name",  name,
                                        "--log-seconds", "2",       "--until-stdin-closes"};
  if (!options.pcap.empty())
    arguments.insert(arguments.end(), {"--pcap", options.pcap});
  else if (!options.answers.empty())
    arguments.insert(arguments.end(), {"--answers", options.answers});
  else
    arguments.insert(arguments.end(), {"--scenario", "demo"});
  return arguments;
}

/// The simulated sensor's logs take two seconds, so everything that waits for them is shortened as well.
json sensor_entry(const std::string& name, const json& ready) {
  return {{"name", name},
          {"kind", "cisco-sdee"},
          {"url", ready.value("url", "")},
          {"login", {{"user", "exhibit"}, {"password", {{"env", sensor_password}}}}},
          {"pin", ready.value("pin", "")},
          {"log_time", "2 s"},
          {"margin", "1 s"},
          {"retry", "1 s"},
          {"long_poll", "1 s"}};
}

}  // namespace

DemoWorld::Folder::Folder() : path((std::filesystem::temp_directory_path() / "exhibit-demo-XXXXXX").string()) {
  if (!::mkdtemp(path.data())) throw Failure("no folder for the demo can be made: " + path);
}

DemoWorld::Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

DemoWorld::DemoWorld(const DemoOptions& options) : password_(random_word()) {
  ::setenv(sensor_password, random_word().c_str(), 1);
  std::vector<Desk> desks;
  for (const std::string& file : options.desks) desks.push_back(desk_of_file(file));
  if (desks.empty()) desks.push_back(simulated_desk());
  desk_url_ = desks.front().entry.value("url", "");
  const std::string address = "127.0.0.1:" + std::to_string(free_port());
  evidence_url_ = "http://" + address;
  json host = {{"public_url", evidence_url_}, {"state", folder_.path}, {"web", {{"listen", address}}}};
  host["users"] = json::array({{{"name", user_}, {"scrypt", hash_of(password_)}, {"tenants", json::array()}}});
  std::vector<json> configurations;
  for (const Desk& desk : desks) {
    if (host["desks"].contains(desk.name)) throw Failure("two desk files have the name " + desk.name, 2);
    host["desks"][desk.name] = desk.entry;
    tenants_.push_back(
        {desks.size() == 1 ? "acme" : "acme-" + std::to_string(tenants_.size() + 1), desk.name, {}, false, {}, {}});
    host["users"][0]["tenants"].push_back(tenants_.back().name);
    tenants_.back().sensor =
        std::make_unique<Child>(program_folder() + "/exhibit-sim-sensor", sensor_arguments(options, "acme-ips1"));
    configurations.push_back({{"tenant", tenants_.back().name},
                              {"name", "ACME"},
                              {"zone", "Europe/Berlin"},
                              {"networks", {"198.51.100.0/24"}},
                              {"sensors", {sensor_entry("acme-ips1", ready_line(*tenants_.back().sensor))}},
                              {"desk", desk.use}});
  }
  engine_ = std::make_unique<EngineHandle>("exhibit.yaml", host.dump(2));  // JSON is YAML.
  for (const json& tenant : configurations)
    engine_->put_tenant(tenant["tenant"].get<std::string>() + ".yaml", tenant.dump(2));
}

DemoWorld::Desk DemoWorld::simulated_desk() {
  ::setenv(desk_password, random_word().c_str(), 1);
  desk_ = std::make_unique<Child>(
      program_folder() + "/exhibit-sim-desk",
      std::vector<std::string>{"--user", "exhibit", "--password-env", desk_password, "--until-stdin-closes"});
  return {.name = "snow",
          .entry = {{"adapter", "rest"},
                    {"profile", "servicenow"},
                    {"url", ready_line(*desk_).value("url", "")},
                    {"login", {{"user", "exhibit"}, {"password", {{"env", desk_password}}}}},
                    {"settle", "0 s"},
                    {"retry", "250 ms"}},
          .use = {{"use", "snow"}, {"attach", "trigger_packet"}}};
}

/// A scenario of seconds cannot wait for minutes: where the file says nothing, the demo is impatient.
DemoWorld::Desk DemoWorld::desk_of_file(const std::string& path) {
  Collected reply;
  const std::string args = json{{"yaml", read_text(path)}}.dump(-1, ' ', false, json::error_handler_t::replace);
  const exh_rc rc = plugin_library().command(nullptr, borrow(""), borrow("desk-file"), borrow(args), reply.sink());
  if (rc != EXH_OK) throw Failure(mistakes_text(path, reply.text), 2);
  const json file = json::parse(reply.text);
  Desk desk{.name = file.value("name", ""), .entry = file["desk"], .use = file["use"]};
  for (const auto& [key, value] : {std::pair{"settle", "1 s"}, {"retry", "250 ms"}})
    if (!desk.entry.contains(key)) desk.entry[key] = value;
  return desk;
}

json DemoWorld::report(const DemoTenant& tenant) {
  return json::parse(engine_->command(tenant.name, "report", R"({"incidents":true})"));
}

json DemoWorld::read_desk(const DemoTenant& tenant, const std::string& correlation_id) {
  return json::parse(engine_->command(tenant.name, "read-desk", json{{"correlation_id", correlation_id}}.dump()));
}

void DemoWorld::listen() {
  if (desk_) (void)desk_->lines();
  for (DemoTenant& tenant : tenants_) listen_to(tenant);
}

void DemoWorld::listen_to(DemoTenant& tenant) {
  for (const std::string& text : tenant.sensor->lines()) {
    const json line = json::parse(text, nullptr, false);
    if (!line.is_object()) continue;
    const std::string event = line.value("event", "");
    const auto ns = [&](const char* key) { return std::strtoll(line.value(key, "0").c_str(), nullptr, 10); };
    if (event == "alert") tenant.composed_ns.emplace(line.value("event_id", ""), ns("composed_ns"));
    if (event == "log-completed") tenant.completed_ns.emplace(line.value("log", ""), ns("at_ns"));
    if (event == "done") tenant.scenario_over = true;
  }
  if (tenant.sensor->exit_code() > 0) throw Failure("the simulated sensor ended", tenant.sensor->exit_code());
}

}  // namespace exhibit::host
