#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/result.h"

#include "base/plants.h"
#include "engine/fact.h"
#include "engine/input.h"
#include "engine/turn.h"

namespace exhibit {

/// What the desk is owed, and what became of it.
///
///            claim (committed before the first byte)        proven
///   ready --------------------------------------> inflight --------> done
///     ^  ^                                          |  |  |
///     |  +---- provably not sent, desk says later --+  |  +-- refused bare link, ticket gone --> dead(cause)
///     |  |                                             |        a person: again --> ready, or --> expired, done
///     |  +---- content refused: one rung down ---------+-- a refused file --> expired
///     |                                                v  answer lost, or our process died
///     +--- looked: not there -----------------------unknown --- looked: there --> done
///                                                      +------- look-up failed: look again later
///
/// Unknown is resolved by looking, never by repeating, and only after the desk's settle time. Deliveries of one
/// incident go in order, and wait behind a ticket that could not be made. A refused login pauses the desk, not the
/// item. A desk that cannot be searched and knows no stable id never hears an unknown delivery again: a person is
/// asked. Pure; its tenant's engine owns it.
class Outbox {
 public:
  struct Settings {
    Nanoseconds retry_first = std::chrono::seconds{2};
    Nanoseconds retry_max = std::chrono::hours{1};
    Nanoseconds look_again = std::chrono::seconds{30};  ///< At most so long after the desk is well again.
    Nanoseconds settle = std::chrono::seconds{120};
    Nanoseconds denied_pause = std::chrono::minutes{1};
    std::size_t in_flight_max = 4;
  };

  /// Of an incident all of whose deliveries wait for the first one's turn: what its rows do not say.
  struct Waiting {
    Turn turn;
    int failures = 0;
    std::uint32_t deliveries = 0;
  };

  explicit Outbox(Settings settings) : settings_(settings) {}

  /// What was in flight when the process died is unknown now.
  void restore(const std::vector<DeliveryRow>& rows, Now now, Facts& facts);

  /// Rows were lost at `since`. Until `until` a new incident's ticket may stand already, so it is looked for first;
  /// what else is owed gets orders that no lost row had, or its marker would be taken for one that was sent before.
  void doubt(WallTime since, WallTime until) { doubted_since_ = since, doubted_until_ = until; }

  void owe(const IncidentId& incident, DeliveryKind kind, std::string subject, Severity severity, Rung rung, Now now,
           Facts& facts, Nanoseconds wait = Nanoseconds{0});
  /// Claims what may be sent now: at most one of an incident, higher severity first, but none behind `before`.
  std::vector<DeliveryRow> claim(Now now, Facts& facts, const std::optional<Turn>& before = {});
  /// Which lost answers may be looked for now; each is given once until `looked_up` answers it.
  std::vector<DeliveryRow> claim_look_ups(Now now);

  /// How many `claim` would take now, if as many were due.
  [[nodiscard]] std::size_t room(Now now) const;
  /// The turn of the n-th (from 0) of those that `claim` would come to first; nothing when fewer are due.
  [[nodiscard]] std::optional<Turn> due_turn(std::size_t nth, Now now) const;
  /// Visits the incidents that wait for a turn, with it: the last before `before`, or of all, first; until `visit` says
  /// false. None may leave meanwhile.
  template <typename Visit>
  void from_the_last(const std::optional<Turn>& before, Visit visit) const {
    auto at = before ? turns_.lower_bound({*before, nullptr}) : turns_.end();
    while (at != turns_.begin() && visit((--at)->row->incident, static_cast<const Turn&>(*at))) {
    }
  }
  /// Nothing when some of it is under way, in doubt, done or dead.
  [[nodiscard]] std::optional<Waiting> waits(const IncidentId& incident) const;
  /// The place of one that an earlier life left waiting, behind all that were restored.
  Waiting place_of(Severity severity, Deadline not_before, std::uint32_t deliveries, Now now);
  /// All that one incident is and was owed, with the place that it had.
  void bring_back(const std::vector<DeliveryRow>& rows, const Waiting& place, Now now);

  /// The row as it is afterwards; nothing for an id that is not open.
  std::optional<DeliveryRow> ended(const DeliveryEnded& ended, Now now, Facts& facts);
  std::optional<DeliveryRow> looked_up(const DeliveryLookedUp& result, Now now, Facts& facts);

  /// Takes back what was never tried. False: it was, or there is none.
  bool withdraw(const IncidentId& incident, std::string_view subject, Facts& facts);
  /// Takes back what is not done, also when it was tried: for what nothing else depends on.
  bool give_up(const IncidentId& incident, std::string_view subject, Facts& facts);
  /// Whether `decided` would take it. not_found: no dead delivery has this id. bad_input: it is no ticket's.
  [[nodiscard]] Result<void> may_decide(const LetterDecided& decision) const;
  /// Of a dead delivery. not_found: no dead delivery has this id.
  Result<DeliveryRow> decided(const LetterDecided& decision, Rung first_rung, Now now, Facts& facts);

