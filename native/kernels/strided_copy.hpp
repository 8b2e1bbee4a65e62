// Every second element of a row, or one of more: StridedCopyKernel in kernels/table.hpp has the formula.
#pragma once
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

template <class V>
void strided_copy(const float* in, ptrdiff_t step, ptrdiff_t count, float* out) {
  // A vector's second half ends one element beyond what it takes: the last element is none of it.
  const auto vector = [&](ptrdiff_t i) ATROUS_INLINE {
    typename V::Register even = V::load(in + 2 * i), odd = V::load(in + 2 * i + V::lanes);
    V::deinterleave2(even, odd);
    V::store(out + i, even);
  };
  ptrdiff_t i = 0;
  if (step == 2 && count > V::lanes) {
    for (; i + V::lanes < count; i += V::lanes) vector(i);
    i = count - 1;
    vector(i - V::lanes);
  }
  for (; i < count; ++i) out[i] = in[i * step];
}

}  // namespace
}  // namespace atrous
