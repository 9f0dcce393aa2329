#include <cstdlib>
#include <cstring>

#include "base/plants.h"

/// Linked into every program and library of a build with EXHIBIT_PLANTS: the planted bug that EXHIBIT_PLANT names.
namespace exhibit {
namespace {

constexpr struct {
  const char* name;
  Plant plant;
} plants[] = {{"store-query-without-tenant", Plant::store_query_without_tenant},
              {"evidence-without-tenant", Plant::evidence_without_tenant},
              {"link-without-tenant", Plant::link_without_tenant},
              {"ticket-text-raw", Plant::ticket_text_raw},
              {"page-text-raw", Plant::page_text_raw},
              {"markdown-raw", Plant::markdown_raw},
              {"terminal-raw", Plant::terminal_raw},
              {"json-raw", Plant::json_raw},
              {"log-raw", Plant::log_raw},
              {"login-in-log", Plant::login_in_log},
              {"login-in-error", Plant::login_in_error},
              {"inner-address-unchecked", Plant::inner_address_unchecked}};

[[maybe_unused]] const bool is_chosen = [] {
  const char* const chosen = std::getenv("EXHIBIT_PLANT");
  for (const auto& [name, plant] : plants)
    if (chosen != nullptr && std::strcmp(chosen, name) == 0) active_plant = plant;
  return active_plant != Plant::none;
}();

}  // namespace
}  // namespace exhibit
