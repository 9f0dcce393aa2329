#pragma once

#include <optional>
#include <string>

#include "base/frame.h"
#include "config/settings.h"
#include "engine/desk_gate.h"
#include "engine/fact.h"
#include "engine/input.h"

/// What is said between the plugin and its adapter runner, and what an answer means for the engine. Pure.
namespace exhibit {

/// One piece of evidence as the message names it; its descriptor travels beside.
struct EvidencePart {
  std::string name, mime, sha256;
  std::uint64_t length = 0;
};

/// How a call ended.
struct AdapterResult {
  std::int32_t rc = 0;  ///< exh_rc
  std::string ticket, number, url, cause, text, document;
  std::uint64_t matches = 0;
  std::int64_t requests = 1;  ///< How many calls of the desk it took.
  std::optional<Nanoseconds> retry_after = {};
  bool desk_rests = false;  ///< It never left this process: the desk is left alone for a while.

  /// "cause: text", as far as there is any.
  [[nodiscard]] std::string why() const;
};

/// EXH_OP_… of a delivery.
std::uint32_t operation_kind(DeliveryKind kind);
/// A delivery's body with the tenant's own fields in it.
std::string with_fields(std::string_view body_json, std::string_view map_json);
/// "op":{...} of an apply; the tenant's own fields go into the body.
std::string apply_members(const SendDelivery& delivery, const std::string& map_json,
                          const std::optional<EvidencePart>& evidence, Nanoseconds deadline);
/// A find of the ticket that people know by this number.
std::string number_members(const std::string& number, const std::string& map_json, Nanoseconds deadline);
std::string find_members(const LookUpDelivery& look_up, const std::string& map_json, Nanoseconds deadline);
/// What an open needs that is not in the settings: secrets resolved, files read. All JSON; empty: none.
struct OpenParts {
  std::string login, mailbox, profile;
};
/// "config":{...} of an open. An address that the operator wrote himself may be reached although it is an inner one; a
/// name may not lead to one.
std::string open_members(const DeskSettings& settings, const OpenParts& parts);

/// An answer that cannot be read is EXH_UNKNOWN.
AdapterResult read_result(const std::string& payload);

DeliveryOutcome outcome_of(const AdapterResult& result);
/// What the desk's gate learns from it.
DeskGate::Told told_by(const AdapterResult& result);
DeliveryLookedUp looked_up(const DeliveryId& id, const AdapterResult& result);

/// The settings with what a profile knows of its desk's limits, where the operator says nothing: half of the calls an
/// hour that the desk allows, since other programs need it too, and no more calls at once than it bears.
DeskSettings within_limits(DeskSettings settings, std::string_view profile_json);

/// Reads a poll's document; texts are cut to length. bad_input: it is none.
Result<DeskSaid> read_poll_document(std::string_view json);

}  // namespace exhibit
