#pragma once

#include <cstdint>

/// This program's `operator new`: it counts, and fails once when asked.
namespace exhibit::test {

extern thread_local std::uint64_t allocations;  ///< Of this thread, since it was set.
extern thread_local std::uint64_t fails_at;     ///< Which of them throws std::bad_alloc; 0: none.

}  // namespace exhibit::test
