#include "incident/priority.h"

#include "base/text.h"

namespace exhibit {

bool deserves_ticket(const Alert& alert, const Policy& policy) {
  return alert.severity >= policy.ticket_from || alert.risk.value_or(-1) >= policy.ticket_from_risk;
}

bool deserves_capture(const Alert& alert, const Policy& policy) { return alert.severity >= policy.capture_from; }

Priority priority_of(const Alert& alert) {
  const int risk = alert.risk.value_or(-1);
  const std::string severity(token(alert.severity));
  const std::string rated = alert.risk ? cat(severity, " and risk ", risk) : cat(severity, ", no risk rating");
  if (risk >= 90 && alert.severity == Severity::high) return {1, cat(rated, " (rule 1)")};
  if (risk >= 90) return {2, cat(rated, " (rule 2)")};
  if (alert.severity == Severity::high && (risk >= 70 || !alert.risk)) return {2, cat(rated, " (rule 3)")};
  if (alert.severity == Severity::high) return {3, cat(rated, " (rule 4)")};
  if (alert.severity == Severity::medium) return {3, cat(rated, " (rule 5)")};
  return {4, cat(rated, " (rule 6)")};
}

}  // namespace exhibit
