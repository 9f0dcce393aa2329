#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/plants.h"
#include "base/values.h"
#include "engine/incident_key.h"
#include "engine/seen_alerts.h"
#include "incident/alert.h"
#include "incident/capture_view.h"
#include "incident/mask.h"

/// What the engine knows, one struct a row. A fact is the new image of a row; the store keeps rows and nothing else, so
/// an engine restored from rows is the engine that wrote them.
namespace exhibit {

/// A moment to act. The monotonic half decides while the process lives; the wall half is what the row keeps.
struct Deadline {
  WallTime wall{};
  MonoTime mono{};

  static Deadline in(Nanoseconds wait, Now now) { return {now.wall + wait, now.mono + wait}; }
  [[nodiscard]] bool passed(Now now) const { return now.mono >= mono; }
  /// After a restart: what remained by the wall clock, but never less than nothing nor more than `longest`, so that a
  /// jumped clock neither fires early for ever nor waits for years.
  [[nodiscard]] Deadline rebased(Now now, Nanoseconds longest) const {
    if (planted(Plant::waits_for_years)) return in(wall - now.wall, now);
    return in(std::clamp(Nanoseconds(wall - now.wall), Nanoseconds{0}, longest), now);
  }
  bool operator==(const Deadline&) const = default;
};

/// Where a recording lies. The locator is the sensor's own number and opaque here; the epoch tells a number that was
/// used again from the one before.
struct CaptureKey {
  SensorId sensor;
  std::string locator;
  std::uint32_t epoch = 0;
  bool operator==(const CaptureKey&) const = default;
  auto operator<=>(const CaptureKey&) const = default;
  [[nodiscard]] std::string text() const;
  static std::optional<CaptureKey> parse(std::string_view text);
};

struct AlertRow {
  std::string identity;
  IncidentId incident;  ///< Empty: below the tenant's floor; counted and kept, no ticket.
  std::uint64_t sequence = 0;
  SensorId sensor;
  std::string event_id;
  WallTime time{}, received{};
  std::string raw;  ///< The event as it was sent; reading it again gives the alert.
};

/// One ticket's worth of alerts.
///
///   open --an alert joins--> updated
///     |                         |
///     +--- desk says closed ----+--> closed --desk says open, or an alert joins in time--> reopened --> closed …
///                                      +--later alerts--> a new incident, whose `previous` this is
///
/// "In time" is `EngineSettings::reopen_within`.
struct IncidentRow {
  IncidentId id;
  CorrelationId correlation;
  LinkId link;
  std::string group;        ///< Signature, attacker and target in one text.
  std::string first_alert;  ///< Identity.
  WallTime first_time{};    ///< By the sensor's clock.
  WallTime opened{};
  Severity severity = Severity::high;
  std::uint64_t alerts = 1;
  std::uint64_t alerts_told = 1;  ///< How many the desk has heard of.
  std::vector<CaptureKey> captures;
  CaptureCause no_capture = CaptureCause::none;
  std::string ticket, number, url;  ///< The desk's own; empty until the ticket stands.
  std::optional<WallTime> ticket_at;
  std::optional<WallTime> mailed_at;  ///< People were told by mail, since no ticket stood.
  // What the desk told since; empty where it cannot be polled.
  std::string remote_state, assignee, verdict, remote_version;
  std::optional<WallTime> closed_at;
  IncidentId previous;  ///< The closed incident of the same group that this one follows.
};

/// What a person wrote into a ticket of ours.
struct CommentRow {
  IncidentId incident;
  std::string id, author, text, at;  ///< As the desk gives them.
  bool is_public = false;
  WallTime heard{};
};

/// By so much the time that a person names may miss the alert's.
inline constexpr Nanoseconds adoption_tolerance = std::chrono::seconds{2};

/// Somebody else opened, or will open, the ticket of an alert. The alert is known by its sensor's event id, or by
/// sensor, time and addresses.
struct AdoptionRow {
  std::string ticket, number;
  SensorId sensor;
  std::string event_id;
  WallTime time{};
  std::string attacker, target;
  std::string by;
  WallTime asked{};
  bool used = false;

