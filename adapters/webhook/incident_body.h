#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

/// The two bodies that a webhook can carry. Pure.
namespace exhibit::webhook {

/// The incident of an operation, after schemas/incident.schema.json: the body's own "incident", completed by what the
/// operation says beside it. bad_input: the body is no JSON object.
Result<Json> incident_of(std::uint32_t kind, std::string_view correlation_id, std::string_view body_json);

/// The same as text, member by member as it came: our own incident JSON. No tree is built of it, since it is written
/// for every operation.
Result<std::string> exhibit_body(std::uint32_t kind, std::string_view correlation_id, std::string_view body_json);

/// OCSF 1.8 Detection Finding (class 2004). `uid` is the message's own id.
std::string ocsf_body(const Json& incident, std::string_view uid);

}  // namespace exhibit::webhook
