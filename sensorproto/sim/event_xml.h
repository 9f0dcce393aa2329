#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/values.h"
#include "sensorproto/sim/ip_log_ring.h"
#include "sensorproto/sim/wire_packets.h"

/// How the simulated sensor writes its events: namespaces and prefixes exactly as public clients need them.
namespace exhibit::sim {

struct SimSignature {
  unsigned id = 0, sub_id = 0;
  std::string name = {}, details = {};
  std::string version = "S37", type = "vulnerability", created = "20010202", mars_category = "Penetrate/RemoteExploit";
};

struct SimSummary {
  std::uint64_t initial_alert = 0;
  int count = 0;
  bool final = true;
};

/// One alert as a scene orders it; the sensor adds identity, time and IP log.
struct SimAlert {
  SimSignature signature = {};
  std::string severity = "high", protocol = "tcp";
  int risk = 85, threat = 85;
  Peer attacker = {};
  std::vector<Peer> targets = {};
  std::string os = "unknown", interface = "ge0_1", details = {};
  unsigned vlan = 0;
  std::optional<Bytes> trigger = {};
  std::string from_attacker = {}, from_target = {};  ///< Context: what the stream held.
  std::vector<std::string> actions = {};             ///< "sd:droppedPacket", "cid:deniedAttacker" ...
  std::optional<SimSummary> summary = {};
};

struct SimIdentity {
  std::string host;
  unsigned process = 8971;
  std::uint64_t event = 0;
  WallTime time;
};

enum class StatusForm { children, attributes, url, none };

std::string alert_xml(const SimAlert& alert, const SimIdentity& identity, std::optional<std::uint64_t> log);
/// `change` as the ring tells it. StatusForm::none gives the empty text.
std::string log_status_xml(const IpLogRing::Happening& happening, const SimIdentity& identity, StatusForm form);
/// A status event with one empty detail element, such as "applicationStarted".
std::string plain_status_xml(std::string_view detail, const SimIdentity& identity);
std::string login_status_xml(std::string_view user, const SimIdentity& identity);
std::string error_xml(std::string_view name, std::string_view text, std::string_view severity,
                      const SimIdentity& identity);

/// What stands in the header of an answer.
struct EnvelopeHead {
  std::string session;
  std::optional<std::size_t> remaining = {};
  bool missed = false;
};
std::string envelope(const EnvelopeHead& head, std::string_view body);
std::string fault_body(std::string_view code, std::string_view reason);

std::string xml_escaped(std::string_view text);

}  // namespace exhibit::sim
