#include "tests/disk/allocations.h"

#include <cstdlib>
#include <new>

namespace exhibit::test {

thread_local std::uint64_t allocations = 0, fails_at = 0;

}  // namespace exhibit::test

void* operator new(std::size_t size) {
  if (++exhibit::test::allocations == exhibit::test::fails_at) throw std::bad_alloc();
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
