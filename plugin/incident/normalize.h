#pragma once

#include "incident/alert.h"
#include "sensorproto/event.h"

namespace exhibit {

/// An address in the one way in which we write it; what is none, made harmless.
std::string canonical_address(const std::string& wire);

/// The border between the wire's words and ours; takes what the event holds. Never fails: what a sensor left out stays
/// empty, a severity nobody knows counts as high, so that nothing is hidden by a misspelling.
Alert normalize(IdsAlert&& event, const TenantId& tenant, const SensorId& sensor, WallTime received);

}  // namespace exhibit
