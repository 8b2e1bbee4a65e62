// Loops over registers must vanish at compile time: GCC otherwise keeps the sums in memory and stores them in every
// round (AVX2, 6 × 2 tile: 40 % of peak instead of 95 %).
#pragma once

// The same goes for what a loop calls: a lambda that stays a function passes vectors by memory.
#if defined(__GNUC__) || defined(__clang__)
#define ATROUS_UNROLL _Pragma("GCC unroll 16")
#define ATROUS_INLINE __attribute__((always_inline))
#else
#define ATROUS_UNROLL
#define ATROUS_INLINE
#endif
