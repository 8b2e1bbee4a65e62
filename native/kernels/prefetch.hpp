// Asks for cache lines ahead of their use; any address is allowed.
#pragma once
#include <cstddef>
#include <cstdint>

#if defined(_MSC_VER) && defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace atrous {
namespace {

// As a number, because what comes next may lie outside of an array.
inline const char* line_at(const float* base, ptrdiff_t offset) {
  return reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(base) +
                                       static_cast<uintptr_t>(offset) * sizeof(float));
}

inline void prefetch(const float* base, ptrdiff_t offset) {
  const auto* const line = line_at(base, offset);
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(line, 0, 3);
#elif defined(_M_X64)
  _mm_prefetch(line, _MM_HINT_T0);
#else
  static_cast<void>(line);
#endif
}

// Leaves L1 to what is in use.
inline void prefetch_to_l2(const float* base, ptrdiff_t offset) {
  const auto* const line = line_at(base, offset);
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(line, 0, 2);
#elif defined(_M_X64)
  _mm_prefetch(line, _MM_HINT_T1);
#else
  static_cast<void>(line);
#endif
}

inline void prefetch_for_write(const float* base, ptrdiff_t offset) {
  const auto* const line = line_at(base, offset);
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(line, 1, 3);
#elif defined(_M_X64)
  _mm_prefetch(line, _MM_HINT_T0);
#else
  static_cast<void>(line);
#endif
}

}  // namespace
}  // namespace atrous
