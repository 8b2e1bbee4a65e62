// How much the caches next to a core hold: what blocks of work are cut to.
#pragma once
#include <cstdint>

namespace atrous {

struct CacheSizes {
  int64_t l1_bytes, l2_bytes;  // data, of one core
};

// What a core may count on of an L3 that others share: of 32 MiB, what one thing holds beside everything else. Not asked
// for, because only estimates depend on it.
constexpr double l3_bytes = 24 * 1024 * 1024;

// Asked of the system once. Where it doesn't tell: 32 KiB and 512 KiB, which most cores have at least.
const CacheSizes& cache_sizes();

}  // namespace atrous
