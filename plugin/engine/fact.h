#pragma once

#include <variant>
#include <vector>

#include "engine/records.h"

namespace exhibit {

/// What became true. The store writes all facts of one input in one transaction, each as the new image of its row;
/// nothing happens outside but from committed rows.
using Fact = std::variant<AlertRow, IncidentRow, CaptureRow, ReportRow, DeliveryRow, GapRow, CursorRow, QuarantineRow,
                          CommentRow, AdoptionRow, PollCursorRow, ConditionRow>;
using Facts = std::vector<Fact>;

/// One operation for the desk, rendered. `body` is a JSON object: title, public_text, internal_text, link, severity,
/// priority, text, name ... by kind.
struct SendDelivery {
  DeliveryId id;
  DeliveryKind kind = DeliveryKind::ensure;
  CorrelationId correlation;
  std::string ticket;
  std::uint64_t order = 0;
  int attempt = 1;
  Severity severity = Severity::high;
  std::string body;
  std::string fields_json = "{}";  ///< What the desk's fields hold for this alert, over the tenant's own.
  std::string attachment_name;
  Bytes attachment;                             ///< Attachments made here (the trigger packet).
  std::optional<EvidenceId> attached_evidence;  ///< Attachments that are sealed captures.
  bool to_operator = false;                     ///< For the operator desk, not for the tenant's.
};

/// Ask the desk what became of a delivery whose answer was lost.
struct LookUpDelivery {
  DeliveryId id;
  DeliveryKind kind = DeliveryKind::ensure;
  CorrelationId correlation;
  std::string ticket;
  std::string fields_json = "{}";
  bool at_operator = false;
};

/// Take this recording off its sensor.
struct FetchCapture {
  CaptureKey key;
  int attempt = 1;
};

/// Read the sealed capture for this incident's flow.
struct ExamineCapture {
  CaptureKey key;
  IncidentId incident;
  EvidenceId evidence;
  std::optional<AlertFlow> flow;
  Bytes trigger_packet;
};

/// A condition that needs a person, opened or closed by its key.
struct TellOperator {
  std::string key, text;
  bool open = true;
};

using Effect = std::variant<SendDelivery, LookUpDelivery, FetchCapture, ExamineCapture, TellOperator>;
using Effects = std::vector<Effect>;

/// Effects may be performed only after the facts beside them are committed.
struct Reaction {
  Facts facts;
  Effects effects;
};

}  // namespace exhibit
