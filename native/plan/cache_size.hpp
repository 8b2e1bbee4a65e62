// How much the caches next to a core hold: what blocks of work are cut to.
#pragma once
#include <cstdint>

namespace atrous {

struct CacheSizes {
  int64_t l1_bytes, l2_bytes;  // data, of one core
};

// Asked of the system once. Where it doesn't tell: 32 KiB and 512 KiB, which most cores have at least.
const CacheSizes& cache_sizes();

}  // namespace atrous
