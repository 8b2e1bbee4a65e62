// Depthwise 3×3 and 5×5 convolution, pixels in lanes: DepthwiseTile in kernels/table.hpp has the formula.
//
// Rows a dilation apart share inputs: `Rows` of them take (Rows + Size − 1)·Size loads for Rows·Size² FMAs, 2 FMAs a
// load for four rows of 3×3, where each output by itself would take a load per FMA.
#pragma once
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

template <class V, int Size, int Rows>
void depthwise(const DepthwiseTile& tile) {
  using Register = typename V::Register;
  Register weights[Size][Size];
  ATROUS_UNROLL
  for (int ty = 0; ty < Size; ++ty) {
    ATROUS_UNROLL
    for (int tx = 0; tx < Size; ++tx) weights[ty][tx] = V::broadcast(tile.weight + ty * Size + tx);
  }
  const Register bias = V::broadcast(tile.bias);
  for (ptrdiff_t x = 0; x < tile.width; x += V::lanes) {
    Register sum[Rows];
    ATROUS_UNROLL
    for (int r = 0; r < Rows; ++r) sum[r] = bias;
    const float* input = tile.input + x;
    ATROUS_UNROLL
    for (int row = 0; row < Rows + Size - 1; ++row) {
      ATROUS_UNROLL
      for (int tx = 0; tx < Size; ++tx) {
        const Register pixels = V::load(input + tx * tile.dilation);
        ATROUS_UNROLL
        for (int r = 0; r < Rows; ++r) {
          if (row >= r && row < r + Size) sum[r] = V::multiply_add(weights[row - r][tx], pixels, sum[r]);
        }
      }
      input += tile.input_row_stride;
    }
    const ptrdiff_t left = tile.width - x;
    float* output = tile.output + x;
    ATROUS_UNROLL
    for (int r = 0; r < Rows; ++r) {
      const Register y = tile.relu ? V::relu(sum[r]) : sum[r];
      if (left >= V::lanes) {
        V::store(output, y);
      } else {
        V::store_tail(output, y, static_cast<int>(left));
      }
      output += tile.output_row_stride;
    }
  }
}

template <class V>
constexpr void fill_depthwise(KernelTable& table) {
  const DepthwiseKernel kernels[][KernelTable::max_depthwise_rows] = {
      {depthwise<V, 3, 1>, depthwise<V, 3, 2>, depthwise<V, 3, 3>, depthwise<V, 3, 4>},
      {depthwise<V, 5, 1>, depthwise<V, 5, 2>, depthwise<V, 5, 3>, depthwise<V, 5, 4>}};
  for (int size = 0; size < 2; ++size) {
    for (int rows = 0; rows < KernelTable::max_depthwise_rows; ++rows)
      table.depthwise[size][rows] = kernels[size][rows];
  }
}

}  // namespace
}  // namespace atrous
