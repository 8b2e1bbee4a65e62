// 4 floats: AArch64 NEON. Thirty-two registers, fused multiply-add.
#pragma once
#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace atrous {
namespace {

struct Neon {
  using Register = float32x4_t;
  static constexpr int lanes = 4;
  static constexpr int registers = 32;
  static constexpr int temporaries = 0;

  static Register zero() { return vdupq_n_f32(0.0f); }
  static Register broadcast(const float* p) { return vld1q_dup_f32(p); }
  static Register load(const float* p) { return vld1q_f32(p); }
  static void store(float* p, Register v) { vst1q_f32(p, v); }
  static Register load_tail(const float* p, int count) {
    float lane[lanes] = {};
    for (int i = 0; i < count; ++i) lane[i] = p[i];
    return vld1q_f32(lane);
  }
  static void store_tail(float* p, Register v, int count) {
    float lane[lanes];
    vst1q_f32(lane, v);
    for (int i = 0; i < count; ++i) p[i] = lane[i];
  }
  struct Mask {
    int64_t begin, end;
  };
  // Lanes i with 0 ≤ first + i < size; −2³⁰ ≤ first.
  static Mask lanes_inside(int32_t first, int32_t size) { return {-first, static_cast<int64_t>(size) - first}; }
  // The lanes of the mask, which alone are read, and zeros.
  static Register load_masked(const float* p, Mask mask) {
    return mask.begin <= 0 && mask.end >= lanes ? load(p) : load_some(p, mask);
  }
  static Register add(Register a, Register b) { return vaddq_f32(a, b); }
  static Register multiply(Register a, Register b) { return vmulq_f32(a, b); }
  static Register divide(Register a, Register b) { return vdivq_f32(a, b); }
  static Register multiply_add(Register a, Register b, Register sum) { return vfmaq_f32(sum, a, b); }
  // FMAX gives NaN when either operand is NaN.
  static Register relu(Register v) { return vmaxq_f32(v, vdupq_n_f32(0.0f)); }
  // The larger one, +0 above −0; NaN when either is.
  static Register larger(Register a, Register b) { return vmaxq_f32(a, b); }
  // `then` in lanes where v < 0, `otherwise` where it is not, or NaN.
  static Register where_negative(Register v, Register then, Register otherwise) {
    return vbslq_f32(vcltzq_f32(v), then, otherwise);
  }
  // 2ⁿ, of n + 1.5·2²³, whose last bits hold n: −126 ≤ n ≤ 127.
  static Register power_of_two(Register v) {
    const int32x4_t exponent = vshlq_n_s32(vreinterpretq_s32_f32(v), 23);
    return vreinterpretq_f32_s32(vaddq_s32(exponent, vdupq_n_s32(127 << 23)));
  }

  // Of the 2·lanes floats that a and b hold in order, a keeps the even ones and b the odd ones.
  static void deinterleave2(Register& a, Register& b) {
    const Register first = a;
    a = vuzp1q_f32(first, b);
    b = vuzp2q_f32(first, b);
  }
  // The inverse.
  static void interleave2(Register& a, Register& b) {
    const Register first = a;
    a = vzip1q_f32(first, b);
    b = vzip2q_f32(first, b);
  }
  // Of the 4·lanes floats that r holds in order, in units of 1 or 2: unit 4·i + q becomes unit i of r[q].
  template <int Unit>
  static void deinterleave4(Register (&r)[4]) {
    if constexpr (Unit == 1) return transpose(r);
    const Register a = r[0], b = r[1], c = r[2], d = r[3];
    r[0] = low_halves(a, c);
    r[1] = high_halves(a, c);
    r[2] = low_halves(b, d);
    r[3] = high_halves(b, d);
  }
  template <int Unit>
  static void interleave4(Register (&r)[4]) {
    if constexpr (Unit == 1) return transpose(r);
    const Register a = r[0], b = r[1], c = r[2], d = r[3];
    r[0] = low_halves(a, b);
    r[1] = low_halves(c, d);
    r[2] = high_halves(a, b);
    r[3] = high_halves(c, d);
  }

  static void transpose(Register (&r)[lanes]) {
    const Register a = vtrn1q_f32(r[0], r[1]), b = vtrn2q_f32(r[0], r[1]);
    const Register c = vtrn1q_f32(r[2], r[3]), d = vtrn2q_f32(r[2], r[3]);
    r[0] = low_halves(a, c);
    r[1] = low_halves(b, d);
    r[2] = high_halves(a, c);
    r[3] = high_halves(b, d);
  }

 private:
// Rare, and too long to stand in every kernel.
#if defined(_MSC_VER)
  __declspec(noinline)
#else
  __attribute__((noinline))
#endif
  static Register load_some(const float* p, Mask mask) {
    float lane[lanes] = {};
    for (int i = 0; i < lanes; ++i) {
      if (i >= mask.begin && i < mask.end) lane[i] = p[i];
    }
    return load(lane);
  }
  static Register low_halves(Register a, Register b) {
    return vreinterpretq_f32_f64(vtrn1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
  }
  static Register high_halves(Register a, Register b) {
    return vreinterpretq_f32_f64(vtrn2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
  }
};

}  // namespace
}  // namespace atrous
