#include "engine/incident_key.h"

#include <array>

#include "base/text.h"

namespace exhibit {

IncidentKey IncidentKey::of(const IncidentId& id) {
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", digits = "0123456789abcdef";
  if (id.text.size() != form.size()) return {};
  IncidentKey key;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const char c = id.text[i];
    const std::size_t digit = digits.find(c);
    if (form[i] == '-' ? c != '-' : digit == std::string_view::npos) return {};
    if (form[i] == '-') continue;
    std::uint64_t& half = i < form.size() / 2 ? key.high : key.low;
    half = (half << 4) | digit;
  }
  return key;
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
