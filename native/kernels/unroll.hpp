// Loops over registers must vanish at compile time: GCC otherwise keeps the sums in memory and stores them in every
// round (AVX2, 6 × 2 tile: 40 % of peak instead of 95 %).
#pragma once

#if defined(__GNUC__) || defined(__clang__)
#define ATROUS_UNROLL _Pragma("GCC unroll 16")
#else
#define ATROUS_UNROLL
#endif
