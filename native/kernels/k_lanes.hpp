// Direct convolution with output channels in lanes: KLanesTile in kernels/table.hpp has the formula.
//
// Per channel and tap one weight vector serves `Pixels` broadcast inputs. 6 pixels × 4 vectors on AVX-512 are 24 sums
// of the 32 registers, 4 weights and a broadcast; 24 FMAs take 4 loads and 6 broadcasts, so the FMA unit is the limit.
#pragma once
#include "kernels/prefetch.hpp"
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

template <class V, int Vectors, int Pixels>
void k_lanes(const KLanesTile& tile) {
  using Register = typename V::Register;
  constexpr int block = Vectors * V::lanes;
  Register sum[Pixels][Vectors];
  ATROUS_UNROLL
  for (int v = 0; v < Vectors; ++v) {
    const Register bias = V::load(tile.bias + v * V::lanes);
    ATROUS_UNROLL
    for (int p = 0; p < Pixels; ++p) sum[p][v] = bias;
  }

  const ptrdiff_t step = tile.input_pixel_stride;
  const ptrdiff_t channels = tile.channels;
  // Without anything ahead the weights themselves are asked for: direct sums take 3.21 ms, and 3.19 without the prefetch.
  const float* ahead = tile.ahead ? tile.ahead : tile.weight;
  const ptrdiff_t ahead_step = tile.ahead ? KLanesTile::ahead_step : 0;
  for (int tz = 0; tz < tile.tap_count[0]; ++tz) {
    for (int ty = 0; ty < tile.tap_count[1]; ++ty) {
      const float* input = tile.input + tz * tile.tap_input_stride[0] + ty * tile.tap_input_stride[1];
      const float* weight = tile.weight + tz * tile.tap_weight_stride[0] + ty * tile.tap_weight_stride[1];
      for (int tx = 0; tx < tile.tap_count[2]; ++tx) {
        const float* w = weight;
        for (ptrdiff_t c = 0; c < channels; ++c, w += block, ahead += ahead_step) {
          prefetch_to_l2(ahead, 0);
          Register weights[Vectors];
          ATROUS_UNROLL
          for (int v = 0; v < Vectors; ++v) weights[v] = V::load(w + v * V::lanes);
          ATROUS_UNROLL
          for (int p = 0; p < Pixels; ++p) {
            const Register x = V::broadcast(input + p * step + c);
            ATROUS_UNROLL
            for (int v = 0; v < Vectors; ++v) sum[p][v] = V::multiply_add(x, weights[v], sum[p][v]);
          }
        }
        input += tile.tap_input_stride[2];
        weight += tile.tap_weight_stride[2];
      }
    }
  }

  ATROUS_UNROLL

  for (int p = 0; p < Pixels; ++p) {
    float* output = tile.output + p * tile.output_pixel_stride;
    ATROUS_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const Register y = tile.relu ? V::relu(sum[p][v]) : sum[p][v];
      if (v + 1 < Vectors || tile.last_lanes == V::lanes) {
        V::store(output + v * V::lanes, y);
      } else {
        V::store_tail(output + v * V::lanes, y, tile.last_lanes);
      }
    }
  }
}

// Sums, one column of weights and a broadcast must fit in the registers.
template <class V, int Vectors, int Pixels>
constexpr KLanesKernel k_lanes_if_it_fits() {
  if constexpr (Vectors * Pixels + Vectors + 1 + V::temporaries <= V::registers) {
    return k_lanes<V, Vectors, Pixels>;
  } else {
    return nullptr;
  }
}

}  // namespace
}  // namespace atrous
