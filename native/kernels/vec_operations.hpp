// The operations of a Vec type as functions on memory: VecOperations in kernels/table.hpp.
#pragma once
#include "kernels/table.hpp"

namespace atrous {
namespace {

template <int Value>
struct Constant {
  constexpr int operator()() const { return Value; }
};

// body(unit, registers) on 4·lanes floats, the unit known at compile time.
template <class V, class Body>
void four_registers(const float* in, int unit, float* out, Body body) {
  typename V::Register r[4];
  for (int i = 0; i < 4; ++i) r[i] = V::load(in + i * V::lanes);
  if (unit == 1) body(Constant<1>{}, r);
  if constexpr (V::lanes > 2) {
    if (unit == 2) body(Constant<2>{}, r);
  }
  if constexpr (V::lanes > 4) {
    if (unit == 4) body(Constant<4>{}, r);
  }
  if constexpr (V::lanes > 8) {
    if (unit == 8) body(Constant<8>{}, r);
  }
  for (int i = 0; i < 4; ++i) V::store(out + i * V::lanes, r[i]);
}

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
      [](const float* a, const float* b, float* out) { V::store(out, V::multiply(V::load(a), V::load(b))); },
      [](const float* a, const float* b, float* out) { V::store(out, V::divide(V::load(a), V::load(b))); },
      [](const float* a, const float* b, const float* sum, float* out) {
        V::store(out, V::multiply_add(V::load(a), V::load(b), V::load(sum)));
      },
      [](const float* in, float* out) { V::store(out, V::relu(V::load(in))); },
      [](const float* a, const float* b, float* out) { V::store(out, V::larger(V::load(a), V::load(b))); },
      [](const float* in, const float* then, const float* otherwise, float* out) {
        V::store(out, V::where_negative(V::load(in), V::load(then), V::load(otherwise)));
      },
      [](const float* in, float* out) { V::store(out, V::power_of_two(V::load(in))); },
      [](const float* in, float* out) {
        typename V::Register rows[V::lanes];
        for (int i = 0; i < V::lanes; ++i) rows[i] = V::load(in + i * V::lanes);
        V::transpose(rows);
        for (int i = 0; i < V::lanes; ++i) V::store(out + i * V::lanes, rows[i]);
      },
      [](const float* in, float* out) {
        typename V::Register a = V::load(in), b = V::load(in + V::lanes);
        V::deinterleave2(a, b);
        V::store(out, a);
        V::store(out + V::lanes, b);
      },
      [](const float* in, float* out) {
        typename V::Register a = V::load(in), b = V::load(in + V::lanes);
        V::interleave2(a, b);
        V::store(out, a);
        V::store(out + V::lanes, b);
      },
      [](const float* in, int unit, float* out) {
        four_registers<V>(in, unit, out,
                          [](auto constant, typename V::Register(&r)[4]) { V::template deinterleave4<constant()>(r); });
      },
      [](const float* in, int unit, float* out) {
        four_registers<V>(in, unit, out,
                          [](auto constant, typename V::Register(&r)[4]) { V::template interleave4<constant()>(r); });
      },
  };
}

}  // namespace
}  // namespace atrous
