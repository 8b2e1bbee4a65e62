// Pools: the largest element, or the mean, of the window o·stride − begin + t·dilation, t < kernel, of every plane.
#pragma once
#include <cstdint>

namespace atrous {

struct KernelTable;

// Integers as lib/backend/native.ts sends them.
struct PoolAxis {
  int32_t input, output, kernel, stride, dilation, begin;
  int32_t count_begin, count_end;  // of the mean: taps at these positions count
};

struct PoolShape {
  int32_t planes;
  int32_t mean;  // 0: the largest element
  PoolAxis axis[3];
};

// Taps outside of the input are skipped: of none the largest is −∞ and the mean 0. False: no memory for scratch.
bool pool(const KernelTable& kernels, int threads, const PoolShape& shape, const float* in, float* out);

}  // namespace atrous
