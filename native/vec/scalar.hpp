// One float: plain C++, for CPUs without any of the other instruction sets and as the plainest reading of every kernel.
#pragma once
#include <cstddef>

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
  static Register add(Register a, Register b) { return a + b; }
  static Register multiply_add(Register a, Register b, Register sum) { return sum + a * b; }
  static Register relu(Register v) { return v < 0.0f ? 0.0f : v; }

  static void transpose(Register (&)[lanes]) {}
  template <int Unit>
  static void deinterleave4(Register (&)[4]) {}
  template <int Unit>
  static void interleave4(Register (&)[4]) {}
};

}  // namespace
}  // namespace atrous