  /// The same order twice is one order.
  [[nodiscard]] std::string id() const;
};

/// A condition that needs a person, and the ticket that tells of it.
struct ConditionRow {
  std::string key;
  IncidentId id;  ///< Of its ticket.
  std::string text;
  WallTime since{}, heard{}, told{};
  bool open = true;
  std::string ticket, number;
};

/// Where polling a desk goes on; JSON of the adapter's own.
struct PollCursorRow {
  std::string cursor;
};

struct CaptureRow {
  CaptureKey key;
  CaptureState state = CaptureState::expected;
  CaptureCause cause = CaptureCause::none;
  std::vector<std::string> proof;
  std::vector<IncidentId> incidents;
  Severity severity = Severity::low;  ///< The highest that waits for it.
  bool on_demand = false;
  bool heard = false;      ///< The sensor spoke of it in an evStatus, or gave some of it.
  bool completed = false;  ///< The sensor said that it is complete.
  bool refused = false;    ///< The sensor said that it could not start logs while this one was named.
  int attempts = 0;
  WallTime named{};
  Deadline due;         ///< When to try (again).
  Deadline safe_until;  ///< Forecast of the ring.
  std::optional<WallTime> completed_at, settled_at;
  std::optional<EvidenceId> evidence;  ///< Sealed; provisional until the state is sealed.
  std::uint64_t bytes = 0;
  CaptureCause trouble = CaptureCause::none;  ///< The most telling failure so far.
};

/// What texts and pages say of the row; report and sharing are for the caller to add.
CaptureView capture_view_of(const CaptureRow& row);

/// What one capture says about one incident.
struct ReportRow {
  CaptureKey capture;
  IncidentId incident;
  CaptureReport report;
};

enum class DeliveryKind { ensure, note, attach, link, state };
enum class DeliveryState { ready, inflight, unknown, done, dead, expired };
/// Nothing more will be done about it by itself.
constexpr bool is_final(DeliveryState state) {
  return state == DeliveryState::done || state == DeliveryState::dead || state == DeliveryState::expired;
}
std::string_view token(DeliveryKind kind);
std::string_view token(DeliveryState state);
std::optional<DeliveryKind> parse_delivery_kind(std::string_view token);
std::optional<DeliveryState> parse_delivery_state(std::string_view token);

/// How much a desk is offered. A definite refusal of the content goes one step down; a refused bare link is dead.
enum class Rung { full, masked, headers, no_packets, link_only };

struct DeliveryRow {
  DeliveryId id;
  IncidentId incident;
  DeliveryKind kind = DeliveryKind::ensure;
  std::uint64_t order = 0;  ///< Inside its incident; deliveries of one incident go in this order.
  std::string subject;      ///< What it is about: a capture's key, "joined", "refused-attachment"…
  DeliveryState state = DeliveryState::ready;
  Rung rung = Rung::masked;
  int attempt = 0;
  Severity severity = Severity::high;
  Deadline not_before;
  Deadline certain_after;     ///< unknown: when looking may begin.
  std::string cause;          ///< Of the last failure, or of death.
  std::string short_because;  ///< Why the content went down a rung.
};

struct GapRow {
  SensorId sensor;
  std::string cause, proof;
  std::int64_t from_ns = 0, to_ns = 0;
  WallTime noted{};
};

/// The cause of the gaps that stand where a damaged store was set aside and a new one begun.
inline constexpr const char* store_rebuilt_cause = "store-rebuilt";

/// Where a sensor's feed goes on.
struct CursorRow {
  SensorId sensor;
  std::string subscription_id, session_id, cookie;
  std::int64_t last_time_ns = 0;
};

/// An event nobody could read, kept for a person.
struct QuarantineRow {
  SensorId sensor;
  std::string raw, problem;
  WallTime noted{};
};

/// Rows that the store no longer has, taken out to keep its bounds.
struct RowsGone {
  std::vector<IncidentId> incidents;
  std::vector<CaptureKey> captures;
  std::vector<std::string> identities;  ///< Of alerts that are not even remembered any more.
};

/// All rows of one incident that its texts and deliveries need.
struct IncidentRows {
  IncidentRow incident;
  std::optional<AlertRow> first;  ///< Its first alert; nothing when its row is gone.
  std::vector<CaptureRow> captures;
  std::vector<ReportRow> reports;
  std::vector<DeliveryRow> deliveries;
};

/// An incident that waits for its desk and for nothing else, as short as the shelf keeps it.
struct WaitingRow {
  IncidentKey incident;
  std::size_t group = 0;  ///< Hash of its name.
  WallTime first_time{};
  Severity severity = Severity::high;  ///< Of the delivery that goes first.
  Deadline not_before;
  std::uint32_t deliveries = 0;
};

/// All that an engine needs to go on. Settled things come along only as far as later inputs may touch them.
struct Snapshot {
  SeenAlerts seen;               ///< Every alert that the store holds or remembers.
  WallTime newest_alert{};       ///< When the last of them was received.
  std::vector<AlertRow> alerts;  ///< The first ones of the incidents below.
  std::vector<IncidentRow> incidents;
  std::vector<WaitingRow> waiting;  ///< Incidents that need not be in memory; none of their rows is here.
  std::vector<CaptureRow> captures;
  std::vector<CaptureKey> earlier_captures;  ///< Those that settled before.
  std::vector<ReportRow> reports;
  std::vector<DeliveryRow> deliveries;
  std::vector<AdoptionRow> adoptions;
  std::vector<ConditionRow> conditions;
  std::string poll_cursor;
  std::optional<WallTime> rebuilt_at;  ///< An earlier store was lost then: its tickets stand, and no row knows them.
  std::uint64_t sequence = 0, alerts_total = 0, incidents_total = 0, gaps_total = 0;
};

}  // namespace exhibit
