#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/fact.h"
#include "engine/input.h"
#include "engine/outbox.h"

namespace exhibit {

/// Under which the mail about a subject stands among the deliveries.
IncidentId mail_id(const IncidentId& subject);

/// Tells people by mail what a desk does not take: one mail for each subject, which is an incident or a condition.
///
///   (nothing) --expect--> expected --time over--> owed --> mailed
///                            +---- cancel -------> (nothing)
///
/// Its deliveries stand beside those of the desk under ids of their own, so that neither waits for the other. Pure; the
/// subject's owner owns it.
class SecondChannel {
 public:
  struct Settings {
    bool on = false;
    Channel channel = Channel::people;
    Nanoseconds after = std::chrono::minutes{15};
    std::string addresses;  ///< As people read them: "soc@msp.example".
    Outbox::Settings outbox;
  };

  explicit SecondChannel(Settings settings) : settings_(std::move(settings)), outbox_(settings_.outbox) {}

  /// A subject of an earlier life. Call it for all of them before `restore`, which takes its own of the rows.
  void know(const IncidentId& subject);
  void restore(const std::vector<DeliveryRow>& rows, Now now, Facts& facts);
  [[nodiscard]] bool owns(const DeliveryId& id) const;
  [[nodiscard]] bool owns(const DeliveryRow& row) const { return subjects_.contains(row.incident); }
  [[nodiscard]] bool holds(const IncidentId& subject) const;
  /// The subject leaves the memory; nothing of it may be held.
  void forget(const IncidentId& subject);

  /// Its mail is owed when that time has come and nobody cancelled. Lives in memory alone.
  void expect(const IncidentId& subject, Severity severity, MonoTime at);
  /// Its mail is owed from now on, and goes out after `wait`.
  void owe(const IncidentId& subject, Severity severity, Nanoseconds wait, Now now, Facts& facts);
  /// Takes back what was not sent yet.
  void cancel(const IncidentId& subject, Facts& facts);

  struct Mail {
    IncidentId subject;
    DeliveryRow row;
    CorrelationId correlation;
  };
  /// So many wait at a time, and one more when none of them may go: what is owed keeps its subject in memory.
  static constexpr std::size_t owed_at_once = 64;
  /// The subjects whose time has come and that are owed next.
  [[nodiscard]] std::vector<IncidentId> due(Now now) const;
  /// The mail of one that is `due`; which waits until its owner can write about it.
  void owe_expected(const IncidentId& subject, Now now, Facts& facts);
  std::vector<Mail> claim(Now now, Facts& facts);
  /// What would have gone to the desk, as this mail.
  [[nodiscard]] SendDelivery as_mail(const Mail& mail, SendDelivery send) const;
  std::vector<LookUpDelivery> claim_look_ups(Now now);
  /// The subject that has been mailed now.
  std::optional<IncidentId> ended(const DeliveryEnded& ended, Now now, Facts& facts);
  std::optional<IncidentId> looked_up(const DeliveryLookedUp& result, Now now, Facts& facts);

  [[nodiscard]] std::optional<MonoTime> next_wake() const;
  [[nodiscard]] std::size_t open() const { return outbox_.open(); }

 private:
  struct Expected : Turn {
    IncidentId subject;
  };

  std::optional<IncidentId> mailed(const std::optional<DeliveryRow>& row) const;

  Settings settings_;
  Outbox outbox_;
  std::map<IncidentId, IncidentId> subjects_;  ///< By the id that its deliveries carry.
  std::map<IncidentId, Turn> expected_;
  std::set<Expected, std::less<Turn>> order_;  ///< The same.
  std::uint64_t next_number_ = 0;
};

}  // namespace exhibit
