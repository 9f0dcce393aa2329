#pragma once

#include <nlohmann/json_fwd.hpp>

#include "host/demo_world.h"

namespace exhibit::host {

/// The JSON document of `demo --once --json`, from the plugin's reports, one a tenant, and from what the desks store.
nlohmann::json demo_document(const DemoOptions& options, DemoWorld& world, const std::vector<nlohmann::json>& reports);

/// True when every incident has exactly one ticket, and every capture is sealed, lost with its cause, or was never
/// named.
bool demo_succeeded(const nlohmann::json& document);

}  // namespace exhibit::host
