#pragma once

#include <optional>
#include <string>
#include <vector>

#include "incident/alert.h"
#include "packet/address.h"

namespace exhibit {

/// What a tenant says of some alerts: how urgent they are, and what the desk's fields hold for them. Every condition
/// that is given must hold.
struct PriorityRule {
  std::optional<Severity> severity_from;
  std::optional<int> risk_from;             ///< An alert without a rating never fits.
  std::vector<std::string> signatures;      ///< "3200" for all of its sub-signatures, or "3200/1".
  std::vector<Network> attackers, targets;  ///< The attacker, or one of the targets, is inside one of these.
  int number = 3;
  std::string fields_json = "{}";  ///< By the desk's own names and ids, over the tenant's.
};

/// When an alert becomes a ticket, and how urgent it is. The tenant's settings; these are the defaults.
struct Policy {
  Severity ticket_from = Severity::high;
  int ticket_from_risk = 70;               ///< Or this risk rating, whatever the severity.
  Severity capture_from = Severity::high;  ///< Below it the capture is fetched only on demand.
  std::vector<PriorityRule> rules;         ///< The first that fits wins; behind them stand the built-in ones.
};

bool deserves_ticket(const Alert& alert, const Policy& policy);
bool deserves_capture(const Alert& alert, const Policy& policy);

struct Priority {
  int number = 3;      ///< 1 critical to 5 planning, as ticket systems count.
  std::string reason;  ///< "high and risk 85 (rule 3)"
  std::string fields_json = "{}";
};

/// By the first of the tenant's rules that fits, else by the first built-in one: 1 high and risk from 90; 2 risk from
/// 90; 3 high and risk from 70 (or high without a rating); 4 high; 5 medium; 6 the rest. Risk already weighs what the
/// target is worth.
Priority priority_of(const Alert& alert, const std::vector<PriorityRule>& rules = {});

}  // namespace exhibit
