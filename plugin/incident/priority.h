#pragma once

#include <optional>
#include <string>

#include "incident/alert.h"

namespace exhibit {

/// When an alert becomes a ticket, and how urgent it is. The tenant's settings; these are the defaults.
struct Policy {
  Severity ticket_from = Severity::high;
  int ticket_from_risk = 70;               ///< Or this risk rating, whatever the severity.
  Severity capture_from = Severity::high;  ///< Below it the capture is fetched only on demand.
};

bool deserves_ticket(const Alert& alert, const Policy& policy);
bool deserves_capture(const Alert& alert, const Policy& policy);

struct Priority {
  int number = 3;      ///< 1 critical to 5 planning, as ticket systems count.
  std::string reason;  ///< "high and risk 85 (rule 3)"
};

/// The first rule that fits: 1 high and risk from 90; 2 risk from 90; 3 high and risk from 70 (or high
/// without a rating); 4 high; 5 medium; 6 the rest. Risk already weighs what the target is worth.
Priority priority_of(const Alert& alert);

}  // namespace exhibit
