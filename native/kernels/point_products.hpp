// The products of short algorithms with tiles in lanes: PointProducts in kernels/table.hpp has the formula.
//
// As in kernels/w_lanes.hpp each vector of inputs serves `Outputs` broadcast weights. All points and all tiles of a
// panel of outputs are one call: with few channels a sum is short, and what a call costs would be a third of it.
#pragma once
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

template <class V, int Outputs, int Vectors>
void point_products(const PointProducts& t) {
  using Register = typename V::Register;
  const ptrdiff_t* const offset = t.offset;
  const int32_t depth = t.depth;
  for (int32_t p = 0; p < t.points; ++p) {
    const float* const weights = t.weight + int64_t{p} * depth * Outputs;
    const float* input = t.input + p * t.input_point_stride;
    float* output = t.output + p * t.output_point_stride;
    for (int32_t tile = 0; tile < t.tiles; ++tile, input += Vectors * V::lanes, output += Vectors * V::lanes) {
      Register sum[Outputs][Vectors];
      ATROUS_UNROLL
      for (int m = 0; m < Outputs; ++m) {
        ATROUS_UNROLL
        for (int v = 0; v < Vectors; ++v) sum[m][v] = V::zero();
      }
      const float* weight = weights;
      for (int32_t j = 0; j < depth; ++j, weight += Outputs) {
        const float* const in = input + offset[j];
        Register x[Vectors];
        ATROUS_UNROLL
        for (int v = 0; v < Vectors; ++v) x[v] = V::load(in + v * V::lanes);
        ATROUS_UNROLL
        for (int m = 0; m < Outputs; ++m) {
          const Register w = V::broadcast(weight + m);
          ATROUS_UNROLL
          for (int v = 0; v < Vectors; ++v) sum[m][v] = V::multiply_add(w, x[v], sum[m][v]);
        }
      }
      ATROUS_UNROLL
      for (int m = 0; m < Outputs; ++m) {
        ATROUS_UNROLL
        for (int v = 0; v < Vectors; ++v) V::store(output + m * t.output_channel_stride + v * V::lanes, sum[m][v]);
      }
    }
  }
}

// Sums, one row of inputs and a broadcast must fit in the registers.
template <class V, int Outputs, int Vectors>
constexpr PointProductsKernel point_products_if_it_fits() {
  if constexpr (Outputs * Vectors + Vectors + 1 + V::temporaries <= V::registers) {
    return point_products<V, Outputs, Vectors>;
  } else {
    return nullptr;
  }
}

}  // namespace
}  // namespace atrous
