#include "base/text.h"
#include "sensorproto/sim/scenario.h"

namespace exhibit::sim {
namespace {

/// Every alert is an incident of its own: attacker, target and port count up. Of each ten the first has a log of its
/// own, the next three are one attacker's and share a log, and the others name none.
class Load final : public Scenario {
 public:
  Load(std::uint64_t alerts, double rate, std::uint64_t seed) : alerts_(alerts), rate_(rate), seed_(seed) {}

  bool play(Stage& stage, std::chrono::milliseconds after, WallTime) override {
    const double due = rate_ <= 0 ? static_cast<double>(alerts_) : rate_ * static_cast<double>(after.count()) / 1000.0;
    while (raised_ < alerts_ && static_cast<double>(raised_) < due) raise(stage, raised_++);
    return raised_ < alerts_;
  }

 private:
  void raise(Stage& stage, std::uint64_t serial) const;

  std::uint64_t alerts_;
  double rate_;
  std::uint64_t seed_, raised_ = 0;
};

void Load::raise(Stage& stage, std::uint64_t serial) const {
  constexpr std::string_view attacker_networks[] = {"192.0.2.", "203.0.113."};
  const std::uint64_t role = serial % 10;
  const bool shares = role >= 1 && role <= 3;
  const std::uint64_t spread = serial + seed_ * 7919 - (shares ? role - 1 : 0);
  const Peer attacker{cat(attacker_networks[spread % 2], spread / 2 % 254 + 1),
                      static_cast<std::uint16_t>(20000 + spread % 40000)};
  const Peer target{cat("198.51.100.", spread / 508 % 254 + 1), 80};
  const auto signature = static_cast<unsigned>(3200 + spread / 508 / 254 % 1000);
  const std::string request = cat("GET /cgi-bin/phf?n=", serial, " HTTP/1.0\r\nHost: www.example.com\r\n\r\n");
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
  if ((role == 0 || shares) && stage.can_record(attacker.address)) {
    using namespace std::chrono_literals;
    recording = Recording{.traffic = {{300us, talk.target("", TcpTalk::ack)},
                                      {20ms, talk.target("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")}}};
  }
  stage.raise(alert, recording);
}

}  // namespace

std::unique_ptr<Scenario> load_scenario(std::uint64_t alerts, double rate, std::uint64_t seed) {
  return std::make_unique<Load>(alerts, rate, seed);
}

}  // namespace exhibit::sim
