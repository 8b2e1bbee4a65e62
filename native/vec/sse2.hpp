// 4 floats: SSE2, which every x86-64 CPU has. Sixteen registers, no fused multiply-add: the product takes one of them.
#pragma once
#include <emmintrin.h>

#include <cstddef>
#include <cstdint>

namespace atrous {
namespace {

struct Sse2 {
  using Register = __m128;
  static constexpr int lanes = 4;
  static constexpr int registers = 16;
  static constexpr int temporaries = 1;

  static Register zero() { return _mm_setzero_ps(); }
  static Register broadcast(const float* p) { return _mm_set1_ps(*p); }
  static Register load(const float* p) { return _mm_loadu_ps(p); }
  static void store(float* p, Register v) { _mm_storeu_ps(p, v); }
  static Register load_tail(const float* p, int count) {
    float lane[lanes] = {};
    for (int i = 0; i < count; ++i) lane[i] = p[i];
    return _mm_loadu_ps(lane);
  }
  static void store_tail(float* p, Register v, int count) {
    float lane[lanes];
    _mm_storeu_ps(lane, v);
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
  static Register add(Register a, Register b) { return _mm_add_ps(a, b); }
  static Register multiply(Register a, Register b) { return _mm_mul_ps(a, b); }
  static Register divide(Register a, Register b) { return _mm_div_ps(a, b); }
  static Register multiply_add(Register a, Register b, Register sum) { return _mm_add_ps(sum, _mm_mul_ps(a, b)); }
  // The second operand is returned when either is NaN: NaN stays NaN.
  static Register relu(Register v) { return _mm_max_ps(_mm_setzero_ps(), v); }
  // The larger one, +0 above −0; NaN when either is.
  static Register larger(Register a, Register b) {
    // The maxima differ where one zero is negative: the sign of both.
    const Register either = _mm_and_ps(_mm_max_ps(a, b), _mm_max_ps(b, a));
    return _mm_or_ps(either, _mm_cmpunord_ps(a, b));
  }
  // `then` in lanes where v < 0, `otherwise` where it is not, or NaN.
  static Register where_negative(Register v, Register then, Register otherwise) {
    const Register negative = _mm_cmplt_ps(v, _mm_setzero_ps());
    return _mm_or_ps(_mm_and_ps(negative, then), _mm_andnot_ps(negative, otherwise));
  }
  // 2ⁿ, of n + 1.5·2²³, whose last bits hold n: −126 ≤ n ≤ 127.
  static Register power_of_two(Register v) {
    const __m128i exponent = _mm_slli_epi32(_mm_castps_si128(v), 23);
    return _mm_castsi128_ps(_mm_add_epi32(exponent, _mm_set1_epi32(127 << 23)));
  }

  // Of the 2·lanes floats that a and b hold in order, a keeps the even ones and b the odd ones.
  static void deinterleave2(Register& a, Register& b) {
    const Register first = a;
    a = _mm_shuffle_ps(first, b, 0x88);
    b = _mm_shuffle_ps(first, b, 0xdd);
  }
  // The inverse.
  static void interleave2(Register& a, Register& b) {
    const Register first = a;
    a = _mm_unpacklo_ps(first, b);
    b = _mm_unpackhi_ps(first, b);
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

  static void transpose(Register (&r)[lanes]) { _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]); }

 private:
  static Register low_halves(Register a, Register b) { return _mm_movelh_ps(a, b); }
  static Register high_halves(Register a, Register b) { return _mm_movehl_ps(b, a); }
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
};

}  // namespace
}  // namespace atrous
