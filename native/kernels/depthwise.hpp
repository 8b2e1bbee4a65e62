// Depthwise convolution: DepthwiseRows in kernels/table.hpp has the formula.
//
// Outputs some rows apart share inputs. For each tap along the row, `Rows` of them take the weights of up to five tap
// rows and (Rows + tap rows − 1) loads for Rows · tap rows FMAs: four rows of 3×3 take 3·(3 + 6·2) loads for 72 FMAs,
// where each output by itself would take a load per FMA. An unaligned load counts for one and a half, so that the FMA
// units remain the limit. Eight sums are what two FMA units with a latency of four cycles need, and fit 16 registers
// beside five weights and an input.
#pragma once
#include "kernels/prefetch.hpp"
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"
#include "kernels/vec_operations.hpp"

namespace atrous {
namespace {

// Vectors of a tile of `rows` rows: a power of two.
template <class V>
constexpr int depthwise_vectors(int rows) {
  const int sums = V::registers >= 32 ? 12 : 8;
  int vectors = 1;
  while (vectors < 4 && 2 * vectors * rows <= sums) vectors *= 2;
  return vectors;
}

// Pixels in lanes: weights are broadcast, and a tile's vectors follow each other along the row. Where not all of a tile
// lies `Inside`, taps beyond the row's ends read zeros, and tap rows beyond the input are left out.
template <class V, int Vectors, bool Inside>
struct PixelLanes {
  static constexpr bool inside = Inside;

  const DepthwiseRows& call;
  const ptrdiff_t x;  // first output
  typename V::Mask mask[Vectors];

  // False: the tap lies beyond the row in every lane.
  ATROUS_INLINE bool select(ptrdiff_t tap_offset) {
    if constexpr (!Inside) {
      const ptrdiff_t begin = -(call.column + x + tap_offset), end = call.columns + begin;
      if (begin >= Vectors * V::lanes || end <= 0) return false;
      ATROUS_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        mask[v] = V::lanes_inside(static_cast<int32_t>(v * V::lanes - begin), static_cast<int32_t>(call.columns));
      }
    }
    return true;
  }
  ATROUS_INLINE typename V::Register weight(const float* p) const { return V::broadcast(p); }
  ATROUS_INLINE typename V::Register load(ptrdiff_t offset, int v) const {
    const float* const p = call.input + (offset + x + v * V::lanes);
    if constexpr (Inside) {
      return V::load(p);
    } else {
      return V::load_masked(p, mask[v]);
    }
  }
};

// Channels in lanes: a tile's vectors are the same channels of pixels that follow each other along the row.
template <class V, int Vectors, bool Inside>
struct ChannelLanes {
  static constexpr bool inside = Inside;

  const DepthwiseRows& call;
  const ptrdiff_t offset_of_tile, channel;
  const typename V::Mask mask;

  ATROUS_INLINE bool select(ptrdiff_t) { return true; }
  ATROUS_INLINE typename V::Register weight(const float* p) const { return V::load(p + channel); }
  ATROUS_INLINE typename V::Register load(ptrdiff_t offset, int v) const {
    const float* const p = call.input + (offset + offset_of_tile + channel + v * call.input_pixel_stride);
    if constexpr (Inside) {
      return V::load(p);
    } else {
      return V::load_masked(p, mask);
    }
  }
};

// Adds `TapRows` rows of taps, of which the first row's first one lies at `offset`, in input row `row`.
template <class V, int TapRows, int Taps, int Rows, int Vectors, class Lanes>
ATROUS_INLINE inline void add_tap_rows(const DepthwiseRows& call, Lanes& lanes, ptrdiff_t offset, ptrdiff_t row,
                                       const float* weight, typename V::Register (&sum)[Rows][Vectors]) {
  const ptrdiff_t row_stride = call.tap_row_stride, row_step = call.tap_row_step, rows = call.rows;
  const ptrdiff_t weight_row_stride = call.weight_row_stride, weight_tap_stride = call.weight_tap_stride;
  const auto add_tap = [&](int32_t tap) ATROUS_INLINE {
    const ptrdiff_t tap_offset = call.tap_offset[tap];
    if (!lanes.select(tap_offset)) return;
    typename V::Register weights[TapRows];
    ATROUS_UNROLL
    for (int t = 0; t < TapRows; ++t) {
      weights[t] = lanes.weight(weight + t * weight_row_stride + tap * weight_tap_stride);
    }
    ATROUS_UNROLL
    for (int i = 0; i < Rows + TapRows - 1; ++i) {
      if (!Lanes::inside && static_cast<size_t>(row + i * row_step) >= static_cast<size_t>(rows)) continue;
      ATROUS_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        const typename V::Register x = lanes.load(offset + tap_offset + i * row_stride, v);
        ATROUS_UNROLL
        for (int r = 0; r < Rows; ++r) {
          if (i >= r && i < r + TapRows) sum[r][v] = V::multiply_add(weights[i - r], x, sum[r][v]);
        }
      }
    }
  };
  if constexpr (Taps > 0) {
    ATROUS_UNROLL
    for (int32_t tap = 0; tap < Taps; ++tap) add_tap(tap);
  } else {
    for (int32_t tap = call.tap_begin; tap < call.tap_end; ++tap) add_tap(tap);
  }
}

