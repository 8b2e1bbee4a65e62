// The linear map of one axis of a short algorithm, on one vector of whatever lies in lanes: map(in, out) takes in(i) and
// gives out(row, sum), its structure and number of inputs known at compile time.
#pragma once
#include "kernels/symmetric_points.hpp"
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

// out(row) = Σ_i matrix[row][i]·in(i) for all rows, the inputs held in registers.
template <class V, int From>
struct DenseMap {
  static constexpr int from = From;
  const float* matrix;
  int rows;
  template <class Input, class Output>
  inline ATROUS_INLINE void operator()(Input in, Output out) const {
    typename V::Register x[From];
    ATROUS_UNROLL
    for (int i = 0; i < From; ++i) x[i] = in(i);
    const float* entry = matrix;
    for (int row = 0; row < rows; ++row, entry += From) {
      typename V::Register sum = V::zero();
      ATROUS_UNROLL
      for (int i = 0; i < From; ++i) sum = V::multiply_add(V::broadcast(entry + i), x[i], sum);
      out(row, sum);
    }
  }
};
// Of four rows, each with its sum in a register.
template <class V, int From>
struct DenseMapToFour {
  static constexpr int from = From;
  const float* matrix;
  int rows;
  template <class Input, class Output>
  inline ATROUS_INLINE void operator()(Input in, Output out) const {
    typename V::Register sum[4];
    ATROUS_UNROLL
    for (int row = 0; row < 4; ++row) sum[row] = V::zero();
    ATROUS_UNROLL
    for (int i = 0; i < From; ++i) {
      const typename V::Register x = in(i);
      ATROUS_UNROLL
      for (int row = 0; row < 4; ++row) sum[row] = V::multiply_add(V::broadcast(matrix + row * From + i), x, sum[row]);
    }
    ATROUS_UNROLL
    for (int row = 0; row < 4; ++row) out(row, sum[row]);
  }
};
// Of symmetric points.
template <class V, int From>
struct SymmetricInput {
  static constexpr int from = From;
  const float* matrix;
  int rows;
  template <class Input, class Output>
  inline ATROUS_INLINE void operator()(Input in, Output out) const {
    SymmetricPoints<V, From>::from_input(matrix, in, out);
  }
};
template <class V, int From>
struct SymmetricProducts {
  static constexpr int from = From;
  const float* matrix;
  int rows;
  template <class Input, class Output>
  inline ATROUS_INLINE void operator()(Input in, Output out) const {
    SymmetricPoints<V, From>::from_products(matrix, in, out);
  }
};

// What body returns of the map with so many inputs, whose constants it sets.
template <class V, template <class, int> class Symmetric, class Body>
inline ATROUS_INLINE auto with_symmetric_map(int from, Body body) {
  switch (from) {
    case 5:
      return body(Symmetric<V, 5>{});
    case 6:
      return body(Symmetric<V, 6>{});
    case 7:
      return body(Symmetric<V, 7>{});
    default:
      return body(Symmetric<V, 8>{});
  }
}
template <class V, template <class, int> class Dense, class Body>
inline ATROUS_INLINE auto with_dense_map(int from, Body body) {
  switch (from) {
    case 1:
      return body(Dense<V, 1>{});
    case 2:
      return body(Dense<V, 2>{});
    case 3:
      return body(Dense<V, 3>{});
    case 4:
      return body(Dense<V, 4>{});
    case 5:
      return body(Dense<V, 5>{});
    case 6:
      return body(Dense<V, 6>{});
    case 7:
      return body(Dense<V, 7>{});
    case 8:
      return body(Dense<V, 8>{});
    case 9:
      return body(Dense<V, 9>{});
    case 10:
      return body(Dense<V, 10>{});
    case 11:
      return body(Dense<V, 11>{});
    default:
      return body(Dense<V, 12>{});
  }
}

}  // namespace
}  // namespace atrous
