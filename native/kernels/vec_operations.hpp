// The operations of a Vec type as functions on memory: VecOperations in kernels/table.hpp.
#pragma once
#include "kernels/table.hpp"

namespace atrous {
namespace {

template <class V>
constexpr VecOperations vec_operations() {
  return {
      [](const float* in, int count, float* out) { V::store(out, V::load_tail(in, count)); },
      [](const float* in, int first, int size, float* out) {
        V::store(out, V::load_masked(in + first, V::lanes_inside(first, size)));
      },
      [](const float* in, int count, float* out) { V::store_tail(out, V::load(in), count); },
      [](const float* in, float* out) { V::store(out, V::broadcast(in)); },
      [](const float* a, const float* b, float* out) { V::store(out, V::add(V::load(a), V::load(b))); },
      [](const float* a, const float* b, const float* sum, float* out) {
        V::store(out, V::multiply_add(V::load(a), V::load(b), V::load(sum)));
      },
      [](const float* in, float* out) { V::store(out, V::relu(V::load(in))); },
      [](const float* in, float* out) {
        typename V::Register rows[V::lanes];
        for (int i = 0; i < V::lanes; ++i) rows[i] = V::load(in + i * V::lanes);
        V::transpose(rows);
        for (int i = 0; i < V::lanes; ++i) V::store(out + i * V::lanes, rows[i]);
      },
  };
}

}  // namespace
}  // namespace atrous