// All taps of a square kernel of `Size`, or with 0 of any.
template <class V, int Size, int Rows, int Vectors, class Lanes>
ATROUS_INLINE inline void add_taps(const DepthwiseRows& call, Lanes& lanes,
                                   typename V::Register (&sum)[Rows][Vectors]) {
  if constexpr (Size > 0) {
    add_tap_rows<V, Size, Lanes::inside ? Size : 0>(call, lanes, call.offset, call.row, call.weight, sum);
  } else {
    int32_t t = 0;
    const auto add = [&](auto tap_rows) ATROUS_INLINE {
      add_tap_rows<V, tap_rows(), 0>(call, lanes, call.offset + t * call.tap_row_stride,
                                                    call.row + t * call.tap_row_step,
                                                    call.weight + t * call.weight_row_stride, sum);
      t += tap_rows();
    };
    while (call.tap_rows - t >= 3) add(Constant<3>{});
    if (call.tap_rows - t == 2) {
      add(Constant<2>{});
    } else if (call.tap_rows - t == 1) {
      add(Constant<1>{});
    }
  }
}

template <class V, int Size, int Rows, int Vectors, bool Inside>
ATROUS_INLINE inline void pixel_tile(const DepthwiseRows& call, ptrdiff_t x) {
  typename V::Register sum[Rows][Vectors];
  const typename V::Register bias = V::broadcast(call.bias);
  ATROUS_UNROLL
  for (int r = 0; r < Rows; ++r) {
    ATROUS_UNROLL
    for (int v = 0; v < Vectors; ++v) sum[r][v] = bias;
  }
  // The rows of the group below are on their way: 128 planes of 128² from L3, dilation 4: 32 → 42 % of peak.
  ATROUS_UNROLL
  for (int r = 0; r < Rows; ++r) {
    const ptrdiff_t row = call.offset + (Rows + call.tap_rows - 1 + r) * call.tap_row_stride + x;
    ATROUS_UNROLL
    for (int p = 0; p < Vectors * V::lanes; p += 16) prefetch(call.input, row + p);
  }
  PixelLanes<V, Vectors, Inside> lanes{call, x, {}};
  add_taps<V, Size>(call, lanes, sum);
  float* output = call.output + x;
  ATROUS_UNROLL
  for (int r = 0; r < Rows; ++r) {
    ATROUS_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const typename V::Register y = call.relu ? V::relu(sum[r][v]) : sum[r][v];
      if (Inside || Vectors > 1 || call.width >= V::lanes) {
        V::store(output + v * V::lanes, y);
      } else {
        V::store_tail(output + v * V::lanes, y, static_cast<int>(call.width));
      }
    }
    output += call.output_row_stride;
  }
}

// Whether all taps of all rows lie in rows of the input.
template <int Rows>
ATROUS_INLINE inline bool rows_inside(const DepthwiseRows& call) {
  const ptrdiff_t last = Rows + call.tap_rows - 2;
  return call.row >= 0 && call.row + last * call.tap_row_step < call.rows;
}

// Goes on to the rows below.
template <int Rows>
ATROUS_INLINE inline void next_group(DepthwiseRows& call) {
  call.offset += Rows * call.tap_row_stride;
  call.row += Rows * call.tap_row_step;
  call.output += Rows * call.output_row_stride;
}

