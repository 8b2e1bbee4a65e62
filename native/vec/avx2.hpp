// 8 floats: AVX2 and FMA. Sixteen registers.
#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace atrous {
namespace {

struct Avx2 {
  using Register = __m256;
  static constexpr int lanes = 8;
  static constexpr int registers = 16;
  static constexpr int temporaries = 0;

  static Register zero() { return _mm256_setzero_ps(); }
  static Register broadcast(const float* p) { return _mm256_broadcast_ss(p); }
  static Register load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Register v) { _mm256_storeu_ps(p, v); }
  static Register load_tail(const float* p, int count) { return _mm256_maskload_ps(p, mask(count)); }
  // In halves: Zen 3 takes 12 cycles for a masked store, and 3 for these.
  static void store_tail(float* p, Register v, int count) {
    if (count >= lanes) return store(p, v);
    __m128 rest = _mm256_castps256_ps128(v);
    if (count & 4) {
      _mm_storeu_ps(p, rest);
      p += 4;
      rest = _mm256_extractf128_ps(v, 1);
    }
    if (count & 2) {
      _mm_storel_pi(reinterpret_cast<__m64*>(p), rest);
      p += 2;
      rest = _mm_movehl_ps(rest, rest);
    }
    if (count & 1) _mm_store_ss(p, rest);
  }
  using Mask = __m256i;
  // Lanes i with 0 ≤ first + i < size; −2³⁰ ≤ first.
  static Mask lanes_inside(int32_t first, int32_t size) {
    // Compared as unsigned numbers: both have their sign bit flipped.
    const __m256i sign = _mm256_set1_epi32(INT32_MIN), lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i position = _mm256_add_epi32(_mm256_set1_epi32(first), _mm256_add_epi32(lane, sign));
    return _mm256_cmpgt_epi32(_mm256_add_epi32(_mm256_set1_epi32(size), sign), position);
  }
  // The lanes of the mask, which alone are read, and zeros.
  static Register load_masked(const float* p, Mask mask) { return _mm256_maskload_ps(p, mask); }
  static Register add(Register a, Register b) { return _mm256_add_ps(a, b); }
  static Register multiply(Register a, Register b) { return _mm256_mul_ps(a, b); }
  static Register divide(Register a, Register b) { return _mm256_div_ps(a, b); }
  static Register multiply_add(Register a, Register b, Register sum) { return _mm256_fmadd_ps(a, b, sum); }
  // The second operand is returned when either is NaN: NaN stays NaN.
  static Register relu(Register v) { return _mm256_max_ps(_mm256_setzero_ps(), v); }
  // The larger one, +0 above −0; NaN when either is.
  static Register larger(Register a, Register b) {
    // The maxima differ where one zero is negative: the sign of both.
    const Register either = _mm256_and_ps(_mm256_max_ps(a, b), _mm256_max_ps(b, a));
    return _mm256_or_ps(either, _mm256_cmp_ps(a, b, _CMP_UNORD_Q));
  }
  // `then` in lanes where v < 0, `otherwise` where it is not, or NaN.
  static Register where_negative(Register v, Register then, Register otherwise) {
    return _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_LT_OQ));
  }
  // 2ⁿ, of n + 1.5·2²³, whose last bits hold n: −126 ≤ n ≤ 127.
  static Register power_of_two(Register v) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(v), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(127 << 23)));
  }

  static void transpose(Register (&r)[lanes]) {
    Register t[lanes];
    for (int i = 0; i < 8; i += 2) {
      t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
      t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
      r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
      r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
      r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
      r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; ++i) {
      t[i] = _mm256_permute2f128_ps(r[i], r[4 + i], 0x20);
      t[4 + i] = _mm256_permute2f128_ps(r[i], r[4 + i], 0x31);
    }
    for (int i = 0; i < 8; ++i) r[i] = t[i];
  }

  // Of the 2·lanes floats that a and b hold in order, a keeps the even ones and b the odd ones.
  static void deinterleave2(Register& a, Register& b) {
    const Register low = _mm256_shuffle_ps(a, b, 0x88), high = _mm256_shuffle_ps(a, b, 0xdd);
    const auto in_order = [](Register v) { return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v), 0xd8)); };
    a = in_order(low);
    b = in_order(high);
  }
  // The inverse.
  static void interleave2(Register& a, Register& b) {
    const Register low = _mm256_unpacklo_ps(a, b), high = _mm256_unpackhi_ps(a, b);
    a = low_halves(low, high);
    b = high_halves(low, high);
  }
  // Of the 4·lanes floats that r holds in order, in units of 1, 2 or 4: unit 4·i + q becomes unit i of r[q].
  template <int Unit>
  static void deinterleave4(Register (&r)[4]) {
    const Register a = r[0], b = r[1], c = r[2], d = r[3];
    if constexpr (Unit == 1) {
      transpose_halves(low_halves(a, c), high_halves(a, c), low_halves(b, d), high_halves(b, d), r);
    } else if constexpr (Unit == 2) {
      const Register ab = unpack_low64(a, b), ab_high = unpack_high64(a, b);
      const Register cd = unpack_low64(c, d), cd_high = unpack_high64(c, d);
      r[0] = low_halves(ab, cd);
      r[1] = low_halves(ab_high, cd_high);
      r[2] = high_halves(ab, cd);
      r[3] = high_halves(ab_high, cd_high);
    } else {
      r[0] = low_halves(a, c);
      r[1] = high_halves(a, c);
      r[2] = low_halves(b, d);
      r[3] = high_halves(b, d);
    }
  }
  template <int Unit>
  static void interleave4(Register (&r)[4]) {
    if constexpr (Unit == 1) transpose_halves(r[0], r[1], r[2], r[3], r);
    const Register a = r[0], b = r[1], c = r[2], d = r[3];
    if constexpr (Unit == 1) {
      r[0] = low_halves(a, b);
      r[1] = low_halves(c, d);
      r[2] = high_halves(a, b);
      r[3] = high_halves(c, d);
    } else if constexpr (Unit == 2) {
      const Register ab = low_halves(a, c), ab_high = high_halves(a, c);
      const Register cd = low_halves(b, d), cd_high = high_halves(b, d);
      r[0] = unpack_low64(ab, cd);
      r[1] = unpack_high64(ab, cd);
      r[2] = unpack_low64(ab_high, cd_high);
      r[3] = unpack_high64(ab_high, cd_high);
    } else {
      r[0] = low_halves(a, b);
      r[1] = low_halves(c, d);
      r[2] = high_halves(a, b);
      r[3] = high_halves(c, d);
    }
  }

 private:
  static Register low_halves(Register a, Register b) { return _mm256_permute2f128_ps(a, b, 0x20); }
  static Register high_halves(Register a, Register b) { return _mm256_permute2f128_ps(a, b, 0x31); }
  static Register unpack_low64(Register a, Register b) {
    return _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
  }
  static Register unpack_high64(Register a, Register b) {
    return _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
  }
  // 4×4 transposes in both halves.
  static void transpose_halves(Register a, Register b, Register c, Register d, Register (&r)[4]) {
    const Register ab = _mm256_unpacklo_ps(a, b), ab_high = _mm256_unpackhi_ps(a, b);
    const Register cd = _mm256_unpacklo_ps(c, d), cd_high = _mm256_unpackhi_ps(c, d);
    r[0] = _mm256_shuffle_ps(ab, cd, 0x44);
    r[1] = _mm256_shuffle_ps(ab, cd, 0xee);
    r[2] = _mm256_shuffle_ps(ab_high, cd_high, 0x44);
    r[3] = _mm256_shuffle_ps(ab_high, cd_high, 0xee);
  }
  // Lane i takes part where i < count.
  static __m256i mask(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
};

}  // namespace
}  // namespace atrous
