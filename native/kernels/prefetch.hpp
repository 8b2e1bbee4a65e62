// Asks for cache lines ahead of their use; any address is allowed.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/table.hpp"

#if defined(_MSC_VER) && defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace atrous {
namespace {

// `Level`: of the nearest cache that the line comes to.
template <int Level, bool ForWrite = false>
inline void prefetch_line(uintptr_t address) {
  const auto* const line = reinterpret_cast<const char*>(address);
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(line, ForWrite, 4 - Level);
#elif defined(_M_X64)
  _mm_prefetch(line, Level == 1 ? _MM_HINT_T0 : _MM_HINT_T1);
#else
  static_cast<void>(line);
#endif
}

inline void prefetch(const float* base, ptrdiff_t offset) { prefetch_line<1>(address_of(base, offset)); }
inline void prefetch_for_write(const float* base, ptrdiff_t offset) {
  prefetch_line<1, true>(address_of(base, offset));
}
// Leaves L1 to what is in use.
inline void prefetch_to_l2(const float* base, ptrdiff_t offset) { prefetch_line<2>(address_of(base, offset)); }

}  // namespace
}  // namespace atrous
