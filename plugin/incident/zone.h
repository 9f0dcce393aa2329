#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/utc.h"

namespace exhibit {

/// A customer's time zone as a value. Loading one reads the system's zone files, so that happens when the configuration
/// is taken (runtime); using one does not.
class Zone {
 public:
  struct Rules;  ///< Hides the zone library.

  Zone() = default;  ///< UTC
  explicit Zone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

  struct Local {
    CivilTime civil;
    std::string abbreviation;  ///< "CET", or "UTC+03" where the zone has no letters.
  };
  [[nodiscard]] Local at(WallTime time) const;
  [[nodiscard]] bool is_utc() const { return rules_ == nullptr; }

 private:
  std::shared_ptr<const Rules> rules_;
};

/// Reads the zone from the system. not_found: no such zone.
Result<Zone> load_zone(const std::string& name);

}  // namespace exhibit
