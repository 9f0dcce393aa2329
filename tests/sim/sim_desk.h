#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/desk_gate.h"
#include "engine/fact.h"
#include "engine/input.h"
#include "stage.h"

namespace exhibit::sim {

/// One remote desk, perhaps of several tenants, behind the gate that our process keeps for it.
///
/// Fault model, of a thousand calls: it did it and the answer is lost (80), it did not and the answer is lost (40),
/// "not now" (50), login refused (10), content refused (40, a bare link 5), ticket gone (2), a look-up fails (100). It
/// may be down for hours. A desk that `cannot_search` answers every look-up with "nobody can tell".
class SimDesk {
 public:
  struct Ticket {
    std::string id, correlation;
    TenantId tenant;
    std::vector<std::string> operations;  ///< Ids in the order in which they were stored.
  };

  SimDesk(Stage& stage, std::string name, DeskGate::Settings gate, bool cannot_search);

  void send(const TenantId& tenant, const SendDelivery& order, std::function<void(DeliveryOutcome)> done);
  void look_up(const TenantId& tenant, const LookUpDelivery& order, Severity severity,
               std::function<void(DeliveryLookedUp)> done);
  void be_down(Nanoseconds length) { down_until_ = stage_.now().mono + length; }
  /// A person sends this one once more: it may come behind later ones.
  void out_of_turn(const DeliveryId& id) { out_of_turn_.insert(id.text); }
  /// The gate is ours, and dies with us.
  void our_process_died();

  [[nodiscard]] const Ticket* ticket_of(const std::string& correlation) const;
  [[nodiscard]] bool holds(const std::string& correlation, const std::string& operation) const;
  [[nodiscard]] std::size_t lost_answers() const { return lost_answers_; }
  [[nodiscard]] std::string text() const;

 private:
  struct Call {
    TenantId tenant;
    std::function<void()> perform;
    std::function<void(const DeskGate::Rest&)> refuse;
  };

  void begin_call();
  void enter(const TenantId& tenant, Severity severity, Call call);
  void pump();
  void perform_send(const TenantId& tenant, const SendDelivery& order,
                    const std::function<void(DeliveryOutcome)>& done);
  void perform_look_up(const LookUpDelivery& order, const std::function<void(DeliveryLookedUp)>& done);
  /// Tells the gate and frees the place, unless our process died meanwhile.
  void answered(DeskGate::Told::Kind kind);
  void store(const TenantId& tenant, const SendDelivery& order);
  DeliveryOutcome::Kind outcome_of(const SendDelivery& order, bool& stored);

  Stage& stage_;
  std::string name_;
  DeskGate::Settings gate_settings_;
  bool cannot_search_;
  MonoTime down_until_{}, refused_until_{};
  std::unique_ptr<DeskGate> gate_;
  std::map<std::uint64_t, Call> waiting_;
  std::uint64_t next_call_ = 0;
  int under_way_ = 0;
  bool pumping_later_ = false;
  std::map<std::string, Ticket> tickets_;     ///< By correlation id: the first.
  std::map<std::string, std::string> by_id_;  ///< The desk's own id to the correlation id.
  std::set<std::string> out_of_turn_;
  std::size_t made_ = 0, lost_answers_ = 0;
};

}  // namespace exhibit::sim
