#include "incident/identity.h"

#include "base/base64.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::size_t half_digest = 16;

}  // namespace

std::string alert_identity(const TenantId& tenant, const SensorId& sensor, std::string_view host_id,
                           std::string_view event_id, std::string_view alert_time) {
  const Digest digest = sha256_of_fields({tenant.text, sensor.text, host_id, event_id, alert_time});
  return to_hex(ByteView(digest).first(half_digest));
}

IncidentId incident_id(const TenantId& tenant, std::string_view first_alert) {
  Digest digest = sha256_of_fields({tenant.text, first_alert});
  digest[6] = static_cast<std::uint8_t>((digest[6] & 0x0FU) | 0x80U);  // version 8
  digest[8] = static_cast<std::uint8_t>((digest[8] & 0x3FU) | 0x80U);  // variant
  const std::string hex = to_hex(ByteView(digest).first(half_digest));
  const auto part = [&](std::size_t from, std::size_t length) { return std::string_view(hex).substr(from, length); };
  return {cat(part(0, 8), "-", part(8, 4), "-", part(12, 4), "-", part(16, 4), "-", part(20, 12))};
}

CorrelationId correlation_id(const TenantId& tenant, const IncidentId& incident) {
  const Digest digest = sha256_of_fields({tenant.text, incident.text});
  return {cat("EXH1-", encode_base32(ByteView(digest).first(half_digest)))};
}

LinkId link_id(ByteView link_key, const IncidentId& incident) {
  const Digest digest = hmac_sha256(link_key, incident.text);
  return {to_lower(encode_base32(ByteView(digest).first(half_digest)))};
}

}  // namespace exhibit
