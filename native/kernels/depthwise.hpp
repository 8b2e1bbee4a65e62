// Depthwise convolution: DepthwiseRows in kernels/table.hpp has the formula.
//
// Outputs some rows apart share inputs. For each tap along the row, `Rows` of them take the weights of up to three tap
// rows and (Rows + tap rows − 1) loads for Rows · tap rows FMAs: four rows of 3×3 take 3·(3 + 6·2) loads for 72 FMAs,
// where each output by itself would take a load per FMA. An unaligned load counts for one and a half, so that the FMA
// units remain the limit. Eight sums are what two FMA units with a latency of four cycles need, and fit 16 registers
// beside three weights, of 5×5 five, and an input.
#pragma once
#include "kernels/prefetch.hpp"
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

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

// Adds `TapRows` rows of taps of one phase, of which the first row's first one lies at `offset`, in input row `row`.
template <class V, int TapRows, int Taps, int Rows, int Vectors, class Lanes>
ATROUS_INLINE inline void add_tap_rows(const DepthwiseRows& call, Lanes& lanes, ptrdiff_t offset, ptrdiff_t row,
                                       const float* weight, typename V::Register (&sum)[Rows][Vectors]) {
  const ptrdiff_t phases = call.tap_phases, rows = call.rows;
  const ptrdiff_t row_stride = phases * call.tap_row_stride, row_step = phases * call.tap_row_step;
  const ptrdiff_t weight_row_stride = phases * call.weight_row_stride, weight_tap_stride = call.weight_tap_stride;
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

// What stands for a size: any one, of planes, and of volumes.
constexpr int any_plane = 0, any_volume = -1;

// The taps of one plane of a square kernel of `Size`.
template <class V, int Size, int Rows, int Vectors, class Lanes>
ATROUS_INLINE inline void add_plane(const DepthwiseRows& call, Lanes& lanes, ptrdiff_t plane_offset,
                                    const float* plane_weight, typename V::Register (&sum)[Rows][Vectors]) {
  if constexpr (Size > 0) {
    add_tap_rows<V, Size, Lanes::inside ? Size : 0>(call, lanes, plane_offset, call.row, plane_weight, sum);
  } else {
    const int32_t phases = call.tap_phases;
    for (int32_t phase = 0; phase < phases && phase < call.tap_rows; ++phase) {
      ptrdiff_t offset = plane_offset + phase * call.tap_row_stride, row = call.row + phase * call.tap_row_step;
      const float* weight = plane_weight + phase * call.weight_row_stride;
      int32_t left = call.tap_rows - phase;
      for (; left > 2 * phases; left -= 3 * phases) {
        add_tap_rows<V, 3, 0>(call, lanes, offset, row, weight, sum);
        offset += 3 * phases * call.tap_row_stride;
        row += 3 * phases * call.tap_row_step;
        weight += 3 * phases * call.weight_row_stride;
      }
      if (left > phases) {
        add_tap_rows<V, 2, 0>(call, lanes, offset, row, weight, sum);
      } else if (left > 0) {
        add_tap_rows<V, 1, 0>(call, lanes, offset, row, weight, sum);
      }
    }
  }
}

template <class V, int Size, int Rows, int Vectors, class Lanes>
ATROUS_INLINE inline void add_taps(const DepthwiseRows& call, Lanes& lanes,
                                   typename V::Register (&sum)[Rows][Vectors]) {
  if constexpr (Size != any_volume) {
    add_plane<V, Size>(call, lanes, call.offset, call.weight, sum);
  } else {
    for (int32_t plane = 0; plane < call.tap_planes; ++plane) {
      add_plane<V, any_plane>(call, lanes, call.offset + plane * call.tap_plane_stride,
                              call.weight + plane * call.weight_plane_stride, sum);
    }
  }
}

// A line of what is read and written next is on its way. Lines are fetched in the order of memory, which the hardware's own
// prefetching follows: 128 planes of 128² in L3 take 1.3 ms without, 0.95 where each row fetches its own lines of the rows
// below, 0.79 like this.
constexpr ptrdiff_t line_floats = 16;
ATROUS_INLINE inline void prefetch_next(const DepthwiseRows& call, ptrdiff_t offset) {
  const uintptr_t bytes = static_cast<uintptr_t>(offset) * sizeof(float);
  prefetch_line<1>(call.next_input + bytes);
  prefetch_line<1, true>(call.next_output + bytes);
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
  ATROUS_UNROLL
  for (int i = 0; i < Rows * Vectors * V::lanes; i += line_floats) prefetch_next(call, x * Rows + i);
  PixelLanes<V, Vectors, Inside> lanes{call, x, {}};
  add_taps<V, Size>(call, lanes, sum);
  float* output = call.output + x;
  ATROUS_UNROLL
  for (int r = 0; r < Rows; ++r) {
    ATROUS_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const typename V::Register y = call.relu ? V::relu(sum[r][v]) : sum[r][v];
      if (Vectors > 1 || call.width >= V::lanes) {
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
  const ptrdiff_t last = (Rows - 1) * ptrdiff_t{call.tap_phases} + call.tap_rows - 1;
  return call.row >= 0 && call.row + last * call.tap_row_step < call.rows;
}

// Goes on to the rows below.
template <int Rows>
ATROUS_INLINE inline void next_group(DepthwiseRows& call) {
  call.offset += Rows * call.tap_phases * call.tap_row_stride;
  call.row += Rows * call.tap_phases * call.tap_row_step;
  call.output += Rows * call.output_row_stride;
  const uintptr_t bytes = static_cast<uintptr_t>(Rows * call.width) * sizeof(float);
  call.next_input += bytes;
  call.next_output += bytes;
}

template <class V, int Size, int Rows>
void depthwise_pixels(const DepthwiseRows& rows) {
  DepthwiseRows call = rows;  // of its own: no store of outputs can change it
  constexpr int most = depthwise_vectors<V>(Rows);
  // Outputs whose taps all lie inside the row.
  const ptrdiff_t begin = -call.column, end = call.columns - call.column - call.reach;
  const ptrdiff_t whole = end < call.width ? end : call.width;  // of them, tiles that are stored whole
  for (int32_t group = 0; group < call.groups; ++group, next_group<Rows>(call)) {
    const bool rows_are_inside = rows_inside<Rows>(call);
    // A tile of one row masks four vectors: too much where some need none (31 taps, 1,000 pixels: 1.05 times the time).
    const auto some_inside = [&](ptrdiff_t x) ATROUS_INLINE {
      return rows_are_inside && x + (most - 1) * V::lanes >= begin && x + V::lanes <= end;
    };
    for (ptrdiff_t x = 0; x < call.width;) {
      // The last vector goes back to be a whole one, over outputs that are computed twice.
      if (call.width - x < V::lanes && call.width >= V::lanes) x = call.width - V::lanes;
      if (rows_are_inside && x >= begin && x + most * V::lanes <= whole) {
        do {
          pixel_tile<V, Size, Rows, most, true>(call, x);
          x += most * V::lanes;
        } while (x + most * V::lanes <= whole);
      } else if (most > 1 && x + most * V::lanes <= call.width && (Rows > 1 || !some_inside(x))) {
        pixel_tile<V, Size, Rows, most, false>(call, x);
        x += most * V::lanes;
      } else if (rows_are_inside && x >= begin && x + V::lanes <= end) {
        pixel_tile<V, Size, Rows, 1, true>(call, x);
        x += V::lanes;
      } else {
        pixel_tile<V, Size, Rows, 1, false>(call, x);
        x += V::lanes;
      }
    }
  }
}

// Square kernels, columns [begin, end) of all rows, a vector's columns after the other. Each row of the input is loaded
// once, for the `Size` sums that see it, which move on as the rows do. Where not all taps lie `Inside` the rows, those
// beyond their ends read zeros.
template <class V, int Size, bool Inside>
void depthwise_strips(const DepthwiseRows& call, ptrdiff_t begin, ptrdiff_t end) {
  using Register = typename V::Register;
  Register weights[Size][Size];
  ptrdiff_t tap_offset[Size];
  ATROUS_UNROLL
  for (int tx = 0; tx < Size; ++tx) {
    tap_offset[tx] = call.tap_offset[tx];
    ATROUS_UNROLL
    for (int ty = 0; ty < Size; ++ty) {
      weights[ty][tx] = V::broadcast(call.weight + ty * call.weight_row_stride + tx * call.weight_tap_stride);
    }
  }
  const float* const bias = call.bias;
  const ptrdiff_t row_stride = call.tap_row_stride, row_step = call.tap_row_step, rows = call.rows;
  const ptrdiff_t output_row_stride = call.output_row_stride, width = call.width;
  const bool relu = call.relu;
  const int32_t outputs = call.groups;

  for (ptrdiff_t x = begin; x < end; x += V::lanes) {
    // The last vector goes back to be a whole one, over outputs that are computed twice.
    if (!Inside && width - x < V::lanes && width >= V::lanes) x = width - V::lanes;
    for (ptrdiff_t i = x * outputs; i < (x + V::lanes) * outputs; i += line_floats) prefetch_next(call, i);
    typename V::Mask mask[Size];
    if constexpr (!Inside) {
      ATROUS_UNROLL
      for (int tx = 0; tx < Size; ++tx) {
        const ptrdiff_t column = call.column + x + tap_offset[tx], columns = call.columns;
        const ptrdiff_t first = column < -V::lanes ? -V::lanes : column < columns ? column : columns;
        mask[tx] = V::lanes_inside(static_cast<int32_t>(first), static_cast<int32_t>(columns));
      }
    }
    const float* input = call.input + call.offset + x;
    float* output = call.output + x;
    ptrdiff_t row = call.row;
    Register sum[Size];  // of the output rows of which this row is a tap row, by that
    ATROUS_UNROLL
    for (int ty = 0; ty < Size; ++ty) sum[ty] = V::broadcast(bias);
    // This row is tap rows [first, last) of output rows, of which the one above all others is `finished`.
    const auto add_row = [&](int first, int last, bool finished) ATROUS_INLINE {
      sum[0] = V::broadcast(bias);
      if (static_cast<size_t>(row) < static_cast<size_t>(rows)) {
        ATROUS_UNROLL
        for (int tx = 0; tx < Size; ++tx) {
          const float* const p = input + tap_offset[tx];
          Register pixels;
          if constexpr (Inside) {
            pixels = V::load(p);
          } else {
            pixels = V::load_masked(p, mask[tx]);
          }
          ATROUS_UNROLL
          for (int ty = Size - 1; ty >= 0; --ty) {
            if (ty >= first && ty < last) sum[ty] = V::multiply_add(weights[ty][tx], pixels, sum[ty]);
          }
        }
      }
      if (finished) {
        const Register y = relu ? V::relu(sum[Size - 1]) : sum[Size - 1];
        if (Inside || width >= V::lanes) {
          V::store(output, y);
        } else {
          V::store_tail(output, y, static_cast<int>(width));
        }
        output += output_row_stride;
      }
      ATROUS_UNROLL
      for (int ty = Size - 1; ty > 0; --ty) sum[ty] = sum[ty - 1];
      input += row_stride;
      row += row_step;
    };
    if (outputs >= Size) {
      ATROUS_UNROLL
      for (int i = 1; i < Size; ++i) add_row(0, i, false);
      for (int32_t left = outputs - Size + 1; left > 0; --left) add_row(0, Size, true);
      ATROUS_UNROLL
      for (int i = 1; i < Size; ++i) add_row(i, Size, true);
    } else {
      for (int i = 1; i < outputs + Size; ++i) add_row(0, Size, i >= Size);
    }
  }
}

// Groups of one row.
template <class V, int Size>
void depthwise_pixels_by_strips(const DepthwiseRows& call) {
  // Vectors whose taps all lie inside the row.
  const ptrdiff_t width = call.width, columns_end = call.columns - call.column - call.reach;
  const ptrdiff_t begin = call.column < 0 ? (V::lanes - 1 - call.column) / V::lanes * V::lanes : 0;
  const ptrdiff_t end = (columns_end < width ? columns_end : width) / V::lanes * V::lanes;
  if (begin < end) {
    depthwise_strips<V, Size, false>(call, 0, begin);
    depthwise_strips<V, Size, true>(call, begin, end);
    depthwise_strips<V, Size, false>(call, end, width);
  } else {
    depthwise_strips<V, Size, false>(call, 0, width);
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
  const bool all_taps = Size <= any_plane || (call.tap_begin == 0 && call.tap_end == Size);
  for (int32_t group = 0; group < call.groups; ++group, next_group<Rows>(call)) {
    ptrdiff_t x = 0;
    if (all_taps && rows_inside<Rows>(call) && call.channels >= V::lanes) {
      for (; call.width - x >= most; x += most) channel_tile<V, Size, Rows, most, true>(call, x);
      for (; x < call.width; ++x) channel_tile<V, Size, Rows, 1, true>(call, x);
    }
    for (; x < call.width; ++x) channel_tile<V, Size, Rows, 1, false>(call, x);
  }
}

// Most rows of a group: their sums beside five weights and an input must fit in the registers. Plain C++ is not worth
// the code of more than two.
template <class V>
constexpr int depthwise_rows = V::lanes == 1 ? 2 : 4;

template <class V, int Rows = 1>
constexpr void fill_depthwise(KernelTable& table) {
  const int r = Rows - 1;
  table.depthwise_pixels[KernelTable::any_size][r] = depthwise_pixels<V, any_plane, Rows>;
  table.depthwise_pixels[KernelTable::volume][r] = depthwise_pixels<V, any_volume, Rows>;
  // 64 maps of 112²: 47 → 64 % of peak, and strips, whose weights are in memory, reach 56–62.
  if constexpr (V::lanes >= 8) table.depthwise_pixels[KernelTable::size_5][r] = depthwise_pixels<V, 5, Rows>;
  if constexpr (Rows == 1) {
    table.depthwise_pixels[KernelTable::size_3][0] = depthwise_pixels_by_strips<V, 3>;
    table.depthwise_pixels[KernelTable::size_5_strips][0] = depthwise_pixels_by_strips<V, 5>;
  }
  table.depthwise_channels[KernelTable::any_size][r] = depthwise_channels<V, any_plane, Rows>;
  table.depthwise_channels[KernelTable::volume][r] = depthwise_channels<V, any_volume, Rows>;
  table.depthwise_channels[KernelTable::size_3][r] = depthwise_channels<V, 3, Rows>;
  if constexpr (Rows < depthwise_rows<V>) fill_depthwise<V, Rows + 1>(table);
}

// PhasesKernel in kernels/table.hpp.
template <class V>
void split_phases(const float* in, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t stride, float* out, ptrdiff_t pitch) {
  const auto load = [&](ptrdiff_t x) ATROUS_INLINE {
    const ptrdiff_t left = width - x;
    return left >= V::lanes ? V::load(in + x) : left > 0 ? V::load_tail(in + x, static_cast<int>(left)) : V::zero();
  };
  for (ptrdiff_t r = 0; r < rows; ++r, in += width, out += stride * pitch) {
    if (stride == 1) {
      for (ptrdiff_t x = 0; x < width; x += V::lanes) V::store(out + x, load(x));
    } else if (stride == 2) {
      for (ptrdiff_t x = 0; x < width; x += 2 * V::lanes) {
        typename V::Register even = load(x), odd = load(x + V::lanes);
        V::deinterleave2(even, odd);
        V::store(out + x / 2, even);
        V::store(out + pitch + x / 2, odd);
      }
    } else {
      for (ptrdiff_t phase = 0; phase < stride; ++phase) {
        float* to = out + phase * pitch;
        for (ptrdiff_t x = phase; x < width; x += stride) *to++ = in[x];
      }
    }
  }
}

}  // namespace
}  // namespace atrous
