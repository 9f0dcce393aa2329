#include "incident/priority.h"

#include <algorithm>

#include "base/text.h"

namespace exhibit {
namespace {

bool names(const std::vector<std::string>& signatures, const Alert& alert) {
  return std::any_of(signatures.begin(), signatures.end(), [&](const std::string& signature) {
    return signature == alert.signature_id || signature == cat(alert.signature_id, "/", alert.subsignature_id);
  });
}

bool holds(const std::vector<Network>& networks, const Endpoint& endpoint) {
  const auto address = IpAddress::parse(endpoint.address);
  return address && std::any_of(networks.begin(), networks.end(),
                                [&](const Network& network) { return network.contains(*address); });
}

bool fits(const PriorityRule& rule, const Alert& alert) {
  if (rule.severity_from && alert.severity < *rule.severity_from) return false;
  if (rule.risk_from && (!alert.risk || *alert.risk < *rule.risk_from)) return false;
  if (!rule.signatures.empty() && !names(rule.signatures, alert)) return false;
  if (!rule.attackers.empty() && !(alert.attacker && holds(rule.attackers, *alert.attacker))) return false;
  return rule.targets.empty() || std::any_of(alert.targets.begin(), alert.targets.end(),
                                             [&](const Endpoint& target) { return holds(rule.targets, target); });
}

struct BuiltIn {
  int priority, rule;
};

BuiltIn built_in(const Alert& alert) {
  const int risk = alert.risk.value_or(-1);
  if (risk >= 90 && alert.severity == Severity::high) return {1, 1};
  if (risk >= 90) return {2, 2};
  if (alert.severity == Severity::high && (risk >= 70 || !alert.risk)) return {2, 3};
  if (alert.severity == Severity::high) return {3, 4};
  if (alert.severity == Severity::medium) return {3, 5};
  return {4, 6};
}

}  // namespace

bool deserves_ticket(const Alert& alert, const Policy& policy) {
  return alert.severity >= policy.ticket_from || alert.risk.value_or(-1) >= policy.ticket_from_risk;
}

bool deserves_capture(const Alert& alert, const Policy& policy) { return alert.severity >= policy.capture_from; }

Priority priority_of(const Alert& alert, const std::vector<PriorityRule>& rules) {
  const std::string severity(token(alert.severity));
  const std::string rated = alert.risk ? cat(severity, " and risk ", *alert.risk) : cat(severity, ", no risk rating");
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (fits(rules[i], alert)) return {rules[i].number, cat(rated, " (rule ", i + 1, ")"), rules[i].fields_json};
  const BuiltIn found = built_in(alert);
  return {found.priority, cat(rated, rules.empty() ? " (rule " : " (built-in rule ", found.rule, ")")};
}

}  // namespace exhibit
