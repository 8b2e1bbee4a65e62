// Kernels of 16 output channels brought to the products of a short algorithm: KernelTransform in kernels/table.hpp has
// the formula.
//
// In double precision, since it is done once and its rounding would stay. Loops over the 16 are left to the compiler's
// vectors.
#pragma once
#include "kernels/table.hpp"

namespace atrous {
namespace {

template <class V>
const double* transform_kernels(const KernelTransform& t) {
  constexpr int width = KernelTransform::width;
  int size[3] = {t.taps[0], t.taps[1], t.taps[2]};
  const double* from = t.values[0];
  for (int axis = 2; axis >= 0; --axis) {
    if (t.taps[axis] == 1 && t.products[axis] == 1) continue;
    double* const to = from == t.values[0] ? t.values[1] : t.values[0];
    int outer = 1, inner = 1;
    for (int i = 0; i < axis; ++i) outer *= size[i];
    for (int i = axis + 1; i < 3; ++i) inner *= size[i];
    for (int o = 0; o < outer; ++o) {
      for (int p = 0; p < t.products[axis]; ++p) {
        const double* const g = t.matrix[axis] + p * t.taps[axis];
        for (int n = 0; n < inner; ++n) {
          double sum[width] = {};
          const double* x = from + (o * t.taps[axis] * inner + n) * width;
          for (int tap = 0; tap < t.taps[axis]; ++tap, x += inner * width) {
            for (int k = 0; k < width; ++k) sum[k] += g[tap] * x[k];
          }
          double* y = to + ((o * t.products[axis] + p) * inner + n) * width;
          for (int k = 0; k < width; ++k) y[k] = sum[k];
        }
      }
    }
    size[axis] = t.products[axis];
    from = to;
  }
  return from;
}

}  // namespace
}  // namespace atrous
