#pragma once

#include <string>
#include <string_view>

#include "incident/ticket_text.h"

namespace exhibit {

/// An incident as schemas/incident.schema.json has it, for desks that take data in place of text. No packet content.
/// `what`: opened, updated, capture or closed.
std::string incident_json(const TicketView& view, const IncidentId& id, std::string_view what);

}  // namespace exhibit
