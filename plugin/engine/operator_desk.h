#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/fact.h"
#include "engine/input.h"
#include "engine/outbox.h"
#include "engine/second_channel.h"

namespace exhibit {

/// Turns what the operator must know into one ticket a condition: made after a short hold, so that what mends itself at
/// once costs nobody a night; told again when it changes; closed when the condition is over.
///
///   (nothing) --tell--> held --hold over--> ticket --over--> closed --tell, same day--> reopened
///                         +---over before---> (nothing)
///
/// It is the same ticket on the next day, too, while the desk has not been told all of the former one.
/// A condition of a shared desk, or of the disk, has the same id for every tenant on that day, so that twenty tenants
/// make one ticket of it. Pure; its tenant's engine owns it.
class OperatorDesk {
 public:
  struct Settings {
    bool on = false;  ///< Without an operator desk conditions are only kept.
    TenantId tenant;
    std::string tenant_name;
    DeskId desk;  ///< The tenant's: conditions that begin with "desk/" are about it.
    Nanoseconds hold = std::chrono::minutes{1};
    Nanoseconds told_again_after = std::chrono::minutes{10};
    Nanoseconds events_close_after = std::chrono::hours{24};  ///< What happened once, and cannot be over.
    Outbox::Settings outbox;
    SecondChannel::Settings mail;  ///< Each condition goes out by mail, too.
  };

  explicit OperatorDesk(Settings settings)
      : settings_(std::move(settings)), outbox_(settings_.outbox), mail_(settings_.mail) {}

  /// Takes its own of the deliveries, and gives what is still open as effects.
  void restore(const Snapshot& rows, Now now, Reaction& out);
  void tell(const TellOperator& told, Now now, Facts& facts);
  /// Closes what happened once and was not heard of again.
  void tick(Now now, Reaction& out);

  [[nodiscard]] bool owns(const DeliveryId& id) const;
  void ended(const DeliveryEnded& ended, Now now, Facts& facts);
  void looked_up(const DeliveryLookedUp& result, Now now, Facts& facts);
  void pump(Now now, Reaction& out);

  [[nodiscard]] std::optional<MonoTime> next_wake() const;
  [[nodiscard]] std::size_t open() const { return outbox_.open() + mail_.open(); }

 private:
  void open_condition(const TellOperator& told, Now now, Facts& facts);
  void close_condition(ConditionRow& row, Now now, Facts& facts);
  void ticket_stands(const IncidentId& id, const std::string& ticket, const std::string& number, Facts& facts);
  [[nodiscard]] IncidentId id_of(const std::string& key, Now now) const;
  [[nodiscard]] SendDelivery render(const ConditionRow& row, const DeliveryRow& delivery) const;
  [[nodiscard]] SendDelivery render_mail(const ConditionRow& row, const SecondChannel::Mail& mail) const;
  ConditionRow* row_of(const IncidentId& id);

  Settings settings_;
  Outbox outbox_;
  SecondChannel mail_;
  std::map<std::string, ConditionRow> conditions_;  ///< By key; also the closed ones of today.
  std::map<IncidentId, std::string> keys_;
};

}  // namespace exhibit
