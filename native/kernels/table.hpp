// What one instruction set offers: a table of documented function pointers, every slot of which is filled or null for
// good.
#pragma once
#include <cstddef>
#include <cstdint>

namespace atrous {

// As a number, because an address that is only fetched ahead may lie outside of the array.
inline uintptr_t address_of(const float* base, ptrdiff_t offset) {
  return reinterpret_cast<uintptr_t>(base) + static_cast<uintptr_t>(offset) * sizeof(float);
}

// Output channels in lanes. One call computes `pixels` × (`vectors`·lanes) outputs over a rectangle of taps:
//
//   y[p, k] = act(bias[k] + Σ_{tz, ty, tx, c} x[p·input_pixel_stride + tz·…  + c] · w[tz, ty, tx, c, k])
//
// All strides in floats. Only the taps of the rectangle are read: padding is never multiplied.
struct KLanesTile {
  static constexpr ptrdiff_t ahead_step = 16;  // a cache line

  const float* input;             // channel 0 of the first pixel's first tap; channels are contiguous
  ptrdiff_t input_pixel_stride;   // from one output pixel's input to the next one's
  int32_t tap_count[3];           // taps of the rectangle: depth, height, width
  ptrdiff_t tap_input_stride[3];  // from one tap's input to the next one's
  const float* weight;            // first tap of the rectangle in [depth][height][width][channels][vectors·lanes]
  ptrdiff_t tap_weight_stride[3];
  int32_t channels;
  const float* ahead;  // comes to L2 meanwhile, `ahead_step` floats a channel and tap; or null
  const float* bias;   // [vectors·lanes]
  float* output;       // first pixel, channel 0
  ptrdiff_t output_pixel_stride;
  int32_t last_lanes;  // lanes of the last vector to store, 1 … lanes
  bool relu;
};
using KLanesKernel = void (*)(const KLanesTile& tile);

// Output pixels in lanes. One call computes `outputs` channels × `vectors` vectors of pixels over a list of taps:
//
//   y[m, v, lane] = act(bias[m] + Σ_{t, c} w[t, c, m] · x[c·channel_stride + tap_offset[t] + v·input_vector_stride +
//   lane])
//
// The input is a packed tile; padding that no listed tap reads need not be in it. Lanes beyond a vector's count read
// whatever lies there and are not stored.
struct WLanesTile {
  const float* input;
  ptrdiff_t channel_stride;
  const ptrdiff_t* tap_offset;  // [taps]
  const int32_t* tap_index;     // [taps]: where a tap's weights stand; null: in the list's order
  int32_t taps;
  int32_t channels;
  ptrdiff_t input_vector_stride;
  const float* weight;  // [tap index][channels][outputs]
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
//   y[r, x] = act(bias + Σ_{tz, ty, tx} w[tz, ty, tx] · x[tz, r + ty, x + tap tx])
//
// with x[tz, r + ty] standing for row r·tap_phases + ty of a plane of the input: output rows are as far apart as tap rows
// of one phase, so that they share inputs. Taps in rows that the input does not have are left out; of planes the caller
// gives those that exist.
//
// Pixels in lanes: one channel. What lies beyond the ends of a row is a zero, and not read.
// Channels in lanes: `channels` channels, [pixel][channel] in and out; the caller sees to it that taps
// [tap_begin, tap_end) of all pixels lie inside the row.
struct DepthwiseRows {
  const float* input;           // row 0, column 0 of the first tap plane
  ptrdiff_t offset;             // floats from there to tap (0, 0) of the first output, which may lie outside
  const ptrdiff_t* tap_offset;  // [kernel width], floats, ascending
  int32_t tap_begin, tap_end;   // taps along the row
  int32_t tap_rows;
  int32_t tap_planes;  // of volumes; 1 in the other kernels
  int32_t tap_phases;  // 1 in the kernels of one size
  int32_t groups;
  ptrdiff_t tap_row_stride, tap_plane_stride;  // floats
  ptrdiff_t row;                               // input row of tap row 0 of the first output
  ptrdiff_t tap_row_step;                      // input rows from one tap row to the next
  ptrdiff_t rows;                              // of the input
  const float* weight;                         // tap (0, 0); channels in lanes: of channel 0, whole vectors are read
  ptrdiff_t weight_plane_stride, weight_row_stride, weight_tap_stride;
  const float* bias;  // likewise
  float* output;
  ptrdiff_t output_row_stride;
  ptrdiff_t width;
  bool relu;
  // Pixels in lanes: addresses from which as many floats as there are outputs will be read, and written, soon. They may
  // lie outside of any array.
  uintptr_t next_input, next_output;
  ptrdiff_t column;   // pixels in lanes: input column of tap 0 of the first output
  ptrdiff_t columns;  // pixels in lanes: of an input row
  ptrdiff_t reach;    // pixels in lanes: columns from the first tap to the last
  ptrdiff_t channels, input_pixel_stride, output_pixel_stride;  // channels in lanes
};
using DepthwiseKernel = void (*)(const DepthwiseRows& call);

// Rows that follow each other, by phase of a stride: out[(r·stride + p)·pitch + i] = in[r·width + i·stride + p].
// Of every phase whole vectors are written, the last one with zeros.
using PhasesKernel = void (*)(const float* in, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t stride, float* out,
                              ptrdiff_t pitch);

// out[i] = in[i·step], i < count.
using StridedCopyKernel = void (*)(const float* in, ptrdiff_t step, ptrdiff_t count, float* out);

// How a linear map of an axis is given: by the entries of its matrix, or by the constants of symmetric points
// (kernels/symmetric_points.hpp).
enum class ShortStructure : int32_t { dense, symmetric_input, symmetric_products };

// A linear map of a tile of pixels or of products, separable by axes, on every channel:
//
//   out[i₀, i₁, i₂] = act(bias + Σ_{j₀, j₁, j₂} matrix₀[i₀, j₀]·matrix₁[i₁, j₁]·matrix₂[i₂, j₂]·in[j₀, j₁, j₂])
//
// Axes are depth, height, width. Whole vectors are read, and of the last one `last_lanes` are written.
struct ShortTransform {
  static constexpr int largest = 12;  // of `from` and `to`

