#pragma once

#include "base/json.h"
#include "engine/records.h"

namespace exhibit {

/// "This alert belongs to that ticket": {"ticket", "number", "sensor", "event_id"}, or {"ticket", "number", "sensor",
/// "time", "attacker", "target"}. bad_input: says what is missing.
Result<AdoptionRow> read_adoption(const Json& order);

}  // namespace exhibit
