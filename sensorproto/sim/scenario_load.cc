#include "base/text.h"
#include "sensorproto/sim/scenario.h"

namespace exhibit::sim {
namespace {

/// Attacker, target and port count up.
class LoadScenario final : public Scenario {
 public:
  explicit LoadScenario(const Load& load) : load_(load) {}

  bool play(Stage& stage, std::chrono::milliseconds after, WallTime) override {
    const double due = due_after(static_cast<double>(after.count()) / 1000.0);
    while (raised_ < load_.alerts && static_cast<double>(raised_) < due) raise(stage, raised_++);
    return raised_ < load_.alerts;
  }

 private:
  double due_after(double seconds) const {
    const double first = load_.first_rate > 0 ? static_cast<double>(load_.first) : 0;
    const double rushed = first > 0 ? first / load_.first_rate : 0;
    if (seconds < rushed) return load_.first_rate * seconds;
    return load_.rate <= 0 ? static_cast<double>(load_.alerts) : first + load_.rate * (seconds - rushed);
  }
  void raise(Stage& stage, std::uint64_t serial) const;

  const Load load_;
  std::uint64_t raised_ = 0;
};

void LoadScenario::raise(Stage& stage, std::uint64_t serial) const {
  constexpr std::string_view attacker_networks[] = {"192.0.2.", "203.0.113."};
  const std::uint64_t role = serial % 10;
  const bool shares = role >= 1 && role <= 3;
  const std::uint64_t spread = serial + load_.seed * 7919 - (shares ? role - 1 : 0);
  const Peer attacker{cat(attacker_networks[spread % 2], spread / 2 % 254 + 1),
                      static_cast<std::uint16_t>(20000 + spread % 40000)};
  const Peer target{cat("198.51.100.", spread / 508 % 254 + 1), 80};
  const auto signature = static_cast<unsigned>(3200 + spread / 508 / 254 % 1000);
  const std::string begin = cat("GET /cgi-bin/phf?n=", serial, " HTTP/1.0\r\nHost: www.example.com\r\n");
  constexpr std::size_t headers = 54, cookie = 12;  // Of the packet, and what a cookie adds besides its text.
  const std::size_t have = headers + begin.size() + cookie;
  const std::string request = cat(
      begin, have < load_.packet_bytes ? cat("Cookie: a=", std::string(load_.packet_bytes - have, 'b'), "\r\n") : "",
      "\r\n");
  TcpTalk talk(attacker, target);
  SimAlert alert{.signature = {.id = signature,
                               .sub_id = shares ? static_cast<unsigned>(role - 1) : 0,
                               .name = "WWW phf",
                               .details = "GET /cgi-bin/phf"},
                 .attacker = attacker,
                 .targets = {target},
                 .os = "linux"};
  alert.trigger = talk.attacker(request);
  std::optional<Recording> recording;
  if (load_.logs && (role == 0 || shares) && stage.can_record(attacker.address)) {
    using namespace std::chrono_literals;
    recording = Recording{.traffic = {{300us, talk.target("", TcpTalk::ack)},
                                      {20ms, talk.target("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")}}};
  }
  stage.raise(alert, recording);
}

}  // namespace

std::unique_ptr<Scenario> load_scenario(const Load& load) { return std::make_unique<LoadScenario>(load); }

}  // namespace exhibit::sim
