// F(4, taps) evaluated at pairs of points ±p, at 0 where it is one of them, and at ∞: the rows of a pair share what they
// do with the elements of either parity.
//
// With z = 1 where 0 is a point and 0 elsewhere, R(x) = Π (x − p²) over all pairs and Q(x) = R(x)/(x − p²), whose
// coefficients stand for sums over elements two apart,
//
//   v(±p) = Σ_j Q[j]·x[2j + 1 + z] ± p·Σ_j Q[j]·x[2j + z]        y[i] = Σ p^i·(m(p) + (−1)^i·m(−p))
//   v(0) = Σ_j R[j]·x[2j]    v(∞) = Σ_j R[j]·x[2j + z]            and m(0) is added to y[0], m(∞) to y[3]
//
// Products follow each other as 0, p, −p, … , ∞. The first coefficients of Q and R are 1, so that P pairs take
// 2P² + P(1 + z) operations and 6P + z for the way back: 24 and 19 of F(4, 5), whose matrices have 64 and 32 entries.
// The scale of the points is in the kernel's transform. Barabasz et al. 2020 tell why few points round well.
#pragma once
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

// Of so many inputs, which is also the number of products.
template <class V, int Count>
struct SymmetricPoints {
  using Register = typename V::Register;
  static constexpr int pairs = (Count - 1) / 2, zero = Count % 2 == 0;

  // `constants`: of each pair Q[0] … Q[pairs − 2], p and −p; then R[0] … R[pairs − 1].
  template <class Input, class Output>
  static inline ATROUS_INLINE void from_input(const float* constants, Input in, Output out) {
    Register x[Count];
    ATROUS_UNROLL
    for (int i = 0; i < Count; ++i) x[i] = in(i);
    ATROUS_UNROLL
    for (int pair = 0; pair < pairs; ++pair, constants += pairs + 1) {
      const Register low = polynomial<pairs - 1>(constants, x + zero),
                     high = polynomial<pairs - 1>(constants, x + zero + 1);
      out(zero + 2 * pair, V::multiply_add(V::broadcast(constants + pairs - 1), low, high));
      out(zero + 2 * pair + 1, V::multiply_add(V::broadcast(constants + pairs), low, high));
    }
    if (zero) out(0, polynomial<pairs>(constants, x));
    out(Count - 1, polynomial<pairs>(constants, x + zero));
  }

  // `constants`: of each pair p, p² and p³.
  template <class Input, class Output>
  static inline ATROUS_INLINE void from_products(const float* constants, Input in, Output out) {
    static constexpr float minus_one = -1;
    Register y[4] = {V::zero(), V::zero(), V::zero(), in(Count - 1)};
    if (zero) y[0] = in(0);
    ATROUS_UNROLL
    for (int pair = 0; pair < pairs; ++pair, constants += 3) {
      const Register plus = in(zero + 2 * pair), minus = in(zero + 2 * pair + 1);
      const Register sum = V::add(plus, minus), difference = V::multiply_add(V::broadcast(&minus_one), minus, plus);
      y[0] = V::add(y[0], sum);
      y[1] = V::multiply_add(V::broadcast(constants), difference, y[1]);
      y[2] = V::multiply_add(V::broadcast(constants + 1), sum, y[2]);
      y[3] = V::multiply_add(V::broadcast(constants + 2), difference, y[3]);
    }
    ATROUS_UNROLL
    for (int i = 0; i < 4; ++i) out(i, y[i]);
  }

 private:
  // x[2·Degree] + Σ_j coefficient[j]·x[2j], j < Degree.
  template <int Degree>
  static inline ATROUS_INLINE Register polynomial(const float* coefficient, const Register* x) {
    Register sum = x[2 * Degree];
    ATROUS_UNROLL
    for (int j = 0; j < Degree; ++j) sum = V::multiply_add(V::broadcast(coefficient + j), x[2 * j], sum);
    return sum;
  }
};

}  // namespace
}  // namespace atrous
