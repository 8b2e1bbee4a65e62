// 16 floats: AVX-512 F, VL, DQ, BW. Thirty-two registers; lanes beyond a tail are switched off by a mask.
#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace atrous {
namespace {

struct Avx512 {
  using Register = __m512;
  static constexpr int lanes = 16;
  static constexpr int registers = 32;
  static constexpr int temporaries = 0;  // registers that multiply_add needs beside its operands

  static Register zero() { return _mm512_setzero_ps(); }
  static Register broadcast(const float* p) { return _mm512_set1_ps(*p); }
  static Register load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Register v) { _mm512_storeu_ps(p, v); }
  static Register load_tail(const float* p, int count) { return _mm512_maskz_loadu_ps(mask(count), p); }
  static void store_tail(float* p, Register v, int count) { _mm512_mask_storeu_ps(p, mask(count), v); }
  using Mask = __mmask16;
  // Lanes i with 0 ≤ first + i < size; −2³⁰ ≤ first.
  static Mask lanes_inside(int32_t first, int32_t size) {
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_cmplt_epu32_mask(_mm512_add_epi32(_mm512_set1_epi32(first), lane), _mm512_set1_epi32(size));
  }
  // The lanes of the mask, which alone are read, and zeros.
  static Register load_masked(const float* p, Mask mask) { return _mm512_maskz_loadu_ps(mask, p); }
  static Register add(Register a, Register b) { return _mm512_add_ps(a, b); }
  static Register multiply(Register a, Register b) { return _mm512_mul_ps(a, b); }
  static Register divide(Register a, Register b) { return _mm512_div_ps(a, b); }
  static Register multiply_add(Register a, Register b, Register sum) { return _mm512_fmadd_ps(a, b, sum); }
  // The second operand is returned when either is NaN: NaN stays NaN.
  static Register relu(Register v) { return _mm512_max_ps(_mm512_setzero_ps(), v); }
  // The larger one, +0 above −0; NaN when either is.
  static Register larger(Register a, Register b) {
    // The maxima differ where one zero is negative: the sign of both.
    const Register either = _mm512_and_ps(_mm512_max_ps(a, b), _mm512_max_ps(b, a));
    return _mm512_mask_add_ps(either, _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q), a, b);
  }
  // `then` in lanes where v < 0, `otherwise` where it is not, or NaN.
  static Register where_negative(Register v, Register then, Register otherwise) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ), otherwise, then);
  }
  // 2ⁿ, of n + 1.5·2²³, whose last bits hold n: −126 ≤ n ≤ 127.
  static Register power_of_two(Register v) {
    const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(v), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(exponent, _mm512_set1_epi32(127 << 23)));
  }

  // Four rounds of 2×2 exchanges: 32-bit, 64-bit, 128-bit quarters within halves, halves.
  static void transpose(Register (&r)[lanes]) {
    Register t[lanes];
    for (int i = 0; i < 16; i += 2) {
      t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
      t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
      r[i] = unpack_low64(t[i], t[i + 2]);
      r[i + 1] = unpack_high64(t[i], t[i + 2]);
      r[i + 2] = unpack_low64(t[i + 1], t[i + 3]);
      r[i + 3] = unpack_high64(t[i + 1], t[i + 3]);
    }
    // r[4g + i] now holds column i of rows 4g…4g+3 in its quarter 0, column 4 + i in quarter 1, and so on.
    for (int i = 0; i < 4; ++i) {
      t[i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0x88);
      t[4 + i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0xdd);
      t[8 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0x88);
      t[12 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0xdd);
    }
    for (int i = 0; i < 4; ++i) {
      r[i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0x88);
      r[8 + i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0xdd);
      r[4 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0x88);
      r[12 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0xdd);
    }
  }

  // Of the 2·lanes floats that a and b hold in order, a keeps the even ones and b the odd ones.
  static void deinterleave2(Register& a, Register& b) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_or_si512(even, _mm512_set1_epi32(1));
    const Register first = a;
    a = _mm512_permutex2var_ps(first, even, b);
    b = _mm512_permutex2var_ps(first, odd, b);
  }
  // The inverse.
  static void interleave2(Register& a, Register& b) {
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    const Register first = a;
    a = _mm512_permutex2var_ps(first, low, b);
    b = _mm512_permutex2var_ps(first, high, b);
  }
  // Of the 4·lanes floats that r holds in order, in units of 1, 2, 4 or 8: unit 4·i + q becomes unit i of r[q].
  template <int Unit>
  static void deinterleave4(Register (&r)[4]) {
    if constexpr (Unit == 8) {
      const Register a = r[0], b = r[1], c = r[2], d = r[3];
      r[0] = low_halves(a, c);
      r[1] = high_halves(a, c);
      r[2] = low_halves(b, d);
      r[3] = high_halves(b, d);
      return;
    }
    transpose_quarters(r);
    if constexpr (Unit == 1) transpose_in_quarters(r);
    if constexpr (Unit == 2) {
      const Register a = r[0], b = r[1], c = r[2], d = r[3];
      r[0] = unpack_low64(a, c);
      r[1] = unpack_high64(a, c);
      r[2] = unpack_low64(b, d);
      r[3] = unpack_high64(b, d);
    }
  }
  template <int Unit>
  static void interleave4(Register (&r)[4]) {
    const Register a = r[0], b = r[1], c = r[2], d = r[3];
    if constexpr (Unit == 8) {
      r[0] = low_halves(a, b);
      r[1] = low_halves(c, d);
      r[2] = high_halves(a, b);
      r[3] = high_halves(c, d);
      return;
    }
    if constexpr (Unit == 1) transpose_in_quarters(r);
    if constexpr (Unit == 2) {
      r[0] = unpack_low64(a, b);
      r[1] = unpack_low64(c, d);
      r[2] = unpack_high64(a, b);
      r[3] = unpack_high64(c, d);
    }
    transpose_quarters(r);
  }

 private:
  static Register low_halves(Register a, Register b) { return _mm512_shuffle_f32x4(a, b, 0x44); }
  static Register high_halves(Register a, Register b) { return _mm512_shuffle_f32x4(a, b, 0xee); }
  // Quarter j of r[i] and quarter i of r[j] change places.
  static void transpose_quarters(Register (&r)[4]) {
    const Register a = _mm512_shuffle_f32x4(r[0], r[1], 0x44), b = _mm512_shuffle_f32x4(r[0], r[1], 0xee);
    const Register c = _mm512_shuffle_f32x4(r[2], r[3], 0x44), d = _mm512_shuffle_f32x4(r[2], r[3], 0xee);
    r[0] = _mm512_shuffle_f32x4(a, c, 0x88);
    r[1] = _mm512_shuffle_f32x4(a, c, 0xdd);
    r[2] = _mm512_shuffle_f32x4(b, d, 0x88);
    r[3] = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
  // Within each quarter, float j of r[i] and float i of r[j] do.
  static void transpose_in_quarters(Register (&r)[4]) {
    const Register a = _mm512_unpacklo_ps(r[0], r[1]), b = _mm512_unpackhi_ps(r[0], r[1]);
    const Register c = _mm512_unpacklo_ps(r[2], r[3]), d = _mm512_unpackhi_ps(r[2], r[3]);
    r[0] = unpack_low64(a, c);
    r[1] = unpack_high64(a, c);
    r[2] = unpack_low64(b, d);
    r[3] = unpack_high64(b, d);
  }
  static __mmask16 mask(int count) { return static_cast<__mmask16>((1u << count) - 1u); }
  static Register unpack_low64(Register a, Register b) {
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  }
  static Register unpack_high64(Register a, Register b) {
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
  }
};

}  // namespace
}  // namespace atrous
