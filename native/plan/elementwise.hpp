// Functions of every element of an array, and operations on two arrays with one of them repeated as broadcasting does.
#pragma once
#include <cstdint>

#include "kernels/table.hpp"

namespace atrous {

// Elements that are read or written cost what comes and goes through the caches, about as long as eight multiply-adds.
int threads_for_elements(int threads, double elements);

// out[i] = f(in[i]); `out` may be `in`.
void map_elements(const KernelTable& kernels, int threads, RunFunction function, const float* in,
                  const float* parameters, float* out, int64_t length);

// Which elements of an array the elements of a larger one meet: run after run of `run` of them, from begins[0],
// begins[1] … on, one each, or all of the run the one that stands there.
struct Broadcast {
  int64_t run;
  bool repeated;
  const int32_t* begins;
};

// out[i] = a[i] ∘ b[…], and max(0, …) of it; `out` may be `a`, and `b` where all its elements are met in order.
void combine_elements(const KernelTable& kernels, int threads, RunOperation operation, const float* a, const float* b,
                      const Broadcast& broadcast, bool relu, float* out, int64_t length);

}  // namespace atrous
