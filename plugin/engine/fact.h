#pragma once

#include <variant>
#include <vector>

#include "engine/records.h"
#include "incident/ticket_template.h"

namespace exhibit {

/// What became true. The store writes all facts of one input in one transaction, each as the new image of its row;
/// nothing happens outside but from committed rows.
using Fact = std::variant<AlertRow, IncidentRow, CaptureRow, ReportRow, DeliveryRow, GapRow, CursorRow, QuarantineRow,
                          CommentRow, AdoptionRow, PollCursorRow, ConditionRow>;
using Facts = std::vector<Fact>;

/// Where a delivery goes: to the tenant's desk or the operator desk, or by mail to the people of one of them.
enum class Channel { desk, operators, people, operator_mail };

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
  Channel channel = Channel::desk;
  std::vector<TemplateMistake> problems;  ///< Templates that could not be used for it.
};

/// Ask the desk what became of a delivery whose answer was lost.
struct LookUpDelivery {
  DeliveryId id;
  DeliveryKind kind = DeliveryKind::ensure;
  CorrelationId correlation;
  std::string ticket;
  std::string fields_json = "{}";
  Channel channel = Channel::desk;
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
