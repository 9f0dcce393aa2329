#include "incident/identity.h"

#include "base/base64.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::size_t half_digest = 16;

Digest digest_of(std::initializer_list<std::string_view> fields) {
  Sha256 hash;
  for (const std::string_view field : fields) hash.add_field(field);
  return hash.finish();
}

}  // namespace

std::string alert_identity(const TenantId& tenant, const SensorId& sensor, std::string_view host_id,
                           std::string_view event_id, std::string_view alert_time) {
  const Digest digest = digest_of({tenant.text, sensor.text, host_id, event_id, alert_time});
  return to_hex(ByteView(digest).first(half_digest));
}

IncidentId incident_id(const TenantId& tenant, std::string_view first_alert) {
  Digest digest = digest_of({tenant.text, first_alert});
  digest[6] = static_cast<std::uint8_t>((digest[6] & 0x0FU) | 0x80U);  // version 8
  digest[8] = static_cast<std::uint8_t>((digest[8] & 0x3FU) | 0x80U);  // variant
  std::string text = to_hex(ByteView(digest).first(half_digest));
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
  return {text};
}

CorrelationId correlation_id(const TenantId& tenant, const IncidentId& incident) {
  const Digest digest = digest_of({tenant.text, incident.text});
  return {cat("EXH1-", encode_base32(ByteView(digest).first(half_digest)))};
}

LinkId link_id(ByteView link_key, const IncidentId& incident) {
  const Digest digest = hmac_sha256(link_key, incident.text);
  return {to_lower(encode_base32(ByteView(digest).first(half_digest)))};
}

}  // namespace exhibit
