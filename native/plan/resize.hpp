// Resampling of planes: along each axis an output is (1 − fraction)·x[low] + fraction·x[high], or x[low] where its fraction
// is 0, be the other one NaN.
#pragma once
#include <cstdint>

namespace atrous {

struct KernelTable;

struct ResizeAxis {
  int32_t input, output;
  const int32_t *low, *high;  // [output], of elements that the input has
  const float* fraction;      // [output]
};

struct ResizeShape {
  int64_t planes;
  ResizeAxis axis[3];
  bool doubles;  // the width is interpolated to twice as many elements, as DoubleRunKernel does it
};

// False: no memory for scratch.
bool resize(const KernelTable& kernels, int threads, const ResizeShape& shape, const float* in, float* out);

}  // namespace atrous
