#pragma once

#include <string>

#include "base/result.h"

namespace exhibit {

struct TenantState;

/// Opens the store and the evidence of a tenant in `folder`. A store that is damaged or gone is set aside in `damaged/`
/// and begun anew from what can be known: one gap for each sensor, and the sealed captures by the files beside them.
/// The sensors' own stores, read from their start, and the desk, asked before it is written to, give the rest.
Result<void> open_tenant_store(TenantState& state, const std::string& folder);

}  // namespace exhibit