  /// Those that died and wait for a person.
  [[nodiscard]] std::vector<DeliveryRow> dead() const;
  /// `elsewhere`: when the first of those may go that wait for a turn here, but are not here.
  [[nodiscard]] std::optional<MonoTime> next_wake(std::optional<MonoTime> elsewhere = {}) const;
  /// What goes on by itself; not what waits for a person.
  [[nodiscard]] std::size_t open() const;
  /// How many incidents have a delivery that waits for its time or for a look; each owes a few at most.
  [[nodiscard]] std::size_t waiting() const { return turns_.size() + looks_.size(); }
  /// Its incident is owed more than this delivery.
  [[nodiscard]] bool has_behind(const DeliveryId& id) const;
  /// Something of it is still to be delivered.
  [[nodiscard]] bool owes(const IncidentId& incident) const { return rows_of(incident) != nullptr; }
  /// The same, or something of it waits for a person.
  [[nodiscard]] bool holds(const IncidentId& incident) const;
  /// Of an incident that is not held, or that `waits`.
  void forget(const IncidentId& incident);
  /// A ready delivery about the same subject: what is new can be folded into it, since texts are made when it is
  /// claimed.
  [[nodiscard]] bool has_ready(const IncidentId& incident, std::string_view subject) const;
  /// What keeps its first delivery from being done, in the words of the last failure; empty: nothing does.
  [[nodiscard]] std::string why_waiting(const IncidentId& incident) const;
  [[nodiscard]] const std::optional<std::string>& paused() const { return paused_why_; }
  void resume() { paused_why_.reset(), paused_until_.reset(), denials_ = 0; }

 private:
  /// An open row, and where it stands in the two sets below.
  struct Open : DeliveryRow {
    std::uint64_t number = 0;  ///< Of two that are due at once, the one that came first goes first.
    /// Of the desk, in this life. `attempt` also counts our own deaths, for which nobody shall wait.
    int failures = 0;
    std::optional<MonoTime> turn, look;
  };
  using Rows = std::vector<std::unique_ptr<Open>>;
  /// What one incident is owed. It is kept when nothing is open, for the orders that were given.
  struct Line {
    Rows open;  ///< In their order; not done and not dead.
    std::uint64_t next_order = 0;
    bool blocked = false;   ///< It has no ticket, and will have none before a person decides.
    bool given_up = false;  ///< A person decided that it gets no ticket.
  };
  struct Place {
    Line* line = nullptr;
    Rows::iterator at;
    explicit operator bool() const { return line != nullptr; }
    Open& operator*() const { return **at; }
    Open* operator->() const { return at->get(); }
  };
  struct OpenTurn : Turn {
    Open* row = nullptr;
  };
  using Turns = std::set<OpenTurn, std::less<Turn>>;
  struct Look {
    MonoTime at;
    std::uint64_t number;
    Open* row;
    bool operator<(const Look& other) const { return std::tie(at, number) < std::tie(other.at, other.number); }
  };

  [[nodiscard]] bool rests(Now now) const { return paused_until_ && !paused_until_->passed(now); }
  void pause(const DeliveryOutcome& outcome, Now now);
  void to_ready(DeliveryRow& row, Nanoseconds wait, std::string_view why, Now now);
  void to_unknown(DeliveryRow& row, std::string_view why, Now now);
  bool take_back(const IncidentId& incident, std::string_view subject, bool tried_too, Facts& facts);
  void expire_all(Line& line, Facts& facts);
  void step_down(DeliveryRow& row, const std::string& why, Now now);
  [[nodiscard]] static bool blocked(const Line& line) {
    return line.blocked && !planted(Plant::notes_pass_a_dead_ticket);
  }
  [[nodiscard]] const Rows* rows_of(const IncidentId& incident) const;
  void restore_row(DeliveryRow row, Now now, Facts& facts);
  Open& put(Line& line, DeliveryRow row);
  DeliveryRow finish(const Place& place, DeliveryState state, Facts& facts);
  Place find(const DeliveryId& id);
  /// After every change to an incident's rows, or to what blocks it.
  void arrange(Line& line);
  void take_out(Open& row);
  [[nodiscard]] std::vector<Open*> due(Now now, std::size_t most) const;
  [[nodiscard]] static Turn turn_of(const Open& row) { return {row.severity, row.turn.value(), row.number}; }
  Nanoseconds back_off(Open& row) const;
  void desk_is_well(Now now);

  Settings settings_;
  std::unordered_map<IncidentId, Line> lines_;
  // So that nothing walks through a backlog, however long the desk was away.
  Turns turns_;           // May be claimed when it is due: ready, and the first of its incident.
  std::set<Look> looks_;  // May be looked for when it is due: unknown, and nobody looks already.
  std::uint64_t next_number_ = 0;
  std::map<DeliveryId, DeliveryRow> dead_;
  WallTime doubted_since_{}, doubted_until_{};
  std::set<DeliveryId> looking_;
  std::set<DeliveryId> failed_looks_;  // Since the desk last answered well.
  std::size_t in_flight_ = 0;
  std::optional<std::string> paused_why_;
  std::optional<Deadline> paused_until_;
  int denials_ = 0;
};

/// The ticket, other than its incident's own, that a delivery is for: one that the incident has left. Empty: none.
std::string_view other_ticket(const DeliveryRow& row);

/// "…-3" of incident and order: the same on every attempt.
DeliveryId delivery_id(const IncidentId& incident, std::uint64_t order);

}  // namespace exhibit
