#pragma once

#include "engine/records.h"
#include "store/sqlite.h"

/// From a statement that stands on a row to the row, one function a table; the columns are named in the same order.
namespace exhibit {

inline constexpr const char* incident_columns =
    "id, correlation, link, grouping, first_alert, first_time, opened, severity, alerts, alerts_told, captures, "
    "no_capture, ticket, number, url, ticket_at, remote_state, assignee, verdict, remote_version, closed_at, previous, "
    "mailed_at";
inline constexpr const char* capture_columns =
    "key, state, cause, proof, incidents, severity, on_demand, heard, completed, refused, attempts, named, due, "
    "safe_until, completed_at, "
    "settled_at, evidence, bytes, trouble";
inline constexpr const char* delivery_columns =
    "incident, ord, kind, subject, state, rung, attempt, severity, not_before, certain_after, cause, short_because";

IncidentRow read_incident(sqlite::Statement& s);
CaptureRow read_capture(sqlite::Statement& s);
DeliveryRow read_delivery(sqlite::Statement& s);
AdoptionRow read_adoption(sqlite::Statement& s);
ConditionRow read_condition(sqlite::Statement& s);
CommentRow read_comment(sqlite::Statement& s);
AlertRow read_alert(sqlite::Statement& s);

}  // namespace exhibit