  const float* matrix[3];  // [to][from] of each axis
  ShortStructure structure[3];
  int32_t from[3], to[3];
  const float* const* in;  // [from[0]·from[1]·from[2]]: channel 0 of each
  float* const* out;       // [to[0]·to[1]·to[2]]: likewise, null for what is not wanted
  int32_t vectors;
  int32_t last_lanes;
  const float* bias;  // [vectors·lanes] or null
  bool relu;
  float* scratch;  // (from[0]·from[1]·to[2] + from[0]·to[1]·to[2])·lanes floats
};
using ShortTransformKernel = void (*)(const ShortTransform& transform);

// Short algorithms with tiles in lanes: the width's tiles of one row lie beside each other in vectors, so that no lane
// is wasted whatever the channels. Of dilation d, `phases` ≤ d columns beside each other are worked on together:
//
//   column (4·tile + i)·d + phase   is element `phase` of chunk 4·tile + i: a tile has 4 outputs, or 1 where the width
//                                   has no algorithm
//   a row in chunks                 [chunk][phases]
//   lane n of a point               tile·phases + phase: the next tile is `phases` lanes further, whatever i
//
// Depth and height need no such order: their maps go from rows to rows, each of their products being a line.

// `length` columns of a row from `column` on, which are the elements of a row in chunks from `element` on.
struct ChunkRun {
  int32_t column, element, length;
};

// The map of depth and height between rows of pixels and lines in chunks, a column by itself:
//
//   to chunks   chunks[c][p₀, p₁] = Σ_{j₀, j₁} matrix₀[p₀, j₀]·matrix₁[p₁, j₁]·rows[j₀, j₁][c]   no run: zeros
//   to rows     rows[p₀, p₁][c] = act(bias[c] + Σ … chunks[c][j₀, j₁])                            no run: not written
struct LaneRows {
  const float* matrix[2];  // [to][from] of depth, height
  ShortStructure structure[2];
  int32_t from[2], to[2];
  const ChunkRun* runs;  // ascending; what lies between them is no element of either side
  int32_t run_count;
  int32_t chunk_length;  // elements of a row in chunks: those before the first run and behind the last are zeroed
  int32_t channels;
  // Of the chunks. Whole vectors are read and written of each line: up to lanes − 1 floats beyond the last run, and
  // beyond chunk_length where they are zeroed.
  ptrdiff_t line_stride, channel_stride;
  ptrdiff_t row_channel_stride;
};
struct RowsToChunks {
  LaneRows map;
  const float* const* rows;  // [from[0]·from[1]]: column 0 of channel 0; null: a row of zeros
  const float* zeros;        // as many as a row has to the end of its last run, and at least a vector
  float* chunks;
};
using RowsToChunksKernel = void (*)(const RowsToChunks& rows);
struct ChunksToRows {
  LaneRows map;
  const float* chunks;
  float* const* rows;  // [to[0]·to[1]]: column 0 of channel 0; null: not wanted
  float* unwanted;     // as long as a row to the end of its last run
  const float* bias;   // [channels]
  bool relu;
};
// False: a result was not finite, before the activation.
using ChunksToRowsKernel = bool (*)(const ChunksToRows& rows);

// The map of the width between a line in chunks and the lanes of its points, a tile by itself:
//
//   to lanes    lanes[p][c] = Σ_i matrix[p, i]·(chunk i of every tile)
//   to chunks   chunk i of every tile = act(bias[c] + Σ_p matrix[i, p]·lanes[p][c])
//
// Chunks stand one behind the other, or, where they fill whole vectors, anywhere. To lanes, four chunks of every tile
// are read and of ⌈(from − 4) / 4⌉ more, whose chunks are the last tiles' inputs, and up to 4·(lanes − 1) floats beyond
// them. To chunks, those of the tiles are written (`to` is 4), and as many floats beyond them, unless the phases are
// whole vectors, or a power of two and the lanes of all tiles whole vectors.
struct LaneWidth {
  const float* matrix;  // [to][from]
  ShortStructure structure;
  int32_t from, to;
  int32_t tiles, phases, channels;
  ptrdiff_t chunk_stride;  // phases; or more where these are whole vectors
  ptrdiff_t chunk_channel_stride;
  // Whole vectors are read and written: up to lanes − 1 floats beyond tiles·phases.
  ptrdiff_t point_stride, lane_channel_stride;
  float* planes;          // 8·plane_pitch floats
  ptrdiff_t plane_pitch;  // at least (tiles + ⌈(from − 4) / 4⌉)·phases and lanes − 1; to chunks tiles·phases and these
};
struct ChunksToLanes {
  LaneWidth map;
  const float* chunks;
  float* lanes;
};
using ChunksToLanesKernel = void (*)(const ChunksToLanes& width);
struct LanesToChunks {
  LaneWidth map;
  const float* lanes;
  float* chunks;
  const float* bias;  // [channels] or null
  bool relu;
};
// False: a result was not finite, before the activation; those of lanes beyond the tiles' last count as well.
using LanesToChunksKernel = bool (*)(const LanesToChunks& width);

// The products of every point with tiles in lanes: `outputs` channels × `vectors` vectors at a time,
//
//   out[p, m, n] = Σ_j weight[p, j, m] · in[p·input_point_stride + offset[j] + n]     n < tiles·vectors·lanes
struct PointProducts {
  const float* input;
  ptrdiff_t input_point_stride;
  const ptrdiff_t* offset;  // [depth]
  int32_t depth, points;
  const float* weight;  // [points][depth][outputs]
  float* output;
  ptrdiff_t output_point_stride, output_channel_stride;
  int32_t tiles;  // of `vectors` vectors, one after the other
};
using PointProductsKernel = void (*)(const PointProducts& products);

// The kernels of `width` output channels (KernelTable::transform_width), [taps][width], to [products][width]:
//
//   out[p₀, p₁, p₂] = Σ_{t₀, t₁, t₂} matrix₀[p₀, t₀]·matrix₁[p₁, t₁]·matrix₂[p₂, t₂]·in[t₀, t₁, t₂]
//   sum[p₀, p₁, p₂] += |out[p₀, p₁, p₂]|
//
// Axes are depth, height, width; products follow each other at their strides, in floats.
struct KernelTransform {
  const double* matrix[3];  // [products][taps] of each axis
  int32_t taps[3], products[3];
  double* values[2];  // the input, overwritten; as much room as the kernels take after any of the axes
  float* out;
  ptrdiff_t out_stride;
  float* sum;
  ptrdiff_t sum_stride;
};
using TransformKernelsKernel = void (*)(const KernelTransform& transform);

// out[c·out_stride + r] = in[r·in_stride + c], r < rows, c < columns.
using TransposeKernel = void (*)(const float* in, ptrdiff_t in_stride, float* out, ptrdiff_t out_stride, ptrdiff_t rows,
                                 ptrdiff_t columns);

// Runs: `length` floats one behind the other. Where an output is an input's memory it is the same run.

// out[i] = f(in[i]), NaN where in[i] is:
//
//   clip        least where in[i] < least, else most where in[i] > most, else in[i]      parameters: least, most
//   leaky_relu  slope·in[i] where in[i] < 0, else in[i]                                  parameters: slope
//   sigmoid     1 / (1 + e^−in[i]), to 3 units in the last place
enum class RunFunction : int32_t { clip, leaky_relu, sigmoid };
using MapRunKernel = void (*)(const float* in, const float* parameters, float* out, ptrdiff_t length);

// out[i] = a[i] ∘ b[i], or b[0] for every i where it is repeated. The larger one is NaN when either is, and +0 of zeros.
enum class RunOperation : int32_t { add, multiply, divide, larger };
using CombineRunsKernel = void (*)(const float* a, const float* b, bool repeated, float* out, ptrdiff_t length);

// out[i] = part_a·a[i] + part_b·b[i].
using MixRunsKernel = void (*)(const float* a, float part_a, const float* b, float part_b, float* out,
                               ptrdiff_t length);

// Linear interpolation to twice the length, out[0 … 2·length):
//
//   out[2i + 1] = ¾·in[i] + ¼·in[i + 1],  out[2i + 2] = ¼·in[i] + ¾·in[i + 1]      the ends are copies of in's
using DoubleRunKernel = void (*)(const float* in, float* out, ptrdiff_t length);

// The instruction set's vector operations by themselves, each on `lanes` floats in memory: what vec/<isa>.hpp promises
// can be tested one by one.
struct VecOperations {
  void (*load_tail)(const float* in, int count, float* out);              // lanes ≥ count become 0
  void (*load_inside)(const float* in, int first, int size, float* out);  // in[first + lane], 0 outside of [0, size)
  void (*store_tail)(const float* in, int count, float* out);
  void (*broadcast)(const float* in, float* out);
  void (*add)(const float* a, const float* b, float* out);
  void (*multiply)(const float* a, const float* b, float* out);
  void (*divide)(const float* a, const float* b, float* out);
  void (*multiply_add)(const float* a, const float* b, const float* sum, float* out);
  void (*relu)(const float* in, float* out);
  void (*larger)(const float* a, const float* b, float* out);
  void (*where_negative)(const float* in, const float* then, const float* otherwise, float* out);
  void (*power_of_two)(const float* in, float* out);
  void (*transpose)(const float* in, float* out);      // lanes × lanes
  void (*deinterleave2)(const float* in, float* out);  // 2·lanes floats: the even ones, then the odd ones
  void (*interleave2)(const float* in, float* out);    // the inverse
  // 4·lanes floats, units of 1, 2, 4 … < lanes: unit 4·i + q becomes unit i of the q-th quarter; and the inverse.
  void (*deinterleave4)(const float* in, int unit, float* out);
  void (*interleave4)(const float* in, int unit, float* out);
  // in[unit], in[unit + 1] … in[unit + lanes − 1], the last `unit` of which lie behind the vector; units as above.
  void (*shift_in)(const float* in, int unit, float* out);
};

struct KernelTable {
  static constexpr int max_k_vectors = 4, max_k_pixels = 14;
  static constexpr int max_w_outputs = 12, max_w_vectors = 4;
  static constexpr int max_depthwise_rows = 4;

