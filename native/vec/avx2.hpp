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
  // Halves of what is left: a masked store takes a Zen 3 forty micro-operations.
  static void store_tail(float* p, Register v, int count) {
    __m128 part = _mm256_castps256_ps128(v);
    if (count >= lanes) return store(p, v);
    if (count & 4) {
      _mm_storeu_ps(p, part);
      part = _mm256_extractf128_ps(v, 1);
      p += 4;
    }
    if (count & 2) {
      _mm_storel_pi(reinterpret_cast<__m64*>(p), part);
      part = _mm_movehl_ps(part, part);
      p += 2;
    }
    if (count & 1) _mm_store_ss(p, part);
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
  static Register multiply_add(Register a, Register b, Register sum) { return _mm256_fmadd_ps(a, b, sum); }
  // The second operand is returned when either is NaN: NaN stays NaN.
  static Register relu(Register v) { return _mm256_max_ps(_mm256_setzero_ps(), v); }

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

 private:
  // Lane i takes part where i < count.
  static __m256i mask(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
};

}  // namespace
}  // namespace atrous
