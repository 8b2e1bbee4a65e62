// Matrix transposition: TransposeKernel in kernels/table.hpp. Full lanes × lanes blocks pass through registers.
#pragma once
#include "kernels/table.hpp"

namespace atrous {
namespace {

template <class V>
void transpose(const float* in, ptrdiff_t in_stride, float* out, ptrdiff_t out_stride, ptrdiff_t rows,
               ptrdiff_t columns) {
  using Register = typename V::Register;
  constexpr ptrdiff_t n = V::lanes;
  for (ptrdiff_t r = 0; r < rows; r += n) {
    const int height = static_cast<int>(rows - r < n ? rows - r : n);
    for (ptrdiff_t c = 0; c < columns; c += n) {
      const int width = static_cast<int>(columns - c < n ? columns - c : n);
      const float* from = in + r * in_stride + c;
      float* to = out + c * out_stride + r;
      Register block[V::lanes];
      if (height == n && width == n) {
        for (int i = 0; i < n; ++i) block[i] = V::load(from + i * in_stride);
        V::transpose(block);
        for (int i = 0; i < n; ++i) V::store(to + i * out_stride, block[i]);
      } else {
        for (int i = 0; i < n; ++i) block[i] = i < height ? V::load_tail(from + i * in_stride, width) : V::zero();
        V::transpose(block);
        for (int i = 0; i < width; ++i) V::store_tail(to + i * out_stride, block[i], height);
      }
    }
  }
}

}  // namespace
}  // namespace atrous
