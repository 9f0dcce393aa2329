#pragma once

#include <string_view>

namespace exhibit {

/// The labelled steps at which a test may stop the process, as a power cut would. In builds without EXHIBIT_FAILPOINTS
/// this is nothing.
inline constexpr std::string_view labelled_steps[] = {
    "batch-received", "before-commit", "after-commit",   "before-send",    "after-answer",  "before-seal",
    "after-seal",     "before-fetch",  "before-examine", "before-look-up", "ledger-written"};

#ifdef EXHIBIT_FAILPOINTS
/// Ends the process by SIGKILL if EXHIBIT_DIE_AT names this label; "LABEL:3" dies the third time,
/// "LABEL:3+2500" so many microseconds after it.
void step(std::string_view label);
#else
inline void step(std::string_view) {}
#endif

}  // namespace exhibit
