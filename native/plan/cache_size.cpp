#include "plan/cache_size.hpp"

#include <algorithm>

#if defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(_WIN32)
#include <windows.h>

#include <vector>
#else
#include <unistd.h>
#endif

namespace atrous {
namespace {

#if defined(__APPLE__)

// Performance cores first; Intel Macs know the plain name only.
int64_t cache_bytes(const char* of_performance_cores, const char* name) {
  int64_t bytes = 0;
  size_t size = sizeof bytes;
  if (sysctlbyname(of_performance_cores, &bytes, &size, nullptr, 0) == 0) return bytes;
  size = sizeof bytes;
  return sysctlbyname(name, &bytes, &size, nullptr, 0) == 0 ? bytes : 0;
}

CacheSizes ask_system() {
  // A cluster of cores shares its L2.
  return {cache_bytes("hw.perflevel0.l1dcachesize", "hw.l1dcachesize"),
          cache_bytes("hw.perflevel0.l2cachesize", "hw.l2cachesize") / 4};
}

#elif defined(_WIN32)

CacheSizes ask_system() {
  CacheSizes sizes{0, 0};
  DWORD bytes = 0;
  GetLogicalProcessorInformation(nullptr, &bytes);
  std::vector<SYSTEM_LOGICAL_PROCESSOR_INFORMATION> entries(bytes / sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION));
  if (entries.empty() || !GetLogicalProcessorInformation(entries.data(), &bytes)) return sizes;
  for (const auto& entry : entries) {
    if (entry.Relationship != RelationCache || entry.Cache.Type == CacheInstruction) continue;
    if (entry.Cache.Level == 1) sizes.l1_bytes = entry.Cache.Size;
    if (entry.Cache.Level == 2) sizes.l2_bytes = entry.Cache.Size;
  }
  return sizes;
}

#elif defined(_SC_LEVEL1_DCACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE)

CacheSizes ask_system() { return {sysconf(_SC_LEVEL1_DCACHE_SIZE), sysconf(_SC_LEVEL2_CACHE_SIZE)}; }

#else

CacheSizes ask_system() { return {0, 0}; }

#endif

CacheSizes sensible(CacheSizes sizes) {
  // Zero or −1: unknown. What a virtual machine tells may be no core's.
  if (sizes.l1_bytes <= 0) sizes.l1_bytes = 32 * 1024;
  if (sizes.l2_bytes <= 0) sizes.l2_bytes = 512 * 1024;
  return {std::clamp<int64_t>(sizes.l1_bytes, 16 * 1024, 128 * 1024),
          std::clamp<int64_t>(sizes.l2_bytes, 128 * 1024, 2048 * 1024)};
}

}  // namespace

const CacheSizes& cache_sizes() {
  static const CacheSizes sizes = sensible(ask_system());
  return sizes;
}

}  // namespace atrous
