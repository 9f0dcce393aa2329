#include "tests/faults/world.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "base/text.h"
#include "tests/loopback_client.h"

namespace exhibit::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* sensor_secret = "EXHIBIT_TEST_SENSOR_PASSWORD=sensor-secret";
constexpr const char* desk_secret = "EXHIBIT_TEST_DESK_PASSWORD=desk-secret";

/// A port that nobody has and that the system gives to nobody by itself, since the server returns to it after a kill.
std::uint16_t own_port() {
  static std::atomic<int> next = 10'000 + static_cast<int>(::getpid()) % 10'000;
  for (;;) {
    const auto port = static_cast<std::uint16_t>(10'000 + next++ % 20'000);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    if (free) return port;
  }
}

std::uint16_t port_of(const std::string& url) {
  return parse_number<std::uint16_t>(std::string_view(url).substr(url.rfind(':') + 1)).value_or(0);
}

Json ready_line(Program& program) {
  const Result<Json> line = parse_json(program.line(20s).value_or(""));
  if (!line || text_at(*line, "event") != "ready") throw std::runtime_error("a simulator did not come up");
  return *line;
}

/// One request over the control socket; nothing when no server answers.
std::optional<std::string> ask_control(const std::string& path, const std::string& request) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  std::string reply;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    char piece[16384];
    ssize_t got = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    while (got > 0 && (got = ::recv(fd, piece, sizeof piece, 0)) > 0)
      reply.append(piece, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return reply.starts_with("ok\n") ? std::optional(reply.substr(3)) : std::nullopt;
}

std::string field_in(const std::string& html, std::string_view name) {
  const std::string mark = cat("name=\"", name, "\" value=\"");
  const std::size_t at = html.find(mark);
  return at == std::string::npos ? ""
                                 : html.substr(at + mark.size(), html.find('"', at + mark.size()) - at - mark.size());
}

/// "name=value" of the cookie with this name, as a browser would send it back.
std::string cookie_in(const std::string& head, std::string_view name) {
  const std::size_t at = head.find(cat(name, "="));
  return at == std::string::npos ? "" : head.substr(at, head.find(';', at) - at);
}

}  // namespace

std::string built(const std::string& name) { return cat(EXHIBIT_BINARY_DIR, "/bin/", name); }

std::string scrypt_of(const std::string& password) {
  Program hash(built("exhibit"), {"user", "hash"}, {}, "/dev/null");
  hash.write(password + "\n");
  hash.close_input();
  return hash.line(30s).value_or("");
}

World::World(Options options) : options_(std::move(options)) {
  std::string pattern = (fs::temp_directory_path() / "exhibit-faults-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for a world");
  folder_ = pattern;
  std::vector<std::string> words = {"--user", "exhibit", "--password-env", "EXHIBIT_TEST_DESK_PASSWORD",
                                    "--until-stdin-closes"};
  for (const std::string& order : options_.misbehaviours) words.insert(words.end(), {"--misbehave", order});
  words.insert(words.end(), options_.desk_options.begin(), options_.desk_options.end());
  desk_ = std::make_unique<Program>(built("exhibit-sim-desk"), words, std::vector<std::string>{desk_secret},
                                    folder_ + "/desk.log");
  desk_url_ = text_at(ready_line(*desk_), "url");
  desk_port_ = port_of(desk_url_);
  words = {"--user",     "exhibit",   "--password-env",      "EXHIBIT_TEST_SENSOR_PASSWORD",
           "--name",     "acme-ips1", "--log-seconds",       "1",
           "--scenario", "load",      "--until-stdin-closes"};
  words.insert(words.end(), {"--alerts", std::to_string(options_.alerts), "--rate", std::to_string(options_.rate),
                             "--seed", std::to_string(options_.seed)});
  if (!options_.capture.empty()) {
    std::ofstream(folder_ + "/flows.pcap", std::ios::binary)
        .write(reinterpret_cast<const char*>(options_.capture.data()),
               static_cast<std::streamsize>(options_.capture.size()));
    words.insert(words.end(), {"--pcap", folder_ + "/flows.pcap"});
  }
  sensor_ = std::make_unique<Program>(built("exhibit-sim-sensor"), words, std::vector<std::string>{sensor_secret},
                                      folder_ + "/sensor.log");
  const Json sensor = ready_line(*sensor_);
  sensor_url_ = text_at(sensor, "url");
  pin_ = text_at(sensor, "pin");
  web_port_ = own_port();
  write_config();
}

