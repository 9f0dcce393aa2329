#pragma once

#include <optional>
#include <string>

#include "evidence/evidence_store.h"

/// What lies beside a sealed file, as JSON.
namespace exhibit {

std::string origin_json(const EvidenceId& id, std::uint64_t size, const EvidenceOrigin& origin);
/// Nothing when it is not what `origin_json` makes.
std::optional<SealedFile> read_origin(std::string_view text);

}  // namespace exhibit
