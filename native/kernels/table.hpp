// What one instruction set offers: a table of documented function pointers, every slot of which is filled or null for
// good.
#pragma once
#include <cstddef>
#include <cstdint>

namespace atrous {

// Output channels in lanes. One call computes `pixels` × (`vectors`·lanes) outputs over a rectangle of taps:
//
//   y[p, k] = act(bias[k] + Σ_{tz, ty, tx, c} x[p·input_pixel_stride + tz·…  + c] · w[tz, ty, tx, c, k])
//
// All strides in floats. Only the taps of the rectangle are read: padding is never multiplied.
struct KLanesTile {
  const float* input;             // channel 0 of the first pixel's first tap; channels are contiguous
  ptrdiff_t input_pixel_stride;   // from one output pixel's input to the next one's
  int32_t tap_count[3];           // taps of the rectangle: depth, height, width
  ptrdiff_t tap_input_stride[3];  // from one tap's input to the next one's
  const float* weight;            // first tap of the rectangle in [depth][height][width][channels][vectors·lanes]
  ptrdiff_t tap_weight_stride[3];
  int32_t channels;
  const float* bias;  // [vectors·lanes]
  float* output;      // first pixel, channel 0
  ptrdiff_t output_pixel_stride;
  int32_t last_lanes;  // lanes of the last vector to store, 1 … lanes
  bool relu;
};
using KLanesKernel = void (*)(const KLanesTile& tile);

// Output pixels in lanes. One call computes `outputs` channels × `vectors` vectors of pixels over all taps:
//
//   y[m, v, lane] = act(bias[m] + Σ_{c, t} w[c, t, m] · x[c·channel_stride + tap_offset[t] + v·input_vector_stride +
//   lane])
//
// The input is a packed tile that holds its padding; lanes beyond a vector's count read whatever lies there and are not
// stored.
struct WLanesTile {
  const float* input;
  ptrdiff_t channel_stride;
  const ptrdiff_t* tap_offset;  // [taps]
  int32_t taps;
  int32_t channels;
  ptrdiff_t input_vector_stride;
  const float* weight;  // [channels][taps][outputs]
  const float* bias;    // [outputs]
  float* output;
  ptrdiff_t output_channel_stride;
  ptrdiff_t output_vector_stride;
  int32_t lanes_to_store;  // of every vector but the last
  int32_t last_lanes_to_store;
  bool relu;
};
using WLanesKernel = void (*)(const WLanesTile& tile);

// Depthwise: every output channel from one input channel. One call computes groups of `rows` rows of `width` outputs:
//
//   y[r, x] = act(bias + Σ_{ty, tx} w[ty, tx] · x[r + ty, x + tap tx])
//
// Output rows are as far apart as tap rows, so that they share inputs. Taps in rows that the input does not have are
// left out.
//
// Pixels in lanes: one channel. What lies beyond the ends of a row is a zero, and not read.
// Channels in lanes: `channels` channels, [pixel][channel] in and out; the caller sees to it that taps
// [tap_begin, tap_end) of all pixels lie inside the row.
struct DepthwiseRows {
  const float* input;           // the input's row 0, column 0
  ptrdiff_t offset;             // floats from there to tap (0, 0) of the first output, which may lie outside
  const ptrdiff_t* tap_offset;  // [kernel width], floats, ascending
  int32_t tap_begin, tap_end;   // taps along the row
  int32_t tap_rows;
  int32_t groups;
  ptrdiff_t tap_row_stride;  // floats
  ptrdiff_t row;             // input row of tap row 0 of the first output
  ptrdiff_t tap_row_step;    // input rows from one tap row to the next
  ptrdiff_t rows;            // of the input
  const float* weight;       // tap (0, 0); channels in lanes: of channel 0, whole vectors are read
  ptrdiff_t weight_row_stride, weight_tap_stride;
  const float* bias;  // likewise
  float* output;
  ptrdiff_t output_row_stride;
  ptrdiff_t width;
  bool relu;
  ptrdiff_t column;   // pixels in lanes: input column of tap 0 of the first output
  ptrdiff_t columns;  // pixels in lanes: of an input row
  ptrdiff_t reach;    // pixels in lanes: columns from the first tap to the last
  ptrdiff_t channels, input_pixel_stride, output_pixel_stride;  // channels in lanes
};
using DepthwiseKernel = void (*)(const DepthwiseRows& call);

// How a matrix of a linear map is applied: entry by entry, or as the kernel of this name does it.
enum class ShortStructure : int32_t { dense, points_4_3_input, points_4_3_products };

// A linear map of a tile of pixels or of products, separable by axes, on every channel:
//
//   out[i₀, i₁, i₂] = act(bias + Σ_{j₀, j₁, j₂} matrix₀[i₀, j₀]·matrix₁[i₁, j₁]·matrix₂[i₂, j₂]·in[j₀, j₁, j₂])
//
// Axes are depth, height, width. Whole vectors are read, and of the last one `last_lanes` are written.
struct ShortTransform {
  const float* matrix[3];  // [to][from] of each axis
  ShortStructure structure[3];
  int32_t from[3], to[3];  // at most 12 each
  const float* const* in;  // [from[0]·from[1]·from[2]]: channel 0 of each
  float* const* out;       // [to[0]·to[1]·to[2]]: likewise, null for what is not wanted
  int32_t vectors;
  int32_t last_lanes;
  const float* bias;  // [vectors·lanes] or null
  bool relu;
  float* scratch;  // (from[0]·from[1]·to[2] + from[0]·to[1]·to[2])·lanes floats
};
using ShortTransformKernel = void (*)(const ShortTransform& transform);

// The kernels of 16 output channels, [taps][16], to [products][16]:
//
//   out[p₀, p₁, p₂] = Σ_{t₀, t₁, t₂} matrix₀[p₀, t₀]·matrix₁[p₁, t₁]·matrix₂[p₂, t₂]·in[t₀, t₁, t₂]
//
// Axes are depth, height, width.
struct KernelTransform {
  static constexpr int width = 16;

