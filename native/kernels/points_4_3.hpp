// F(4, 3) evaluated at 0, ±2/3, ±3/2 and ∞, by hand: the rows of a pair ±p share their even and their odd part.
//
// With M(x) = x(x² − 4/9)(x² − 9/4) the row of a point p is M(x)/(x − p), that of ∞ is M(x):
//
//   v(0) = x0 − 97/36·x2 + x4          v(±2/3) = (x4 − 9/4·x2) ± 2/3·(x3 − 9/4·x1)
//   v(∞) = x1 − 97/36·x3 + x5          v(±3/2) = (x4 − 4/9·x2) ± 3/2·(x3 − 4/9·x1)
//
// 12 operations for six values and 13 for the way back, where the matrices have 36 and 24 entries. The scale of the
// points, 1/M'(p), is in the kernel's transform. Barabasz et al. 2020 tell why these points round well.
#pragma once
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

template <class V>
struct Points4x3 {
  using Register = typename V::Register;

  template <class Input, class Output>
  static inline ATROUS_INLINE void from_input(Input in, Output out) {
    const Register x0 = in(0), x1 = in(1), x2 = in(2), x3 = in(3), x4 = in(4), x5 = in(5);
    out(0, V::multiply_add(constant(middle), x2, V::add(x0, x4)));
    pair(x1, x2, x3, x4, minus_b2, a, minus_a, [&](int i, Register y) ATROUS_INLINE { out(1 + i, y); });
    pair(x1, x2, x3, x4, minus_a2, b, minus_b, [&](int i, Register y) ATROUS_INLINE { out(3 + i, y); });
    out(5, V::multiply_add(constant(middle), x3, V::add(x1, x5)));
  }

  template <class Input, class Output>
  static inline ATROUS_INLINE void from_products(Input in, Output out) {
    const Register m0 = in(0), m1 = in(1), m2 = in(2), m3 = in(3), m4 = in(4), m5 = in(5);
    const Register minus = constant(minus_one);
    const Register sum_a = V::add(m1, m2), difference_a = V::multiply_add(minus, m2, m1);
    const Register sum_b = V::add(m3, m4), difference_b = V::multiply_add(minus, m4, m3);
    const Register zero = V::zero();
    out(0, V::add(V::add(sum_a, sum_b), m0));
    out(1, V::multiply_add(constant(a), difference_a, V::multiply_add(constant(b), difference_b, zero)));
    out(2, V::multiply_add(constant(a2), sum_a, V::multiply_add(constant(b2), sum_b, zero)));
    out(3, V::multiply_add(constant(a3), difference_a, V::multiply_add(constant(b3), difference_b, m5)));
  }

 private:
  static constexpr float minus_one = -1, middle = -97.0f / 36;
  static constexpr float a = 2.0f / 3, a2 = 4.0f / 9, a3 = 8.0f / 27, minus_a = -a, minus_a2 = -a2;
  static constexpr float b = 1.5f, b2 = 2.25f, b3 = 3.375f, minus_b = -b, minus_b2 = -b2;

  static inline ATROUS_INLINE Register constant(const float& value) { return V::broadcast(&value); }

  template <class Output>
  static inline ATROUS_INLINE void pair(Register x1, Register x2, Register x3, Register x4, const float& minus_square,
                                        const float& plus, const float& minus, Output out) {
    const Register even = V::multiply_add(constant(minus_square), x2, x4);
    const Register odd = V::multiply_add(constant(minus_square), x1, x3);
    out(0, V::multiply_add(constant(plus), odd, even));
    out(1, V::multiply_add(constant(minus), odd, even));
  }
};

}  // namespace
}  // namespace atrous
