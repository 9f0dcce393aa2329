#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/values.h"

namespace exhibit {

enum class Severity { informational, low, medium, high };
std::string_view token(Severity severity);
std::optional<Severity> parse_severity(std::string_view text);

struct Endpoint {
  std::string address;  ///< As the sensor wrote it; canonical where it parses.
  std::optional<std::uint16_t> port;
  std::string locality;  ///< The sensor's word: OUT, IN, or a zone's name.
  std::string os;        ///< "learned: linux"
  bool operator==(const Endpoint&) const = default;
};

/// What the sensor did about it.
struct Block {
  enum class Kind { none_reported, blocked, not_performed };
  Kind kind = Kind::none_reported;
  std::string how;  ///< "packet dropped, attacker denied"
  bool operator==(const Block&) const = default;
};

struct AlertSum {
  std::uint64_t firings = 0;
  std::string initial_event_id;
  bool operator==(const AlertSum&) const = default;
};

/// An alert in our own words, whatever sensor raised it. Made by `normalize`; a value.
struct Alert {
  std::string identity;  ///< 32 hex digits, derived: the same alert has the same identity for ever.
  TenantId tenant;
  SensorId sensor;
  std::string host_id, event_id;
  WallTime time;  ///< By the sensor's clock; by ours where the sensor gave none.
  bool time_from_sensor = true;
  WallTime received;
  std::string signature_id, subsignature_id, signature_name, signature_details, signature_version;
  Severity severity = Severity::high;
  std::optional<int> risk, threat;
  std::optional<Endpoint> attacker;
  std::vector<Endpoint> targets;
  Block block;
  std::vector<std::string> actions;  ///< The sensor's own words.
  std::vector<std::string> logs;     ///< Locators of the recordings that it names.
  bool logging_requested = false;    ///< An action says that packets are logged.
  Bytes trigger_packet;
  std::string trigger_problem;
  Bytes context_from_attacker, context_from_target;
  std::optional<AlertSum> sum;
  std::string virtual_sensor, interface, vlan, protocol, details;
  bool altered = false;
};

}  // namespace exhibit
