#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/values.h"

/// What a sensor said, in the words of its wire (attacker, target, ipLogId, evStatus). `incident/normalize` is the
/// border behind which our own words begin. Every member but `event_id` and `raw` may be empty: sensors leave things
/// out.
namespace exhibit {

using IpLogId = std::uint64_t;

struct Originator {
  std::string host_id, app_name, app_instance_id;
  bool operator==(const Originator&) const = default;
};

struct EventTime {
  std::optional<std::int64_t> ns;  ///< UTC since 1970. Absent: missing or no number that fits.
  std::string raw;                 ///< As sent.
  std::string offset, zone;        ///< For display only; already contained in `ns`.
  bool operator==(const EventTime&) const = default;
};

struct Participant {
  std::string address;
  std::optional<std::uint16_t> port;
  std::string locality;
  std::string os_type, os_source, os_relevance;
  bool operator==(const Participant&) const = default;
};

struct AlertSignature {
  std::string id, subsig_id, description, details, version, type, created, mars_category;
  bool operator==(const AlertSignature&) const = default;
};

struct AlertSummary {
  std::uint64_t firings = 0;  ///< Since the last summary.
  bool final = false;
  std::string initial_alert;  ///< eventId of the alert that this one sums up.
  std::string type;
  bool operator==(const AlertSummary&) const = default;
};

/// Bytes that came as base64, or why they could not be read.
struct EncodedBytes {
  Bytes bytes;
  std::string problem;  ///< Empty: well-formed (or absent).
  bool operator==(const EncodedBytes&) const = default;
};

struct IdsAlert {
  std::string event_id, severity, vendor, alarm_traits;
  Originator originator;
  EventTime time;
  AlertSignature signature;
  std::string interface_group, interface, vlan, protocol, alert_details;
  std::vector<Participant> attackers;  ///< Normally one; empty for flood signatures.
  std::vector<Participant> targets;
  std::vector<std::string> actions;  ///< Names of the action elements that hold "true".
  std::vector<IpLogId> ip_logs;
  EncodedBytes trigger_packet, context_from_target, context_from_attacker;
  std::optional<int> risk_rating, threat_rating;
  std::string target_value, attack_relevance, watchlist;
  std::optional<AlertSummary> summary;
  std::vector<std::pair<std::string, std::string>> others;  ///< Elements we have no member for, by local name.
  std::string raw;                                          ///< The element as it was sent.
  bool altered = false;  ///< Characters that XML forbids were replaced; `raw` has them.
  bool operator==(const IdsAlert&) const = default;
};

struct StatusEvent {
  enum class IpLogPhase { none, added, started, completed, removed };

  std::string event_id;
  Originator originator;
  EventTime time;
  std::string detail;  ///< Local name of the detail element, e.g. ipLogCompleted, loginAction.
  IpLogPhase ip_log_phase = IpLogPhase::none;
  std::optional<IpLogId> ip_log;
  std::string raw;
  bool operator==(const StatusEvent&) const = default;
};

struct ErrorEvent {
  std::string event_id, severity, name, text;
  Originator originator;
  EventTime time;
  bool ip_log_refused = false;    ///< The sensor could not start an IP log: nobody should wait for it.
  std::optional<IpLogId> ip_log;  ///< Which one, where the text says so.
  std::string raw;
  bool operator==(const ErrorEvent&) const = default;
};

/// evShunRqst and whatever else: counted and kept raw.
struct OtherEvent {
  std::string event_id, name;
  std::string raw;
  bool operator==(const OtherEvent&) const = default;
};

using SensorEvent = std::variant<IdsAlert, StatusEvent, ErrorEvent, OtherEvent>;

/// An event that could not be read, kept for a person.
struct UnreadableEvent {
  std::string raw;
  std::string problem;
};

}  // namespace exhibit
