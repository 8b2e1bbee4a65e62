// Runs of floats (table.hpp): functions of one, operations on two, mixtures of two, and linear interpolation to twice the
// length. What layers beside convolutions are made of, row by row.
#pragma once
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

// out[i] = of(i, load), where load(p) is the vector from p[i] on.
template <class V, class Of>
void fill_run(float* out, ptrdiff_t length, Of of) {
  ptrdiff_t i = 0;
  for (; i + V::lanes <= length; i += V::lanes) {
    V::store(out + i, of([i](const float* p) ATROUS_INLINE { return V::load(p + i); }));
  }
  const int rest = static_cast<int>(length - i);
  if (rest == 0) return;
  V::store_tail(out + i, of([i, rest](const float* p) ATROUS_INLINE { return V::load_tail(p + i, rest); }), rest);
}

template <class V>
typename V::Register constant(float value) {
  return V::broadcast(&value);
}

template <class V>
void clip_run(const float* in, const float* parameters, float* out, ptrdiff_t length) {
  using Register = typename V::Register;
  const Register minus = constant<V>(-1.0f), least = V::broadcast(parameters), most = V::broadcast(parameters + 1);
  fill_run<V>(out, length, [=](auto load) ATROUS_INLINE {
    const Register x = load(in);
    const Register above = V::where_negative(V::multiply_add(least, minus, x), least, x);
    return V::where_negative(V::multiply_add(above, minus, most), most, above);
  });
}

template <class V>
void leaky_relu_run(const float* in, const float* parameters, float* out, ptrdiff_t length) {
  const typename V::Register slope = V::broadcast(parameters);
  fill_run<V>(out, length, [=](auto load) ATROUS_INLINE {
    const typename V::Register x = load(in);
    return V::where_negative(x, V::multiply(x, slope), x);
  });
}

// 2⁶⁴·e^x for −104 ≤ x ≤ 0: below, e^x is no float, and the factor keeps it a normal one. x = n·ln 2 + r, |r| ≤ ½·ln 2, and
// e^r by the polynomial of Cephes' expf (Moshier), 1 + r + r²·p(r).
template <class V>
typename V::Register scaled_exponential(typename V::Register x) {
  using Register = typename V::Register;
  // Adding it leaves n in the last bits.
  const float rounder = 0x1.8p23f;
  const Register shifted = V::multiply_add(x, constant<V>(1.44269504f), constant<V>(rounder));
  const Register n = V::add(shifted, constant<V>(-rounder));
  // ln 2 in two parts: n times the first is exact.
  Register r = V::multiply_add(n, constant<V>(-0.693359375f), x);
  r = V::multiply_add(n, constant<V>(2.12194440e-4f), r);
  Register p = V::multiply_add(constant<V>(1.9875691500e-4f), r, constant<V>(1.3981999507e-3f));
  p = V::multiply_add(p, r, constant<V>(8.3334519073e-3f));
  p = V::multiply_add(p, r, constant<V>(4.1665795894e-2f));
  p = V::multiply_add(p, r, constant<V>(1.6666665459e-1f));
  p = V::multiply_add(p, r, constant<V>(5.0000001201e-1f));
  p = V::add(V::multiply_add(V::multiply(r, r), p, r), constant<V>(1.0f));
  return V::multiply(p, V::power_of_two(V::add(shifted, constant<V>(64.0f))));
}

// With e = e^−|x|, which does not overflow: 1 / (1 + e), or e / (1 + e) where x is negative.
template <class V>
void sigmoid_run(const float* in, const float*, float* out, ptrdiff_t length) {
  using Register = typename V::Register;
  const Register minus = constant<V>(-1.0f), one = constant<V>(1.0f), least = constant<V>(-104.0f);
  const Register scale = constant<V>(0x1p64f), unscale = constant<V>(0x1p-64f);
  fill_run<V>(out, length, [=](auto load) ATROUS_INLINE {
    const Register x = load(in);
    Register exponent = V::where_negative(x, x, V::multiply(x, minus));
    exponent = V::where_negative(V::multiply_add(least, minus, exponent), least, exponent);
    const Register e = scaled_exponential<V>(exponent);
    const Register quotient = V::divide(V::where_negative(x, e, scale), V::multiply_add(e, unscale, one));
    return V::multiply(quotient, unscale);
  });
}

template <class V, typename V::Register (*Operation)(typename V::Register, typename V::Register)>
void combine_runs(const float* a, const float* b, bool repeated, float* out, ptrdiff_t length) {
  if (repeated) {
    const typename V::Register right = V::broadcast(b);
    fill_run<V>(out, length, [=](auto load) ATROUS_INLINE { return Operation(load(a), right); });
  } else {
    fill_run<V>(out, length, [=](auto load) ATROUS_INLINE { return Operation(load(a), load(b)); });
  }
}

template <class V>
void mix_runs(const float* a, float part_a, const float* b, float part_b, float* out, ptrdiff_t length) {
  const typename V::Register of_a = constant<V>(part_a), of_b = constant<V>(part_b);
  fill_run<V>(out, length,
              [=](auto load) ATROUS_INLINE { return V::multiply_add(load(b), of_b, V::multiply(load(a), of_a)); });
}

template <class V>
void double_run(const float* in, float* out, ptrdiff_t length) {
  using Register = typename V::Register;
  const Register more = constant<V>(0.75f), less = constant<V>(0.25f);
  const auto between = [=](Register left, Register right, Register& nearer_left, Register& nearer_right) ATROUS_INLINE {
    nearer_left = V::multiply_add(right, less, V::multiply(left, more));
    nearer_right = V::multiply_add(right, more, V::multiply(left, less));
    V::interleave2(nearer_left, nearer_right);
  };
  out[0] = in[0];
  ptrdiff_t i = 0;
  Register first, second;
  for (; i + V::lanes < length; i += V::lanes) {
    between(V::load(in + i), V::load(in + i + 1), first, second);
    V::store(out + 2 * i + 1, first);
    V::store(out + 2 * i + 1 + V::lanes, second);
  }
  const int pairs = static_cast<int>(length - 1 - i);
  if (pairs > 0) {
    between(V::load_tail(in + i, pairs), V::load_tail(in + i + 1, pairs), first, second);
    const int floats = 2 * pairs;
    V::store_tail(out + 2 * i + 1, first, floats < V::lanes ? floats : V::lanes);
    if (floats > V::lanes) V::store_tail(out + 2 * i + 1 + V::lanes, second, floats - V::lanes);
  }
  out[2 * length - 1] = in[length - 1];
}

template <class V>
constexpr void fill_runs(KernelTable& table) {
  const auto at = [](auto name) { return static_cast<int>(name); };
  table.map_run[at(RunFunction::clip)] = clip_run<V>;
  table.map_run[at(RunFunction::leaky_relu)] = leaky_relu_run<V>;
  table.map_run[at(RunFunction::sigmoid)] = sigmoid_run<V>;
  table.combine_runs[at(RunOperation::add)] = combine_runs<V, V::add>;
  table.combine_runs[at(RunOperation::multiply)] = combine_runs<V, V::multiply>;
  table.combine_runs[at(RunOperation::divide)] = combine_runs<V, V::divide>;
  table.combine_runs[at(RunOperation::larger)] = combine_runs<V, V::larger>;
  table.mix_runs = mix_runs<V>;
  table.double_run = double_run<V>;
}

}  // namespace
}  // namespace atrous
