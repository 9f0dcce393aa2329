#include "store/row_writer.h"

#include "base/text.h"
#include "store/report_json.h"

namespace exhibit {
namespace {

template <typename T, typename Text>
std::string joined(const std::vector<T>& list, Text text) {
  std::vector<std::string> parts;
  for (const T& item : list) parts.push_back(replace_all(text(item), "\n", " "));
  return join(parts, "\n");
}

}  // namespace

bool RowWriter::put(const AlertRow& row) {
  return alert_.bind(row.sequence)
      .bind(row.identity)
      .bind(row.incident)
      .bind(row.sensor)
      .bind(row.event_id)
      .bind(row.time)
      .bind(row.received)
      .bind(row.raw)
      .run();
}

bool RowWriter::put(const IncidentRow& row) {
  const std::string captures = joined(row.captures, [](const CaptureKey& key) { return key.text(); });
  return incident_.bind(row.id)
      .bind(row.correlation)
      .bind(row.link)
      .bind(row.group)
      .bind(row.first_alert)
      .bind(row.first_time)
      .bind(row.opened)
      .bind(static_cast<int>(row.severity))
      .bind(row.alerts)
      .bind(row.alerts_told)
      .bind(captures)
      .bind(token(row.no_capture))
      .bind(row.ticket)
      .bind(row.number)
      .bind(row.url)
      .bind(row.ticket_at)
      .bind(row.remote_state)
      .bind(row.assignee)
      .bind(row.verdict)
      .bind(row.remote_version)
      .bind(row.closed_at)
      .bind(row.previous)
      .bind(row.mailed_at)
      .run();
}

bool RowWriter::put(const CaptureRow& row) {
  const std::string proof = joined(row.proof, [](const std::string& clause) { return clause; });
  const std::string incidents = joined(row.incidents, [](const IncidentId& id) { return id.text; });
  return capture_.bind(row.key.text())
      .bind(token(row.state))
      .bind(token(row.cause))
      .bind(proof)
      .bind(incidents)
      .bind(static_cast<int>(row.severity))
      .bind(row.on_demand)
      .bind(row.heard)
      .bind(row.completed)
      .bind(row.refused)
      .bind(row.attempts)
      .bind(row.named)
      .bind(row.due.wall)
      .bind(row.safe_until.wall)
      .bind(row.completed_at)
      .bind(row.settled_at)
      .bind(row.evidence ? std::string_view(row.evidence->text) : "")
      .bind(row.bytes)
      .bind(token(row.trouble))
      .run();
}

bool RowWriter::put(const ReportRow& row) {
  return report_.bind(row.capture.text()).bind(row.incident).bind(report_to_json(row.report)).run();
}

bool RowWriter::put(const DeliveryRow& row) {
  return delivery_.bind(row.incident)
      .bind(row.order)
      .bind(token(row.kind))
      .bind(row.subject)
      .bind(token(row.state))
      .bind(static_cast<int>(row.rung))
      .bind(row.attempt)
      .bind(static_cast<int>(row.severity))
      .bind(row.not_before.wall)
      .bind(row.certain_after.wall)
      .bind(row.cause)
      .bind(row.short_because)
      .run();
}

bool RowWriter::put(const GapRow& row) {
  return gap_.bind(row.sensor).bind(row.cause).bind(row.proof).bind(row.from_ns).bind(row.to_ns).bind(row.noted).run();
}

bool RowWriter::put(const CursorRow& row) {
  return cursor_.bind(row.sensor)
      .bind(row.subscription_id)
      .bind(row.session_id)
      .bind(row.cookie)
      .bind(row.last_time_ns)
      .run();
}

bool RowWriter::put(const CommentRow& row) {
  return comment_.bind(row.incident)
      .bind(row.id)
      .bind(row.author)
      .bind(row.text)
      .bind(row.at)
      .bind(row.is_public)
      .bind(row.heard)
      .run();
}

bool RowWriter::put(const AdoptionRow& row) {
  return adoption_.bind(row.id())
      .bind(row.ticket)
      .bind(row.number)
      .bind(row.sensor)
      .bind(row.event_id)
      .bind(row.time)
      .bind(row.attacker)
      .bind(row.target)
      .bind(row.by)
      .bind(row.asked)
      .bind(row.used)
      .run();
}

bool RowWriter::put(const ConditionRow& row) {
  return condition_.bind(row.key)
      .bind(row.id)
      .bind(row.text)
      .bind(row.since)
      .bind(row.heard)
      .bind(row.told)
      .bind(row.open)
      .bind(row.ticket)
      .bind(row.number)
      .run();
}

bool RowWriter::put(const PollCursorRow& row) { return poll_cursor_.bind(row.cursor).run(); }
bool RowWriter::put(const QuarantineRow& row) {
  return quarantine_.bind(row.sensor).bind(row.raw).bind(row.problem).bind(row.noted).run();
}

}  // namespace exhibit
