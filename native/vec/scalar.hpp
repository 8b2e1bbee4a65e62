// One float: plain C++, for CPUs without any of the other instruction sets and as the plainest reading of every kernel.
#pragma once
#include <cstddef>
#include <cstdint>

namespace atrous {
namespace {

struct Scalar {
  using Register = float;
  static constexpr int lanes = 1;
  static constexpr int registers = 16;
  static constexpr int temporaries = 1;

  static Register zero() { return 0.0f; }
  static Register broadcast(const float* p) { return *p; }
  static Register load(const float* p) { return *p; }
  static void store(float* p, Register v) { *p = v; }
  static Register load_tail(const float* p, int count) { return count > 0 ? *p : 0.0f; }
  static void store_tail(float* p, Register v, int count) {
    if (count > 0) *p = v;
  }
  struct Mask {
    int64_t begin, end;
  };
  // Lanes i with 0 ≤ first + i < size; −2³⁰ ≤ first.
  static Mask lanes_inside(int32_t first, int32_t size) { return {-first, static_cast<int64_t>(size) - first}; }
  // The lanes of the mask, which alone are read, and zeros.
  static Register load_masked(const float* p, Mask mask) { return mask.begin <= 0 && mask.end > 0 ? *p : 0.0f; }
  static Register add(Register a, Register b) { return a + b; }
  static Register multiply(Register a, Register b) { return a * b; }
  static Register divide(Register a, Register b) { return a / b; }
  static Register multiply_add(Register a, Register b, Register sum) { return sum + a * b; }
  static Register relu(Register v) { return v < 0.0f ? 0.0f : v; }
  // The larger one, +0 above −0; NaN when either is.
  static Register larger(Register a, Register b) {
    if (a < b || b != b) return b;
    return a == 0.0f && b == 0.0f ? a + b : a;
  }
  // `then` in lanes where v < 0, `otherwise` where it is not, or NaN.
  static Register where_negative(Register v, Register then, Register otherwise) { return v < 0.0f ? then : otherwise; }
  // 2ⁿ, of n + 1.5·2²³, whose last bits hold n: −126 ≤ n ≤ 127.
  static Register power_of_two(Register v) {
    union {
      float value;
      uint32_t bits;
    } number = {v};
    number.bits = (number.bits << 23) + (127u << 23);
    return number.value;
  }

  // Of the 2·lanes floats that a and b hold in order, a keeps the even ones and b the odd ones.
  static void deinterleave2(Register&, Register&) {}
  // The inverse.
  static void interleave2(Register&, Register&) {}
  static void transpose(Register (&)[lanes]) {}
  template <int Unit>
  static void deinterleave4(Register (&)[4]) {}
  template <int Unit>
  static void interleave4(Register (&)[4]) {}
};

}  // namespace
}  // namespace atrous
