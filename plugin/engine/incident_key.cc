#include "engine/incident_key.h"

#include <array>

#include "base/text.h"

namespace exhibit {

IncidentKey IncidentKey::of(const IncidentId& id) {
  std::string digits;
  for (const char c : id.text)
    if (c != '-') digits += c;
  if (digits.size() != 32) return {};
  const std::string_view all = digits;
  return {parse_number<std::uint64_t>(all.substr(0, 16), 16).value_or(0),
          parse_number<std::uint64_t>(all.substr(16), 16).value_or(0)};
}

IncidentId IncidentKey::id() const {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  const std::string digits = to_hex(bytes);
  const std::string_view all = digits;
  return {cat(all.substr(0, 8), "-", all.substr(8, 4), "-", all.substr(12, 4), "-", all.substr(16, 4), "-",
              all.substr(20))};
}

}  // namespace exhibit
