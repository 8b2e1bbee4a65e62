// Direct convolution with output pixels in lanes: WLanesTile in kernels/table.hpp has the formula.
//
// Per channel and tap `Vectors` input vectors serve `Outputs` broadcast weights. An unaligned 64-byte load per FMA
// would hold the FMA unit to 60 %; 8 outputs × 3 vectors use each load eight times.
#pragma once
#include "kernels/prefetch.hpp"
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

template <class V, int Outputs, int Vectors>
void w_lanes(const WLanesTile& tile) {
  using Register = typename V::Register;
  Register sum[Outputs][Vectors];
  ATROUS_UNROLL
  for (int m = 0; m < Outputs; ++m) {
    const Register bias = V::broadcast(tile.bias + m);
    ATROUS_UNROLL
    for (int v = 0; v < Vectors; ++v) sum[m][v] = bias;
  }

  // The outputs' lines are on their way while the sums are made: stores that miss the cache would hold up the next call
  // (64 → 128 channels, 16,000 pixels: 75 → 90 % of peak).
  constexpr int vectors_in_line = V::lanes >= 16 ? 1 : 16 / V::lanes;
  ATROUS_UNROLL
  for (int m = 0; m < Outputs; ++m) {
    const float* const line = tile.output + m * tile.output_channel_stride;
    ATROUS_UNROLL
    for (int v = 0; v < Vectors; v += vectors_in_line) prefetch_for_write(line, v * tile.output_vector_stride);
    prefetch_for_write(line, (Vectors - 1) * tile.output_vector_stride + tile.last_lanes_to_store - 1);
  }

  const ptrdiff_t step = tile.input_vector_stride, channel_stride = tile.channel_stride;
  const float* weight = tile.weight;
  for (int32_t t = 0; t < tile.taps; ++t) {
    const float* input = tile.input + tile.tap_offset[t];
    if (tile.tap_index) weight = tile.weight + ptrdiff_t{tile.tap_index[t]} * tile.channels * Outputs;
    for (int32_t c = tile.channels; c > 0; --c, input += channel_stride, weight += Outputs) {
      Register x[Vectors];
      ATROUS_UNROLL
      for (int v = 0; v < Vectors; ++v) x[v] = V::load(input + v * step);
      ATROUS_UNROLL
      for (int m = 0; m < Outputs; ++m) {
        const Register w = V::broadcast(weight + m);
        ATROUS_UNROLL
        for (int v = 0; v < Vectors; ++v) sum[m][v] = V::multiply_add(w, x[v], sum[m][v]);
      }
    }
  }

  if (tile.relu) {
    ATROUS_UNROLL
    for (int m = 0; m < Outputs; ++m) {
      ATROUS_UNROLL
      for (int v = 0; v < Vectors; ++v) sum[m][v] = V::relu(sum[m][v]);
    }
  }
  float* output = tile.output;
  const ptrdiff_t output_step = tile.output_vector_stride, output_channel_stride = tile.output_channel_stride;
  if (tile.lanes_to_store == V::lanes && tile.last_lanes_to_store == V::lanes) {
    ATROUS_UNROLL
    for (int m = 0; m < Outputs; ++m, output += output_channel_stride) {
      ATROUS_UNROLL
      for (int v = 0; v < Vectors; ++v) V::store(output + v * output_step, sum[m][v]);
    }
    return;
  }
  ATROUS_UNROLL
  for (int m = 0; m < Outputs; ++m, output += output_channel_stride) {
    ATROUS_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const int count = v + 1 < Vectors ? tile.lanes_to_store : tile.last_lanes_to_store;
      if (count == V::lanes) {
        V::store(output + v * output_step, sum[m][v]);
      } else {
        V::store_tail(output + v * output_step, sum[m][v], count);
      }
    }
  }
}

// Sums, one row of inputs and a broadcast must fit in the registers.
template <class V, int Outputs, int Vectors>
constexpr WLanesKernel w_lanes_if_it_fits() {
  if constexpr (Outputs * Vectors + Vectors + 1 + V::temporaries <= V::registers) {
    return w_lanes<V, Outputs, Vectors>;
  } else {
    return nullptr;
  }
}

}  // namespace
}  // namespace atrous