World::~World() {
  server_.reset();
  sensor_.reset();
  desk_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void World::write_config() {
  const std::string web = cat("127.0.0.1:", web_port_);
  std::string users;
  if (options_.user) {
    static const std::string hash = scrypt_of("page-of-evidence");
    users = cat("users: [{name: kim, scrypt: ", json_quoted(hash), ", tenants: [acme]}]\n");
  }
  const std::string desk = !options_.desk.empty()
                               ? options_.desk
                               : cat("adapter: rest, profile: servicenow, url: \"", desk_url_,
                                     "\", login: {user: exhibit, password: {env: EXHIBIT_TEST_DESK_PASSWORD}}");
  fs::create_directories(folder_ + "/tenants");
  std::ofstream(folder_ + "/exhibit.yaml")
      << "public_url: http://" << web << "\nstate: " << folder_ << "/state\nweb: {listen: \"" << web << "\"}\n"
      << users << "desks:\n  snow: {" << desk << ", settle: 0 s, retry: 250 ms, deadline: 2 s}\n";
  std::ofstream(folder_ + "/tenants/acme.yaml")
      << "tenant: acme\nname: ACME\nzone: Europe/Berlin\nnetworks: [198.51.100.0/24]\nsensors:\n  - {name: acme-ips1, "
         "kind: cisco-sdee, url: \""
      << sensor_url_ << "\", login: {user: exhibit, password: {env: EXHIBIT_TEST_SENSOR_PASSWORD}}, pin: \"" << pin_
      << "\", log_time: 1 s, margin: 1 s, retry: 500 ms, long_poll: 1 s}\ndesk: {use: snow, attach: " << options_.attach
      << "}\n";
}

std::vector<std::string> World::server_arguments() const {
  return {"serve", "--config", folder_ + "/exhibit.yaml", "--tenants", folder_ + "/tenants"};
}

void World::serve(const std::vector<std::string>& environment) {
  std::vector<std::string> all = {sensor_secret, desk_secret};
  all.insert(all.end(), environment.begin(), environment.end());
  served_ = std::chrono::steady_clock::now();
  server_ = std::make_unique<Program>(built("exhibit"), server_arguments(), all, folder_ + "/server.log");
}

std::optional<std::chrono::milliseconds> World::up(Patience patience) {
  do {
    if (report().is_object())
      return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - served_);
  } while (!server_->status(5ms) && std::chrono::steady_clock::now() < served_ + patience);
  return std::nullopt;
}

std::unique_ptr<Program> World::rival(const std::string& errors) const {
  return std::make_unique<Program>(built("exhibit"), server_arguments(),
                                   std::vector<std::string>{sensor_secret, desk_secret}, errors);
}

void World::kill_server() {
  server_->send(SIGKILL);
  (void)server_->status(10s);
  server_.reset();
  ++kills_;
  while (event(0ms)) {  // The simulators would wait for a reader.
  }
}

void World::swap(std::unique_ptr<Program> rival) {
  kill_server();
  served_ = std::chrono::steady_clock::now();
  server_ = std::move(rival);
}

bool World::kill_runner() {
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator(cat("/proc/", server_->pid(), "/task"), gone)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) {
      std::string name;
      std::getline(std::ifstream(cat("/proc/", child, "/comm")), name);
      if (!std::string_view("exhibit-adapter-runner").starts_with(name) || name.empty()) continue;
      ++kills_;
      return ::kill(child, SIGKILL) == 0;
    }
  }
  return false;
}

