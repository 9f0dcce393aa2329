#pragma once

#include <string>
#include <vector>

#include "incident/ticket_text.h"
#include "packet/decode.h"

namespace exhibit {

/// The trigger packet as it stands in a ticket: header line, then the payload as text or as at most four lines of hex,
/// masked and defanged as the view asks. Empty when the alert brought no packet, or nothing may be shown.
std::vector<std::string> trigger_packet_lines(const TicketView& view, const Decoded& packet);

/// What the packet asked for, for the sentence at the top: "for /cgi-bin/phf?…", "for the name www[.]example[.]com";
/// empty when the packet does not tell. `subject` verbs belong to the caller.
std::string request_phrase(const TicketView& view, const Decoded& packet);

}  // namespace exhibit
