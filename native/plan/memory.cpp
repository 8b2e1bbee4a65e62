// 64-byte aligned memory on every system's own allocator.
#include "plan/memory.hpp"

#include <atomic>
#include <cstdlib>
#ifdef _WIN32
#include <malloc.h>
#endif

namespace atrous {
namespace {

std::atomic<int64_t> allocations{0};

}  // namespace

void* allocate_aligned(uint64_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  // PTRDIFF_MAX is the largest object there can be; above it pointer differences overflow.
  if (bytes > static_cast<uint64_t>(PTRDIFF_MAX) - memory_alignment) return nullptr;
  const uint64_t rounded = bytes == 0 ? memory_alignment : (bytes + memory_alignment - 1) / memory_alignment * memory_alignment;
#ifdef _WIN32
  return _aligned_malloc(static_cast<size_t>(rounded), memory_alignment);
#else
  void* memory = nullptr;
  return posix_memalign(&memory, memory_alignment, static_cast<size_t>(rounded)) == 0 ? memory : nullptr;
#endif
}

void free_aligned(void* memory) {
#ifdef _WIN32
  _aligned_free(memory);
#else
  std::free(memory);
#endif
}

int64_t allocation_count() { return allocations.load(std::memory_order_relaxed); }

}  // namespace atrous
