#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_set>

#include "engine/fact.h"
#include "stage.h"

namespace exhibit::sim {

using Step = std::pair<std::string, DeliveryState>;  ///< From ("" for a new row) and to.

/// One tenant's store: the latest image of each row, judged as it is written.
///
/// Fault model: a commit may be refused, alone or for minutes in a row (a full disk); then nothing of it is written.
/// What was taken stays: losing synchronised rows is the power cut's test, not this one's.
class SimDisk {
 public:
  SimDisk(Stage& stage, TenantId tenant) : stage_(stage), tenant_(std::move(tenant)) {}

  /// False: refused. `looked_for`: the lost answer whose look-up this commit takes in, if it is one.
  bool commit(const Facts& facts, const DeliveryId& looked_for = {});
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] std::optional<WaitingRow> waiting_row(const IncidentRow& row) const;
  [[nodiscard]] IncidentRows rows_of(const IncidentId& id) const;
  void fill_up(Nanoseconds length) { full_until_ = stage_.now().mono + length; }
  /// What must hold of rows at the end.
  void judge_the_end() const;

  [[nodiscard]] const DeliveryRow* delivery(const DeliveryId& id) const;
  [[nodiscard]] const CaptureRow* capture(const CaptureKey& key) const;
  [[nodiscard]] const IncidentRow* incident(const IncidentId& id) const;
  [[nodiscard]] bool has_event(const SensorId& sensor, const std::string& event_id) const {
    return events_.contains(sensor.text + "/" + event_id);
  }
  [[nodiscard]] const std::map<IncidentId, IncidentRow>& incidents() const { return incidents_; }
  [[nodiscard]] std::vector<DeliveryRow> dead() const;
  /// A person decided that the incident gets no ticket.
  [[nodiscard]] bool given_up(const IncidentId& id) const;
  [[nodiscard]] MonoTime unknown_since(const DeliveryId& id) const;
  [[nodiscard]] const std::set<Step>& steps() const { return steps_; }
  /// The meaning of all rows as text.
  [[nodiscard]] std::string text() const;

  bool person_decided = false;              ///< The commit under way is of a person's decision.
  std::set<CaptureKey> said_gone;           ///< What the sensor said it has no more.
  std::map<CaptureKey, std::string> whole;  ///< The hash of each log's whole content.

 private:
  void write(const AlertRow& row);
  void write(const IncidentRow& row);
  void write(const CaptureRow& row);
  void write(const DeliveryRow& row);
  void write(const ReportRow& row) { reports_.insert_or_assign({row.capture, row.incident}, row); }
  template <typename Other>
  void write(const Other&) {}
  void judge_step(const DeliveryRow* before, const DeliveryRow& row);
  void judge_settled(const CaptureRow& row);

  Stage& stage_;
  TenantId tenant_;
  MonoTime full_until_{};
  DeliveryId looked_for_;
  std::map<std::string, AlertRow> alerts_;
  std::map<IncidentId, IncidentRow> incidents_;
  std::map<CaptureKey, CaptureRow> captures_;
  std::map<CaptureKey, MonoTime> named_;
  std::map<std::pair<CaptureKey, IncidentId>, ReportRow> reports_;
  std::map<DeliveryId, DeliveryRow> deliveries_;
  std::map<DeliveryId, MonoTime> unknown_since_;
  std::unordered_set<std::string> events_;
  std::uint64_t sequence_ = 0;
  std::set<Step> steps_;
};

}  // namespace exhibit::sim
