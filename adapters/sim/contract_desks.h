#pragma once

#include "adapters/sim/contract_desk.h"

namespace exhibit::sim {

std::unique_ptr<ContractDesk> make_jira(int version);
std::unique_ptr<ContractDesk> make_thehive();
std::unique_ptr<ContractDesk> make_connectwise();
std::unique_ptr<ContractDesk> make_autotask();
std::unique_ptr<ContractDesk> make_pagerduty();
/// The simulated desk, with an import set before it.
std::unique_ptr<ContractDesk> make_servicenow(const std::string& profile);

}  // namespace exhibit::sim
