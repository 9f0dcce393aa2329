#include "runtime/adoption_json.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/utc.h"

namespace exhibit {

Result<AdoptionRow> read_adoption(const Json& json) {
  AdoptionRow order;
  order.ticket = text_at(json, "ticket");
  order.number = text_at(json, "number");
  order.sensor = {text_at(json, "sensor")};
  order.event_id = text_at(json, "event_id");
  order.attacker = text_at(json, "attacker");
  order.target = text_at(json, "target");
  if ((order.ticket.empty() && order.number.empty()) || order.sensor.text.empty())
    return Error{Errc::bad_input, "\"number\" or \"ticket\" (the desk's own id), and \"sensor\" are needed"};
  if (!order.event_id.empty()) return order;
  const auto time = parse_iso(text_at(json, "time"));
  if (!time || order.attacker.empty() || order.target.empty())
    return Error{Errc::bad_input, "\"event_id\" is needed, or \"time\" (ISO 8601), \"attacker\" and \"target\""};
  order.time = *time;
  return order;
}

}  // namespace exhibit