  const double* matrix[3];  // [products][taps] of each axis
  int32_t taps[3], products[3];
  double* values[2];  // the input, overwritten; room for what comes of it, of which the result is one
};
using TransformKernelsKernel = const double* (*)(const KernelTransform& transform);

// out[c·out_stride + r] = in[r·in_stride + c], r < rows, c < columns.
using TransposeKernel = void (*)(const float* in, ptrdiff_t in_stride, float* out, ptrdiff_t out_stride, ptrdiff_t rows,
                                 ptrdiff_t columns);

// The instruction set's vector operations by themselves, each on `lanes` floats in memory: what vec/<isa>.hpp promises
// can be tested one by one.
struct VecOperations {
  void (*load_tail)(const float* in, int count, float* out);              // lanes ≥ count become 0
  void (*load_inside)(const float* in, int first, int size, float* out);  // in[first + lane], 0 outside of [0, size)
  void (*store_tail)(const float* in, int count, float* out);
  void (*broadcast)(const float* in, float* out);
  void (*add)(const float* a, const float* b, float* out);
  void (*multiply_add)(const float* a, const float* b, const float* sum, float* out);
  void (*relu)(const float* in, float* out);
  void (*transpose)(const float* in, float* out);  // lanes × lanes
};

struct KernelTable {
  static constexpr int max_k_vectors = 4, max_k_pixels = 14;
  static constexpr int max_w_outputs = 12, max_w_vectors = 4;
  static constexpr int max_depthwise_rows = 6;

  const char* name;
  int lanes;
  KLanesKernel k_lanes[max_k_vectors]
                      [max_k_pixels];  // [vectors − 1][pixels − 1]; null where the registers don't suffice
  WLanesKernel w_lanes[max_w_outputs][max_w_vectors];  // [outputs − 1][vectors − 1]; likewise
  // [any size, 3×3, 5×5][rows − 1]; likewise
  DepthwiseKernel depthwise_pixels[3][max_depthwise_rows];
  DepthwiseKernel depthwise_channels[3][max_depthwise_rows];
  ShortTransformKernel short_transform;
  TransformKernelsKernel transform_kernels;
  TransposeKernel transpose;
  VecOperations vec;
  // `rounds` rounds of multiply_adds_per_round independent multiply-adds of `lanes` floats; the sum keeps them alive.
  float (*multiply_add_burst)(int64_t rounds);
  int multiply_adds_per_round;
};

#define ATROUS_ISA(name) extern const KernelTable name##_kernels;
#include "isa/list.inc"
#undef ATROUS_ISA

}  // namespace atrous
