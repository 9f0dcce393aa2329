#include "evidence/ledger.h"

#include "base/text.h"

namespace exhibit {

std::optional<LedgerBreak> verify_ledger(std::span<const LedgerEntry> entries, std::uint64_t first_sequence,
                                         std::string previous) {
  std::uint64_t expected = first_sequence;
  for (const LedgerEntry& entry : entries) {
    if (entry.sequence != expected)
      return LedgerBreak{expected,
                         cat("entry ", expected, " is missing; entry ", entry.sequence, " stands in its place")};
    if (entry.previous != previous) return LedgerBreak{entry.sequence, "it does not follow the entry before it"};
    if (ledger_hash(entry) != entry.hash) return LedgerBreak{entry.sequence, "its fields do not match its hash"};
    previous = entry.hash;
    ++expected;
  }
  return std::nullopt;
}

}  // namespace exhibit
