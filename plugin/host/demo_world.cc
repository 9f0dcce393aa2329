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
constexpr const char* tenant_name = "acme";
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

std::vector<std::string> sensor_arguments(const DemoOptions& options) {
  std::vector<std::string> arguments = {"--user",        "exhibit", "--password-env",
                                        sensor_password, "--name",  "acme-ips1",
                                        "--log-seconds", "2",       "--until-stdin-closes"};
  if (!options.pcap.empty())
    arguments.insert(arguments.end(), {"--pcap", options.pcap});
  else if (!options.answers.empty())
    arguments.insert(arguments.end(), {"--answers", options.answers});
  else
    arguments.insert(arguments.end(), {"--scenario", "demo"});
  return arguments;
}

std::string host_config(const std::string& folder, const std::string& desk_url, int port, const std::string& user,
                        const std::string& hash) {
  const std::string address = "127.0.0.1:" + std::to_string(port);
  return "public_url: http://" + address + "\nstate: " + json(folder).dump() +
         "\nweb: {listen: " + json(address).dump() + "}\nusers: [{name: " + user + ", scrypt: " + json(hash).dump() +
         ", tenants: [" + tenant_name +
         "]}]\ndesks:\n  snow: {adapter: rest, profile: servicenow, url: " + json(desk_url).dump() +
         ", login: {user: exhibit, password: {env: " + desk_password + "}}, settle: 0 s, retry: 250 ms}\n";
}

/// The simulated sensor's logs take two seconds, so everything that waits for them is shortened as well.
std::string tenant_config(const json& sensor) {
  return std::string("tenant: ") + tenant_name +
         "\nname: ACME\nzone: Europe/Berlin\nnetworks: [198.51.100.0/24]\nsensors:\n  - {name: acme-ips1, kind: "
         "cisco-sdee, url: " +
         json(sensor.value("url", "")).dump() + ", login: {user: exhibit, password: {env: " + sensor_password +
         "}}, pin: " + json(sensor.value("pin", "")).dump() +
         ", log_time: 2 s, margin: 1 s, retry: 1 s, long_poll: 1 s}\ndesk: {use: snow, attach: trigger_packet}\n";
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
  ::setenv(desk_password, random_word().c_str(), 1);
  const std::string programs = program_folder();
  desk_ = std::make_unique<Child>(
      programs + "/exhibit-sim-desk",
      std::vector<std::string>{"--user", "exhibit", "--password-env", desk_password, "--until-stdin-closes"});
  desk_url_ = ready_line(*desk_).value("url", "");
  sensor_ = std::make_unique<Child>(programs + "/exhibit-sim-sensor", sensor_arguments(options));
  const json sensor = ready_line(*sensor_);
  const int port = free_port();
  evidence_url_ = "http://127.0.0.1:" + std::to_string(port);
  engine_ = std::make_unique<EngineHandle>("exhibit.yaml",
                                           host_config(folder_.path, desk_url_, port, user_, hash_of(password_)));
  engine_->put_tenant("acme.yaml", tenant_config(sensor));
}

json DemoWorld::report() { return json::parse(engine_->command(tenant_name, "report", R"({"incidents":true})")); }

json DemoWorld::read_desk(const std::string& correlation_id) {
  return json::parse(engine_->command(tenant_name, "read-desk", json{{"correlation_id", correlation_id}}.dump()));
}

void DemoWorld::listen() {
  (void)desk_->lines();
  for (const std::string& text : sensor_->lines()) {
    const json line = json::parse(text, nullptr, false);
    if (!line.is_object()) continue;
    const std::string event = line.value("event", "");
    const auto ns = [&](const char* key) { return std::strtoll(line.value(key, "0").c_str(), nullptr, 10); };
    if (event == "alert") composed_ns.emplace(line.value("event_id", ""), ns("composed_ns"));
    if (event == "log-completed") completed_ns.emplace(line.value("log", ""), ns("at_ns"));
    if (event == "done") scenario_over = true;
  }
  if (sensor_->exit_code() > 0) throw Failure("the simulated sensor ended", sensor_->exit_code());
}

}  // namespace exhibit::host
