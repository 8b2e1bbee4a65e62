// Kernels of a few output channels brought to the products of a short algorithm: KernelTransform in kernels/table.hpp
// has the formula.
//
// In double precision, since it is done once and its rounding would stay; rounded at the end. Loops over the channels are
// left to the compiler's vectors.
#pragma once
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

// A vector of floats, so that blocks of output channels hold whole ones; with short vectors, two that fill a cache line.
template <class V>
constexpr int transform_width = V::lanes > 8 ? V::lanes : 8;

// to[p·inner] = Σ_t g[p][t]·from[t·inner], the `Taps` inputs held in registers.
template <int width, int Taps>
void transform_line(const double* g, int products, const double* from, double* to, ptrdiff_t inner) {
  double x[Taps][width];
  ATROUS_UNROLL
  for (int t = 0; t < Taps; ++t) {
    for (int k = 0; k < width; ++k) x[t][k] = from[t * inner * width + k];
  }
  for (int p = 0; p < products; ++p, g += Taps, to += inner * width) {
    double sum[width];
    for (int k = 0; k < width; ++k) sum[k] = g[0] * x[0][k];
    ATROUS_UNROLL
    for (int t = 1; t < Taps; ++t) {
      for (int k = 0; k < width; ++k) sum[k] += g[t] * x[t][k];
    }
    for (int k = 0; k < width; ++k) to[k] = sum[k];
  }
}

template <int width>
void transform_line(const double* g, int taps, int products, const double* from, double* to, ptrdiff_t inner) {
  switch (taps) {
    case 2:
      return transform_line<width, 2>(g, products, from, to, inner);
    case 3:
      return transform_line<width, 3>(g, products, from, to, inner);
    case 4:
      return transform_line<width, 4>(g, products, from, to, inner);
    case 5:
      return transform_line<width, 5>(g, products, from, to, inner);
    default:
      for (int p = 0; p < products; ++p, to += inner * width) {
        double sum[width] = {};
        for (int t = 0; t < taps; ++t) {
          for (int k = 0; k < width; ++k) sum[k] += g[p * taps + t] * from[t * inner * width + k];
        }
        for (int k = 0; k < width; ++k) to[k] = sum[k];
      }
  }
}

template <class V>
void transform_kernels(const KernelTransform& t) {
  constexpr int width = transform_width<V>;
  int size[3] = {t.taps[0], t.taps[1], t.taps[2]};
  const double* from = t.values[0];
  for (int axis = 2; axis >= 0; --axis) {
    if (t.taps[axis] == 1 && t.products[axis] == 1) continue;
    double* const to = from == t.values[0] ? t.values[1] : t.values[0];
    int outer = 1, inner = 1;
    for (int i = 0; i < axis; ++i) outer *= size[i];
    for (int i = axis + 1; i < 3; ++i) inner *= size[i];
    for (int o = 0; o < outer; ++o) {
      for (int n = 0; n < inner; ++n) {
        transform_line<width>(t.matrix[axis], t.taps[axis], t.products[axis],
                              from + (o * t.taps[axis] * inner + n) * width,
                              to + (o * t.products[axis] * inner + n) * width, inner);
      }
    }
    size[axis] = t.products[axis];
    from = to;
  }
  const int points = size[0] * size[1] * size[2];
  float* out = t.out;
  float* sum = t.sum;
  for (int p = 0; p < points; ++p, from += width, out += t.out_stride, sum += t.sum_stride) {
    for (int k = 0; k < width; ++k) {
      const float rounded = static_cast<float>(from[k]);
      out[k] = rounded;
      sum[k] += rounded < 0 ? -rounded : rounded;
    }
  }
}

}  // namespace
}  // namespace atrous
