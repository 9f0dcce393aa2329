#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "engine/capture_tracker.h"
#include "engine/fact.h"
#include "engine/input.h"
#include "engine/operator_desk.h"
#include "engine/outbox.h"
#include "engine/second_channel.h"
#include "engine/seen_alerts.h"
#include "engine/shelf.h"
#include "incident/priority.h"
#include "incident/ticket_template.h"

namespace exhibit {

enum class AttachPolicy { none, trigger_packet, capture };

/// One tenant's settings, as far as decisions depend on them.
struct EngineSettings {
  TenantId tenant;
  std::string tenant_name;
  Zone zone;
  std::vector<Network> networks;
  std::string public_url;  ///< Without a slash at its end.
  Bytes link_key;
  Policy policy;
  Disclosure disclosure = Disclosure::masked;
  AttachPolicy attach = AttachPolicy::none;
  TicketTemplates templates;
  Nanoseconds group_window = std::chrono::hours{1};
  Nanoseconds reopen_within = std::chrono::hours{24};  ///< Later, a closed ticket stays closed and a new one follows.
  bool round_trip = false;                             ///< The desk is polled: open tickets stay in memory longer.
  Outbox::Settings outbox;
  std::size_t waiting_in_memory = limits::waiting_in_memory;  ///< Incidents; the others wait on the shelf.
  OperatorDesk::Settings operator_desk;
  SecondChannel::Settings people;  ///< Told by mail of an incident whose ticket is late.
  std::map<SensorId, CaptureTracker::Settings> sensors;
};

struct EngineCounts {
  std::uint64_t alerts = 0, incidents = 0, gaps = 0, duplicates_dropped = 0;
};

/// Turns what the sensors and the desk say into rows, and rows into what is owed. One tenant, one owner (its strand).
///
/// `on` is the only way in. Its facts are to be committed in one transaction before its effects are performed; if the
/// commit fails, throw this object away and make a new one from the rows. Does no I/O and reads no clock.
///
/// What waits long for its desk is not kept in memory (shelf.h). So before each `on` the owner reads the rows of what
/// is `absent` and brings it back, and after each commit it lets the engine put aside what may go.
class TenantEngine {
 public:
  explicit TenantEngine(EngineSettings settings);

  /// Takes the rows of an earlier life; gives what must be said and done first.
  Reaction restore(Snapshot rows, Now now);
  Reaction on(Input input, Now now);
  /// The same behind what `out` holds already: several inputs share a commit.
  void on(Input input, Now now, Reaction& out);
  /// The incidents on the shelf that this input, or what it sets going, may need.
  [[nodiscard]] std::vector<IncidentId> absent(const Input& input, Now now) const;
  /// One of them, as committed; to be called with nothing else between `absent` and `on`.
  void bring_back(const IncidentRows& rows, Now now);
  /// All that was said is committed: what waits for its desk alone may leave the memory. Gives how many left.
  std::size_t put_aside();
  /// Something may be sent as soon as this delivery has ended.
  [[nodiscard]] bool makes_way(const DeliveryId& id) const;
  /// When a Tick is due, if nothing else comes before.
  [[nodiscard]] std::optional<MonoTime> next_wake() const;

  [[nodiscard]] const EngineCounts& counts() const { return counts_; }
  [[nodiscard]] const CaptureTracker& captures() const { return captures_; }
  [[nodiscard]] const Outbox& outbox() const { return outbox_; }
  /// What is owed to the desk and goes on by itself.
  [[nodiscard]] std::size_t open_deliveries() const { return outbox_.open() + shelf_.deliveries(); }
  /// Incidents that have a delivery which waits for its time or for a look.
  [[nodiscard]] std::size_t waiting() const { return outbox_.waiting() + shelf_.size(); }
  [[nodiscard]] const OperatorDesk& operator_desk() const { return operator_; }
  /// What texts and pages say of an incident; nothing when it is no longer in memory.
  [[nodiscard]] std::optional<TicketView> view(const IncidentId& incident) const;
  [[nodiscard]] const IncidentRow* incident(const IncidentId& id) const;
  [[nodiscard]] const IncidentRow* incident(const CorrelationId& correlation) const;
  /// What would be sent for this row now; nothing when its incident is no longer in memory.
  [[nodiscard]] std::optional<SendDelivery> rendered(const DeliveryRow& row) const;
  /// {"cursor", "tickets": […]} for the next poll of the desk: open tickets, a hundred at a time in turn; nothing when
  /// there is none.
  [[nodiscard]] std::optional<std::string> poll_request();
  /// No delivery is open, no capture is unsettled, every report is in.
  [[nodiscard]] bool settled() const;
  void resume_desk() { outbox_.resume(); }
  /// Nobody follows the desk's tickets after all.
  void not_polled() { settings_.round_trip = false; }

  /// Whether the rows of this incident may be taken out: nothing waits for it, and nobody follows its ticket.
  [[nodiscard]] bool may_go(const IncidentId& id, Now now) const;
  /// They were taken out, and that is committed. To be called before the next input.
  void gone(const RowsGone& rows);

 private:
  struct Incident {
    IncidentRow row;
    std::shared_ptr<const Alert> first, latest;
    std::map<CaptureKey, CaptureReport> reports;
  };

