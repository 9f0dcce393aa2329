#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "runtime/desk.h"

namespace exhibit {

/// What `exhibit desk test` found out, step by step; the first step that fails ends it.
struct DeskTest {
  struct Step {
    std::string name;
    bool ok = false;
    std::string says;
  };
  std::vector<Step> steps;
  std::string ticket;  ///< Number, or the desk's id; empty: none was made.

  [[nodiscard]] bool passed() const;
  [[nodiscard]] std::string json() const;
};

/// Proves a desk as the engine will use it. Logs in and proves that a search can find nothing; then, unless
/// `read_only`, makes one marked ticket, finds it, makes sure that doing it again makes no second one, adds a note and
/// a file, reads all of it back, and closes the ticket. `mark` tells this run from all others. Waits for each answer:
/// not for a strand.
DeskTest test_desk(Desk& desk, const Seat& seat, const TenantId& mark, bool read_only,
                   std::chrono::milliseconds patience);

}  // namespace exhibit
