#include "incident/zone.h"

#include <cctz/time_zone.h>

#include "base/text.h"

namespace exhibit {

struct Zone::Rules {
  cctz::time_zone zone;
};

Zone::Local Zone::at(WallTime time) const {
  if (!rules_) return {civil_of(time), "UTC"};
  const auto found = rules_->zone.lookup(std::chrono::time_point_cast<std::chrono::seconds>(time));
  std::string abbreviation = found.abbr;
  if (!abbreviation.empty() && (abbreviation[0] == '+' || abbreviation[0] == '-')) abbreviation = "UTC" + abbreviation;
  return {civil_of(time, found.offset), abbreviation};
}

Result<Zone> load_zone(const std::string& name) {
  if (name == "UTC") return Zone();
  auto rules = std::make_shared<Zone::Rules>();
  if (!cctz::load_time_zone(name, &rules->zone))
    return Error{Errc::not_found, cat("no time zone is called ", harmless(cut_utf8(name, 60)))};
  return Zone(std::move(rules));
}

}  // namespace exhibit
