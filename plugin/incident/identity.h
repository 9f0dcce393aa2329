#pragma once

#include <string>
#include <string_view>

#include "base/values.h"

/// Names that are derived, never rolled, and hold no configuration: a store that was rebuilt after damage finds its old
/// tickets and keeps its old links.
namespace exhibit {

/// 32 hex digits of SHA-256 over (tenant, sensor, hostId, eventId, alert time as sent).
std::string alert_identity(const TenantId& tenant, const SensorId& sensor, std::string_view host_id,
                           std::string_view event_id, std::string_view alert_time);

/// UUIDv8 (RFC 9562) from SHA-256(tenant, identity of the incident's first alert).
IncidentId incident_id(const TenantId& tenant, std::string_view first_alert);

/// "EXH1-" and base32 of 128 bits of SHA-256(tenant, incident id): 31 characters of [A-Z0-9-].
CorrelationId correlation_id(const TenantId& tenant, const IncidentId& incident);

/// 26 characters of [a-z2-7]: base32 of the first 128 bits of HMAC-SHA-256(tenant's link key, incident id).
LinkId link_id(ByteView link_key, const IncidentId& incident);

}  // namespace exhibit