  void take(SensorSaid&& said, Now now, Reaction& out);
  void take(const DeliveryEnded& ended, Now now, Reaction& out);
  void take(const DeliveryLookedUp& result, Now now, Reaction& out);
  void take(const FetchEnded& ended, Now now, Reaction& out);
  void take(const CaptureExamined& examined, Now now, Reaction& out);
  void take(const FetchAsked& asked, Now now, Reaction& out);
  void take(const SensorTrouble& trouble, Now now, Reaction& out);
  void take(const DiskSaid& said, Now now, Reaction& out);
  void take(const BoundsSaid& said, Now now, Reaction& out);
  void take(const LetterDecided& decision, Now now, Reaction& out);
  void take(const DeskSaid& said, Now now, Reaction& out);
  void take(const AdoptAsked& asked, Now now, Reaction& out);
  void take(const Tick&, Now now, Reaction& out);

  void take_change(Incident& incident, const TicketChange& change, Now now, Reaction& out);
  [[nodiscard]] Incident* incident_of(const TicketChange& change);
  /// The adoption that waits for this alert; nothing when nobody asked.
  [[nodiscard]] AdoptionRow* adoption_for(const Alert& alert);
  void retire(Incident& incident, const std::string& ticket, Now now, Reaction& out);
  void adopt(Incident& incident, AdoptionRow& order, Now now, Reaction& out);
  [[nodiscard]] bool may_reopen(const Incident& incident, Now now) const;

  void after_rebuild(WallTime rebuilt_at, Now now, Reaction& out);
  void on_alert(const SensorId& sensor, IdsAlert&& event, Now now, Reaction& out);
  Incident* find_incident(const Alert& alert, const std::string& group, Now now);
  [[nodiscard]] const Incident* last_of_group(const std::string& group) const;
  Incident& open_incident(std::shared_ptr<const Alert> alert, std::string group, Now now, Reaction& out);
  void join_incident(Incident& incident, std::shared_ptr<const Alert> alert, Now now, Reaction& out);
  bool name_captures(Incident& incident, const Alert& alert, Now now, Reaction& out);
  void learn_number(const DeliveryRow& row, Incident& incident, const DeliveryOutcome& outcome, Reaction& out);
  void ticket_made(Incident& incident, std::string ticket, std::string number, std::string url, Now now, Reaction& out);
  void ticket_stands(Incident& incident, std::string ticket, std::string number, std::string url, Now now,
                     Reaction& out);
  void capture_settled(const CaptureRow& row, Incident& incident, Now now, Reaction& out);
  void note_capture(Incident& incident, const CaptureKey& key, Now now, Reaction& out);
  void note_joined(Incident& incident, Now now, Reaction& out);
  static void tell_of_dead(const DeliveryRow& row, Reaction& out);
  void attachment_refused(const DeliveryRow& row, Now now, Reaction& out);
  void examine(const CaptureRow& row, const Incident& incident, Reaction& out) const;
  void expect_tickets(Now now);
  void expect_ticket(const Incident& incident, Now now);
  void people_told(const IncidentId& id, Now now, Reaction& out);
  [[nodiscard]] std::string mailed_words(const Incident& incident) const;
  [[nodiscard]] SendDelivery render_mail(const Incident& incident, const SecondChannel::Mail& mail) const;
  void pump_mail(Now now, Reaction& out);
  void tell_of_templates(const SendDelivery& send, Now now, Reaction& out);
  void pump(Now now, Reaction& out);
  void follow_settled_captures(Now now, Reaction& out);
  [[nodiscard]] static bool awaits_report(const Incident& incident, const CaptureRow& row);
  [[nodiscard]] bool waits(const Incident& incident) const;
  [[nodiscard]] bool waits_for_captures(const Incident& incident) const;
  Incident& remember(const IncidentRow& row, const AlertRow* first);
  void leave_memory(const IncidentId& id);
  [[nodiscard]] bool may_be_put_aside(const IncidentId& id) const;
  [[nodiscard]] bool is_followed(const Incident& incident, Now now) const;
  void forget(const IncidentId& id);
  void forget_old(Now now);
  void forget_beyond(std::size_t most, Now now);

  [[nodiscard]] std::string fields_of(const Incident& incident) const;
  [[nodiscard]] TicketView view_of(const Incident& incident) const;
  [[nodiscard]] CaptureView capture_view(const Incident& incident, const CaptureKey& key) const;
  [[nodiscard]] SendDelivery render(const Incident& incident, const DeliveryRow& row) const;
  [[nodiscard]] std::string note_of(const Incident& incident, const DeliveryRow& row, const TicketView& view) const;
  [[nodiscard]] Rung first_rung() const;

  EngineSettings settings_;
  CaptureTracker captures_;
  Outbox outbox_;
  OperatorDesk operator_;
  SecondChannel people_;
  Shelf shelf_;
  std::optional<Turn> passed_over_;  ///< Those from this turn on were looked at, and too few could be put aside.
  SeenAlerts seen_;
  std::map<std::string, IncidentId> tickets_;     ///< By the desk's id.
  std::map<std::string, AdoptionRow> adoptions_;  ///< Not used yet, by id.
  std::string poll_cursor_;
  std::unordered_map<IncidentId, Incident> incidents_;
  std::unordered_map<std::string, std::vector<IncidentId>> groups_;
  bool disk_scarce_ = false;
  EngineCounts counts_;
  std::uint64_t sequence_ = 0;
  std::string last_polled_;  ///< A ticket.
  MonoTime last_forgetting_{};
  std::size_t incidents_until_forgetting_ = limits::incidents_in_memory / 8 * 9;
  std::size_t forgotten_ = 0;  ///< Incidents, since their events were.
};

/// "3200/0 192.0.2.10 198.51.100.20": alerts with the same text may join one incident.
std::string group_of(const Alert& alert);
/// The same of an alert that is not in our words yet.
std::string group_of(const SensorId& sensor, const IdsAlert& alert);

}  // namespace exhibit
