// Matrix transposition: TransposeKernel in kernels/table.hpp. Full lanes × lanes blocks pass through registers.
#pragma once
#include "kernels/table.hpp"

namespace atrous {
namespace {

// How many floats from `p` to where rows `stride` apart all begin a vector; a whole vector where they never do.
//
// Planes of 2ⁿ pixels put the same pixel of all channels into one set of the caches, which holds 8 of the 16 lines of a
// block. Blocks that begin at a vector use up their lines; others would find half of each line evicted when they come
// back for it.
template <class V>
ptrdiff_t up_to_boundary(const float* p, ptrdiff_t stride) {
  constexpr ptrdiff_t n = V::lanes;
  if (stride % n != 0) return n;
  return n - static_cast<ptrdiff_t>(reinterpret_cast<uintptr_t>(p) / sizeof(float) % n);
}

template <class V>
void transpose(const float* in, ptrdiff_t in_stride, float* out, ptrdiff_t out_stride, ptrdiff_t rows,
               ptrdiff_t columns) {
  using Register = typename V::Register;
  constexpr ptrdiff_t n = V::lanes;
  const auto at_most = [](ptrdiff_t size, ptrdiff_t left) { return static_cast<int>(size < left ? size : left); };
  const ptrdiff_t first_height = up_to_boundary<V>(out, out_stride), first_width = up_to_boundary<V>(in, in_stride);
  int height = at_most(first_height, rows);
  for (ptrdiff_t r = 0; r < rows; r += height, height = at_most(n, rows - r)) {
    int width = at_most(first_width, columns);
    for (ptrdiff_t c = 0; c < columns; c += width, width = at_most(n, columns - c)) {
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
