#pragma once

#include "engine/fact.h"
#include "store/sqlite.h"

namespace exhibit {

/// From a fact to its row, inside a transaction of the caller's. `database` must outlive it.
class RowWriter {
 public:
  explicit RowWriter(sqlite3* database) : database_(database) {}

  bool put(const Fact& fact) {
    return std::visit([this](const auto& row) { return put(row); }, fact);
  }

 private:
  bool put(const AlertRow& row);
  bool put(const IncidentRow& row);
  bool put(const CaptureRow& row);
  bool put(const ReportRow& row);
  bool put(const DeliveryRow& row);
  bool put(const GapRow& row);
  bool put(const CursorRow& row);
  bool put(const CommentRow& row);
  bool put(const AdoptionRow& row);
  bool put(const ConditionRow& row);
  bool put(const PollCursorRow& row);
  bool put(const QuarantineRow& row);

  using Statement = sqlite::Statement;
  sqlite3* database_;
  // An alert is written once; the same identity again is the same alert.
  Statement alert_{database_, "insert into alerts values(?,?,?,?,?,?,?,?) on conflict(identity) do nothing"};
  // Not "or replace": two incidents with one link would silently become one.
  Statement incident_{
      database_,
      "insert into incidents values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict(id) do update set "
      "severity=excluded.severity, "
      "alerts=excluded.alerts, alerts_told=excluded.alerts_told, captures=excluded.captures, "
      "no_capture=excluded.no_capture, "
      "ticket=excluded.ticket, number=excluded.number, url=excluded.url, ticket_at=excluded.ticket_at, "
      "remote_state=excluded.remote_state, assignee=excluded.assignee, verdict=excluded.verdict, "
      "remote_version=excluded.remote_version, closed_at=excluded.closed_at, mailed_at=excluded.mailed_at"};
  // A desk may give a comment again, with a corrected text.
  Statement comment_{database_, "insert or replace into comments values(?,?,?,?,?,?,?)"};
  Statement adoption_{database_, "insert or replace into adoptions values(?,?,?,?,?,?,?,?,?,?,?)"};
  Statement condition_{database_, "insert or replace into conditions values(?,?,?,?,?,?,?,?,?)"};
  Statement poll_cursor_{database_, "insert or replace into poll_cursor values(1,?)"};
  Statement capture_{database_, "insert or replace into captures values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"};
  Statement report_{database_, "insert or replace into reports values(?,?,?)"};
  Statement delivery_{
      database_,
      "insert into deliveries values(?,?,?,?,?,?,?,?,?,?,?,?) on conflict(incident, ord) do update set "
      "kind=excluded.kind, subject=excluded.subject, state=excluded.state, rung=excluded.rung, "
      "attempt=excluded.attempt, severity=excluded.severity, not_before=excluded.not_before, "
      "certain_after=excluded.certain_after, cause=excluded.cause, short_because=excluded.short_because"};
  Statement gap_{database_, "insert into gaps(sensor, cause, proof, from_ns, to_ns, noted) values(?,?,?,?,?,?)"};
  Statement cursor_{database_, "insert or replace into cursors values(?,?,?,?,?)"};
  Statement quarantine_{database_, "insert into quarantine(sensor, raw, problem, noted) values(?,?,?,?)"};
};

}  // namespace exhibit