template <class V, int Size, int Rows>
void depthwise_pixels(const DepthwiseRows& rows) {
  DepthwiseRows call = rows;  // of its own: no store of outputs can change it
  constexpr int most = depthwise_vectors<V>(Rows);
  // Outputs whose taps all lie inside the row.
  const ptrdiff_t begin = -call.column, columns_end = call.columns - call.column - call.reach;
  const ptrdiff_t end = columns_end < call.width ? columns_end : call.width;
  for (int32_t group = 0; group < call.groups; ++group, next_group<Rows>(call)) {
    const bool rows_are_inside = rows_inside<Rows>(call);
    const auto inside = [&](ptrdiff_t x, int vectors)
                            ATROUS_INLINE { return rows_are_inside && x >= begin && x + vectors * V::lanes <= end; };
    for (ptrdiff_t x = 0; x < call.width;) {
      // The last vector goes back to be a whole one, over outputs that are computed twice.
      if (call.width - x < V::lanes && call.width >= V::lanes) x = call.width - V::lanes;
      if (inside(x, most)) {
        do {
          pixel_tile<V, Size, Rows, most, true>(call, x);
          x += most * V::lanes;
        } while (x + most * V::lanes <= end);
      } else if (inside(x, 1)) {
        pixel_tile<V, Size, Rows, 1, true>(call, x);
        x += V::lanes;
      } else {
        pixel_tile<V, Size, Rows, 1, false>(call, x);
        x += V::lanes;
      }
    }
  }
}

template <class V, int Size, int Rows, int Vectors, bool Inside>
ATROUS_INLINE inline void channel_tile(const DepthwiseRows& call, ptrdiff_t x) {
  // The last vector goes back to be a whole one, over channels that are computed twice.
  const int count = static_cast<int>(call.channels < V::lanes ? call.channels : V::lanes);
  const typename V::Mask mask = V::lanes_inside(0, count);
  for (ptrdiff_t c = 0; c < call.channels; c += V::lanes) {
    const ptrdiff_t channel = c == 0 || c + V::lanes <= call.channels ? c : call.channels - V::lanes;
    typename V::Register sum[Rows][Vectors];
    const typename V::Register bias = V::load(call.bias + channel);
    ATROUS_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ATROUS_UNROLL
      for (int v = 0; v < Vectors; ++v) sum[r][v] = bias;
    }
    ChannelLanes<V, Vectors, Inside> lanes{call, x * call.input_pixel_stride, channel, mask};
    add_taps<V, Size>(call, lanes, sum);
    ATROUS_UNROLL
    for (int r = 0; r < Rows; ++r) {
      ATROUS_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        const typename V::Register y = call.relu ? V::relu(sum[r][v]) : sum[r][v];
        float* const output = call.output + r * call.output_row_stride + (x + v) * call.output_pixel_stride + channel;
        if (Inside || count == V::lanes) {
          V::store(output, y);
        } else {
          V::store_tail(output, y, count);
        }
      }
    }
  }
}

template <class V, int Size, int Rows>
void depthwise_channels(const DepthwiseRows& rows) {
  DepthwiseRows call = rows;  // of its own: no store of outputs can change it
  constexpr int most = depthwise_vectors<V>(Rows);
  const bool all_taps = Size == 0 || (call.tap_begin == 0 && call.tap_end == Size);
  for (int32_t group = 0; group < call.groups; ++group, next_group<Rows>(call)) {
    ptrdiff_t x = 0;
    if (all_taps && rows_inside<Rows>(call) && call.channels >= V::lanes) {
      for (; call.width - x >= most; x += most) channel_tile<V, Size, Rows, most, true>(call, x);
      for (; x < call.width; ++x) channel_tile<V, Size, Rows, 1, true>(call, x);
    }
    for (; x < call.width; ++x) channel_tile<V, Size, Rows, 1, false>(call, x);
  }
}

// Most rows of a group: their sums beside five weights and an input must fit in the registers.
template <class V>
constexpr int depthwise_rows = V::registers >= 32 ? 6 : 4;

template <class V, int Size, int Rows = 1>
constexpr void fill_depthwise(KernelTable& table) {
  constexpr int slot = Size == 0 ? 0 : Size == 3 ? 1 : 2;
  table.depthwise_pixels[slot][Rows - 1] = depthwise_pixels<V, Size, Rows>;
  table.depthwise_channels[slot][Rows - 1] = depthwise_channels<V, Size, Rows>;
  if constexpr (Rows < depthwise_rows<V>) fill_depthwise<V, Size, Rows + 1>(table);
}

}  // namespace
}  // namespace atrous
