// How many floats are moved together by the shuffles of vec/<isa>.hpp, known at compile time.
#pragma once
#include <cstddef>

#include "kernels/unroll.hpp"

namespace atrous {
namespace {

template <int Value>
struct Constant {
  constexpr int operator()() const { return Value; }
};

// body(Constant<unit>); the unit is 1, or 2, 4 … < lanes.
template <class V, class Body>
inline ATROUS_INLINE void with_unit(ptrdiff_t unit, Body body) {
  if constexpr (V::lanes > 2) {
    if (unit == 2) return body(Constant<2>{});
  }
  if constexpr (V::lanes > 4) {
    if (unit == 4) return body(Constant<4>{});
  }
  if constexpr (V::lanes > 8) {
    if (unit == 8) return body(Constant<8>{});
  }
  body(Constant<1>{});
}

}  // namespace
}  // namespace atrous
