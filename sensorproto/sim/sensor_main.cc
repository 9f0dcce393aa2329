#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>

#include "adapters/sim/process.h"
#include "base/text.h"
#include "sensorproto/sim/certificate.h"
#include "sensorproto/sim/sensor.h"

/// exhibit-sim-sensor: a simulated Cisco IPS to develop against.
namespace exhibit::sim {
namespace {

struct Settings {
  std::string listen = "127.0.0.1:0", user = "exhibit", password_variable, name = "sim-ips1", scenario = "demo";
  std::string capture, answers, status_form = "children", tls = "modern";
  std::vector<std::string> misbehaviours;
  double log_seconds = 30, rate = 0, first_rate = 0;
  std::size_t ring = 64, writers = 20, store_bytes = 30U << 20, packet_bytes = 0;
  std::uint64_t alerts = 100, first = 0, seed = 0;
  bool plain = false, until_stdin_closes = false, get_only = false, announce_removed = false, announce_logins = false;
  bool no_logs = false, unasked = false;
};

void declare(CLI::App& app, Settings& settings) {
  app.add_option("--listen", settings.listen, "Address and port; port 0 lets the system choose");
  app.add_option("--user", settings.user, "The only user that may log in");
  app.add_option("--password-env", settings.password_variable, "Environment variable that holds the password");
  app.add_option("--name", settings.name, "The sensor's hostId");
  app.add_option("--log-seconds", settings.log_seconds, "How long an IP log records");
  app.add_option("--ring", settings.ring, "IP-log files")->check(CLI::Range(1, 512));
  app.add_option("--writers", settings.writers, "IP logs open at once")->check(CLI::Range(1, 512));
  app.add_option("--store-bytes", settings.store_bytes, "Size of the event store");
  app.add_option("--scenario", settings.scenario)->check(CLI::IsMember({"demo", "load", "none"}));
  app.add_option("--alerts", settings.alerts, "load: how many");
  app.add_option("--rate", settings.rate, "load: how many a second; 0 = all at once");
  app.add_option("--first", settings.first, "load: so many of them come sooner, at --first-rate");
  app.add_option("--first-rate", settings.first_rate);
  app.add_option("--seed", settings.seed, "load: which addresses; all: the first IP-log id");
  app.add_option("--packet-bytes", settings.packet_bytes, "load: size of each trigger packet, at least");
  app.add_flag("--no-logs", settings.no_logs, "load: no alert names an IP log");
  app.add_flag("--unasked", settings.unasked, "The scenario begins at once, not with the first subscription");
  app.add_option("--pcap", settings.capture, "Raise one alert for each flow of this capture file");
  app.add_option("--answers", settings.answers, "Hand out the *.xml files of this folder");
  app.add_option("--status-form", settings.status_form)
      ->check(CLI::IsMember({"children", "attributes", "url", "none"}));
  app.add_option("--misbehave", settings.misbehaviours, "TARGET-KIND[:times]")->expected(1)->take_all();
  app.add_option("--tls", settings.tls)->check(CLI::IsMember({"modern", "legacy"}));
  app.add_flag("--plain", settings.plain, "No TLS");
  app.add_flag("--iplog-get-only", settings.get_only, "The IP-log server refuses POST");
  app.add_flag("--announce-removed", settings.announce_removed, "Tell when an IP log is overwritten");
  app.add_flag("--announce-logins", settings.announce_logins, "Tell of each login");
  app.add_flag("--until-stdin-closes", settings.until_stdin_closes, "End when standard input does");
}

int refuse(std::string_view why) {
  std::fprintf(stderr, "exhibit-sim-sensor: %.*s\n", static_cast<int>(why.size()), why.data());
  return 2;
}

Sensor::Options options_of(const Settings& settings) {
  Sensor::Options options{.user = settings.user,
                          .password = from_environment(settings.password_variable),
                          .host = settings.name,
                          .announce_removed = settings.announce_removed,
                          .announce_logins = settings.announce_logins,
                          .iplog_get_only = settings.get_only,
                          .unasked = settings.unasked};
  options.status_form = settings.status_form == "children"     ? StatusForm::children
                        : settings.status_form == "attributes" ? StatusForm::attributes
                        : settings.status_form == "url"        ? StatusForm::url
                                                               : StatusForm::none;
  options.ring.files = settings.ring;
  options.ring.writers = settings.writers;
  options.ring.life = std::chrono::milliseconds(static_cast<std::int64_t>(settings.log_seconds * 1000));
  options.ring.first_id += settings.seed * 1000;
  options.store.bytes = settings.store_bytes;
  if (!settings.capture.empty()) options.log_bytes_max = (4U << 20) - (64U << 10);  // Every later packet, as promised.
  return options;
}

Load load_of(const Settings& settings) {
  return {.alerts = settings.alerts,
          .rate = settings.rate,
          .seed = settings.seed,
          .packet_bytes = settings.packet_bytes,
          .first = settings.first,
          .first_rate = settings.first_rate,
          .logs = !settings.no_logs};
}

Result<std::unique_ptr<Scenario>> scenario_of(const Settings& settings) {
  const auto life = std::chrono::milliseconds(static_cast<std::int64_t>(settings.log_seconds * 1000));
  if (!settings.answers.empty() || (settings.capture.empty() && settings.scenario == "none"))
    return std::unique_ptr<Scenario>();
  if (settings.capture.empty())
    return settings.scenario == "demo" ? demo_scenario(life) : load_scenario(load_of(settings));
  std::ifstream file(settings.capture, std::ios::binary);
  if (!file) return Error{Errc::not_found, cat("cannot open ", settings.capture)};
  return capture_scenario(Bytes(std::istreambuf_iterator<char>(file), {}));
}

int serve(const Settings& settings, const Endpoint& endpoint, Sensor& sensor) {
  std::optional<SensorCertificate> certificate;
  std::optional<ServerTls> tls;
  if (!settings.plain) {
    certificate = make_certificate(settings.name, settings.tls == "legacy");
    tls = certificate->tls;
  }
  hold_stop_signals();
  std::optional<HttpServer> server;
  server.emplace(endpoint, std::move(tls), [&](const HttpRequest& request) { return sensor.handle(request); });
  say(cat(R"({"event":"ready","url":"http)", settings.plain ? "" : "s", "://", endpoint.address, ":", server->port(),
          R"(","pin":)", certificate ? cat('"', certificate->pin, '"') : std::string("null"), "}"));
  std::atomic<bool> over = false;
  std::thread turning([&] {
    while (!over) {
      sensor.tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  wait_for_stop(settings.until_stdin_closes);
  over = true;
  turning.join();
  sensor.stop();
  server.reset();
  return 0;
}

int run(const Settings& settings) {
  const Result<Endpoint> endpoint = parse_endpoint(settings.listen);
  if (!endpoint) return refuse(endpoint.error().text);
  Result<std::unique_ptr<Scenario>> scenario = scenario_of(settings);
  if (!scenario) return refuse(scenario.error().text);
  std::optional<RecordedAnswers> answers;
  if (!settings.answers.empty()) {
    Result<RecordedAnswers> read = RecordedAnswers::read(settings.answers);
    if (!read) return refuse(read.error().text);
    answers = *std::move(read);
  }
  Sensor sensor(
      options_of(settings), [] { return WallTime(std::chrono::system_clock::now()); }, say, *std::move(scenario),
      std::move(answers));
  for (const std::string& name : settings.misbehaviours)
    if (const auto ordered = sensor.misbehave(name); !ordered) return refuse(ordered.error().text);
  return serve(settings, *endpoint, sensor);
}

}  // namespace
}  // namespace exhibit::sim

int main(int argc, char** argv) {
  CLI::App app{"A simulated Cisco IPS for tests and demonstrations", "exhibit-sim-sensor"};
  exhibit::sim::Settings settings;
  exhibit::sim::declare(app, settings);
  CLI11_PARSE(app, argc, argv);
  try {
    return exhibit::sim::run(settings);
  } catch (const std::exception& error) {
    return exhibit::sim::refuse(error.what());
  }
}
