#pragma once

#include <optional>
#include <span>

#include "store/store.h"

namespace exhibit {

/// Where a ledger's chain breaks: a changed, missing, moved or foreign entry.
struct LedgerBreak {
  std::uint64_t sequence = 0;
  std::string why;
};

/// Checks entries in order from the first of the chain (`previous` all zeros) or from a known hash. Pure.
std::optional<LedgerBreak> verify_ledger(std::span<const LedgerEntry> entries, std::uint64_t first_sequence = 1,
                                         std::string previous = std::string(64, '0'));

}  // namespace exhibit