  const char* name;
  int lanes;
  KLanesKernel k_lanes[max_k_vectors]
                      [max_k_pixels];  // [vectors − 1][pixels − 1]; null where the registers don't suffice
  WLanesKernel w_lanes[max_w_outputs][max_w_vectors];  // [outputs − 1][vectors − 1]; likewise
  // 3×3 and 5×5 with one phase of tap rows. Pixels in lanes have 3×3 and 5×5 in strips too, for groups of one row only.
  static constexpr int any_size = 0, size_3 = 1, size_5 = 2, size_5_strips = 3, volume = 4, depthwise_sizes = 5;
  DepthwiseKernel depthwise_pixels[depthwise_sizes][max_depthwise_rows];  // [size][rows − 1]; likewise
  DepthwiseKernel depthwise_channels[depthwise_sizes][max_depthwise_rows];
  PhasesKernel split_phases;
  StridedCopyKernel strided_copy;
  ShortTransformKernel short_transform;
  RowsToChunksKernel rows_to_chunks;
  ChunksToRowsKernel chunks_to_rows;
  ChunksToLanesKernel chunks_to_lanes;
  LanesToChunksKernel lanes_to_chunks;
  PointProductsKernel point_products[max_w_outputs][max_w_vectors];  // [outputs − 1][vectors − 1]; null as above
  TransformKernelsKernel transform_kernels;
  int transform_width;  // output channels that transform_kernels takes
  TransposeKernel transpose;
  static constexpr int run_functions = 3, run_operations = 4;
  MapRunKernel map_run[run_functions];             // [RunFunction]
  CombineRunsKernel combine_runs[run_operations];  // [RunOperation]
  MixRunsKernel mix_runs;
  DoubleRunKernel double_run;
  VecOperations vec;
  // `rounds` rounds of multiply_adds_per_round independent multiply-adds of `lanes` floats; the sum keeps them alive.
  float (*multiply_add_burst)(int64_t rounds);
  int multiply_adds_per_round;
};

#define ATROUS_ISA(name) extern const KernelTable name##_kernels;
#include "isa/list.inc"
#undef ATROUS_ISA

}  // namespace atrous
