#pragma once

namespace exhibit {

/// Bugs planted on purpose, so that a test can show that it would find them. A normal build holds none.
enum class Plant { none, unknown_is_ready, claim_without_fact, no_dedup, retry_forgets_order };

#ifdef EXHIBIT_PLANTS
inline Plant active_plant = Plant::none;  // Chosen by the test at run time.
inline bool planted(Plant plant) { return active_plant == plant; }
#else
constexpr bool planted(Plant) { return false; }
#endif

}  // namespace exhibit
