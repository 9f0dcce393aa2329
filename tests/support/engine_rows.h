#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/fact.h"

namespace exhibit::test {

/// The latest image of each row, as the store keeps it.
struct EngineRows {
  std::map<std::string, AlertRow> alerts;
  std::map<IncidentId, IncidentRow> incidents;
  std::map<CaptureKey, CaptureRow> captures;
  std::map<std::pair<CaptureKey, IncidentId>, ReportRow> reports;
  std::map<DeliveryId, DeliveryRow> deliveries;
  std::map<std::string, AdoptionRow> adoptions;
  std::map<std::string, ConditionRow> conditions;
  std::string poll_cursor;
  std::uint64_t sequence = 0, gaps = 0;

  void take(const AlertRow& row) { alerts.emplace(row.identity, row), sequence = std::max(sequence, row.sequence); }
  void take(const IncidentRow& row) { incidents.insert_or_assign(row.id, row); }
  void take(const CaptureRow& row) { captures.insert_or_assign(row.key, row); }
  void take(const ReportRow& row) { reports.insert_or_assign({row.capture, row.incident}, row); }
  void take(const DeliveryRow& row) { deliveries.insert_or_assign(row.id, row); }
  void take(const AdoptionRow& row) { adoptions.insert_or_assign(row.id(), row); }
  void take(const ConditionRow& row) { conditions.insert_or_assign(row.key, row); }
  void take(const PollCursorRow& row) { poll_cursor = row.cursor; }
  void take(const GapRow&) { ++gaps; }
  template <typename Other>
  void take(const Other&) {}

  [[nodiscard]] Snapshot snapshot() const {
    const auto values = [](const auto& map) {
      std::vector<typename std::decay_t<decltype(map)>::mapped_type> all;
      for (const auto& [key, row] : map) all.push_back(row);
      return all;
    };
    Snapshot all;
    all.alerts = values(alerts), all.incidents = values(incidents), all.captures = values(captures);
    all.reports = values(reports), all.conditions = values(conditions), all.deliveries = values(deliveries);
    for (const AdoptionRow& row : values(adoptions))
      if (!row.used) all.adoptions.push_back(row);
    all.poll_cursor = poll_cursor, all.sequence = sequence;
    all.alerts_total = alerts.size(), all.incidents_total = incidents.size(), all.gaps_total = gaps;
    return all;
  }

  /// What Store::load_incident gives.
  [[nodiscard]] IncidentRows of(const IncidentId& id) const {
    IncidentRows some{incidents.at(id), {}, {}, {}, {}};
    some.first = alerts.at(some.incident.first_alert);
    for (const CaptureKey& key : some.incident.captures) some.captures.push_back(captures.at(key));
    for (const auto& [key, report] : reports)
      if (report.incident == id) some.reports.push_back(report);
    for (const auto& [key, delivery] : deliveries)
      if (delivery.incident == id) some.deliveries.push_back(delivery);
    return some;
  }
};

}  // namespace exhibit::test