void World::hear(const std::string& line) {
  const Result<Json> said = parse_json(line);
  if (!said) return;
  const std::string event = text_at(*said, "event");
  if (event == "alert") alerts_[text_at(*said, "event_id")] = text_at(*said, "log");
  if (event == "misbehaved") ++misbehaved_;
  if (event == "done") over_ = true;
}

std::optional<Json> World::event(Patience patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  do {
    for (Program* program : {sensor_.get(), desk_.get()})
      if (const std::optional<std::string> line = program->line(0ms)) {
        hear(*line);
        return parse_json(*line).value_or(Json::object());
      }
    pollfd readable[2] = {{sensor_->output(), POLLIN, 0}, {desk_->output(), POLLIN, 0}};
    ::poll(readable, 2, 20);
  } while (std::chrono::steady_clock::now() < end);
  return std::nullopt;
}

Json World::report() {
  const auto reply = ask_control(folder_ + "/state/control.sock",
                                 "{\"tenant\":\"acme\",\"verb\":\"report\",\"args\":{\"incidents\":true}}\n");
  return reply ? parse_json(*reply, 64U << 20).value_or(Json()) : Json();
}

bool World::settle(Patience patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    while (event(100ms)) {
    }
    if (server_->status(0ms)) return false;
    if (!over_) continue;
    const Json now = report();
    if (now.is_object() && now.value("settled", false)) return true;
  }
  return false;
}

Json World::desk() { return parse_json(Wire(desk_port_).ask("GET", "/sim/tickets").body, 64U << 20).value_or(Json()); }

void World::misbehave(const std::string& order) {
  const std::size_t colon = order.find(':');
  JsonWriter body;
  body.object().member("mode", order.substr(0, colon));
  if (colon != std::string::npos)
    for (const std::string_view option : split(std::string_view(order).substr(colon + 1), ",")) {
      const std::size_t equals = option.find('=');
      const auto number = parse_number<int>(option.substr(equals + 1));
      number ? body.member(option.substr(0, equals), *number)
             : body.member(option.substr(0, equals), option.substr(equals + 1));
    }
  Wire(desk_port_).ask("POST", "/sim/misbehave", "Content-Type: application/json\r\n", body.end().text());
}

std::string World::attached_bytes(const std::string& attachment) const {
  return Wire(desk_port_)
      .ask("GET", cat("/api/now/attachment/", attachment, "/file"),
           "Authorization: Basic ZXhoaWJpdDpkZXNrLXNlY3JldA==\r\n")
      .body;
}

bool World::look_at_a_page() {
  const Json tickets = report();
  if (!tickets.is_object() || tickets["tickets"].empty()) throw std::runtime_error("there is no ticket to look at");
  const std::string link = text_at(tickets["tickets"][0], "link"), path = link.substr(link.find("/e/"));
  // The server answers only to its own name, so each request says it.
  const auto ask = [this](std::string_view method, std::string_view target, std::string_view cookie,
                          const std::string& body) {
    Wire wire(web_port_);
    wire.send(cat(method, " ", target, " HTTP/1.1\r\nHost: 127.0.0.1:", web_port_, "\r\nCookie: ", cookie,
                  "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ", body.size(), "\r\n\r\n",
                  body));
    return wire.read();
  };
  const Answer form = ask("GET", "/sign-in?to=" + path, "", "");
  const std::string fields =
      cat("token=", field_in(form.body, "token"), "&to=", path, "&user=kim&password=page-of-evidence");
  const Answer signed_in = ask("POST", "/sign-in", cookie_in(form.head, "exhibit_form"), fields);
  if (signed_in.status <= 0) return false;
  const Answer page = ask("GET", path, cookie_in(signed_in.head, "exhibit_session"), "");
  return page.status == 200;
}

void in_parallel(std::size_t at_once, const std::vector<std::function<void()>>& jobs) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < at_once; ++i)
    threads.emplace_back([&] {
      for (std::size_t mine = next++; mine < jobs.size(); mine = next++) jobs[mine]();
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace exhibit::test
