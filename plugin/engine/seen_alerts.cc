#include "engine/seen_alerts.h"

#include "base/text.h"

namespace exhibit {

SeenAlerts::Key SeenAlerts::key_of(std::string_view identity) {
  return {parse_number<std::uint64_t>(identity.substr(0, 16), 16).value_or(0),
          parse_number<std::uint64_t>(identity.substr(std::min<std::size_t>(16, identity.size())), 16).value_or(0)};
}

}  // namespace exhibit
