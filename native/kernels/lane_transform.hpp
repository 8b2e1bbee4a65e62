// The linear maps of short convolution algorithms, tiles in lanes: LaneRows and LaneWidth in kernels/table.hpp have the
// formulas.
//
//   rows of pixels → (maps of depth and height) → lines in chunks → (map of the width) → lanes of points
//
// and the same way back for the products. Depth and height come first because rows of pixels need no order of their
// own.
#pragma once
#include "kernels/axis_map.hpp"
#include "kernels/prefetch.hpp"
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"
#include "kernels/with_unit.hpp"

namespace atrous {
namespace {

// Whole vectors: up to one beyond `count` floats is written. `zero` comes from memory: the compiler would call memset,
// which takes longer than the one or two vectors that there are.
template <class V>
inline ATROUS_INLINE void fill(float* to, ptrdiff_t count, typename V::Register zero) {
  for (ptrdiff_t i = 0; i < count; i += V::lanes) V::store(to + i, zero);
}

// Vectors beside each other of one axis' inputs and outputs, in each of some lines: input j of a line is
// in[line·in_line + j·in_step].
struct Columns {
  const float* const* in;
  ptrdiff_t in_offset;
  float* const* out;
  ptrdiff_t out_offset;
  ptrdiff_t floats;
  int lines = 1, in_line = 0, in_step = 1, out_line = 0, out_step = 1;
  ptrdiff_t ahead = 0;  // to what is read next, or written next where results are finished; 0: nothing
};

// What becomes of a result: act(bias + result). `check` sums up 0·(bias + result): NaN where any is not finite.
template <class V>
struct Finish {
  typename V::Register bias, check;
  bool relu;
};

// Which map of axis_map.hpp, and its constants.
struct MapOfAxis {
  const float* matrix;
  ShortStructure structure;
  int from, to;
};

template <class V, class Map, bool Finished>
void map_columns(const MapOfAxis& axis, const Columns& columns, Finish<V>* finish) {
  using Register = typename V::Register;
  const Columns c = columns;
  const Map map{axis.matrix, axis.to};
  const Register zero = V::zero(), bias = Finished ? finish->bias : zero;
  const bool relu = Finished && finish->relu;
  Register check = Finished ? finish->check : zero;
  for (int line = 0; line < c.lines; ++line) {
    const float* in[Map::from];
    ATROUS_UNROLL
    for (int j = 0; j < Map::from; ++j) in[j] = c.in[line * c.in_line + j * c.in_step] + c.in_offset;
    float* out[ShortTransform::largest];
    for (int p = 0; p < axis.to; ++p) out[p] = c.out[line * c.out_line + p * c.out_step] + c.out_offset;
    for (ptrdiff_t i = 0; i < c.floats; i += V::lanes) {
      // A cache line at a time between the sums: rows of the next channel are pages apart, where no hardware prefetcher
      // follows, and all at once they would wait for each other.
      if (c.ahead != 0 && i % 16 == 0) {
        if (Finished) {
          for (int p = 0; p < axis.to; ++p) prefetch_for_write(out[p] + i, c.ahead);
        } else {
          ATROUS_UNROLL
          for (int j = 0; j < Map::from; ++j) prefetch(in[j] + i, c.ahead);
        }
      }
      Register part = zero;  // one sum of all would make every result wait for the one before
      map([&](int j) ATROUS_INLINE { return V::load(in[j] + i); },
          [&](int p, Register y) ATROUS_INLINE {
            if (Finished) {
              y = V::add(y, bias);
              part = V::multiply_add(y, zero, part);
              if (relu) y = V::relu(y);
            }
            V::store(out[p] + i, y);
          });
      if (Finished) check = V::add(check, part);
    }
  }
  if (Finished) finish->check = check;
}

// The maps of depth and height; `Symmetric` is that of a structure that is not dense. They are functions that are
// called for a run of columns: as inlined loops, of all matrices' sizes, they were 160 KB of code.
template <class V, template <class, int> class Symmetric, bool Finished>
class RowsMap {
 public:
  explicit RowsMap(const LaneRows& map)
      : depth_{map.matrix[0], map.structure[0], map.from[0], map.to[0]},
        height_{map.matrix[1], map.structure[1], map.from[1], map.to[1]},
        one_axis_(map.from[0] == 1 && map.to[0] == 1),
        map_depth_(kernel<Finished>(depth_)),
        map_height_(one_axis_ ? kernel<Finished>(height_) : kernel<false>(height_)) {
    for (int j = 0; j < depth_.from * height_.to; ++j) between_[j] = memory_ + j * block;
  }

  void operator()(const Columns& columns, Finish<V>* finish) {
    if (one_axis_) return map_height_(height_, columns, finish);
    // Few columns at a time: what lies between the maps stays in L1.
    for (ptrdiff_t done = 0; done < columns.floats; done += block) {
      const ptrdiff_t in_offset = columns.in_offset + done, out_offset = columns.out_offset + done;
      const ptrdiff_t floats = columns.floats - done < block ? columns.floats - done : block;
      map_height_(height_,
                  {columns.in, in_offset, between_, 0, floats, depth_.from, height_.from, 1, height_.to, 1,
                   Finished ? 0 : columns.ahead},
                  nullptr);
      map_depth_(depth_,
                 {between_, 0, columns.out, out_offset, floats, height_.to, 1, height_.to, 1, height_.to,
                  Finished ? columns.ahead : 0},
                 finish);
    }
  }

 private:
  using Kernel = void (*)(const MapOfAxis& axis, const Columns& columns, Finish<V>* finish);
  template <bool Last>
  static Kernel kernel(const MapOfAxis& axis) {
    const auto of = [](auto map) -> Kernel { return map_columns<V, decltype(map), Last>; };
    if (axis.structure == ShortStructure::dense) return with_dense_map<V, DenseMap>(axis.from, of);
    return with_symmetric_map<V, Symmetric>(axis.from, of);
  }
  static constexpr ptrdiff_t block = 2 * V::lanes;
  static constexpr int most = ShortTransform::largest * ShortTransform::largest;

  MapOfAxis depth_, height_;
  bool one_axis_;
  Kernel map_depth_, map_height_;
  float* between_[most];
  float memory_[most * block];
};

// What is read often is copied first, here and below: a vector that is stored might be anything, also a field of the
// arguments.
template <class V>
void rows_to_chunks(const RowsToChunks& t) {
  using Register = typename V::Register;
  constexpr int lanes = V::lanes, most = ShortTransform::largest * ShortTransform::largest;
  const LaneRows map = t.map;
  const int from_rows = map.from[0] * map.from[1], lines = map.to[0] * map.to[1];
  const ptrdiff_t begin = map.run_count > 0 ? map.runs[0].element : 0;
  const ptrdiff_t end =
      map.run_count > 0 ? map.runs[map.run_count - 1].element + map.runs[map.run_count - 1].length : begin;
  const Register zero = V::load(t.zeros);
  RowsMap<V, SymmetricInput, false> map_rows(map);
  const float *rows[most], *tails[most];
  float *out[most], tail[most * lanes];
  for (int j = 0; j < from_rows; ++j) tails[j] = tail + j * lanes;
  for (int c = 0; c < map.channels; ++c) {
    for (int j = 0; j < from_rows; ++j) rows[j] = t.rows[j] ? t.rows[j] + c * map.row_channel_stride : t.zeros;
    const ptrdiff_t ahead = c + 1 < map.channels ? map.row_channel_stride : 0;
    for (int line = 0; line < lines; ++line) {
      out[line] = t.chunks + c * map.channel_stride + line * map.line_stride;
      fill<V>(out[line], begin, zero);
    }
    for (int r = 0; r < map.run_count; ++r) {
      const ChunkRun run = map.runs[r];
      const int rest = run.length % lanes, whole = run.length - rest;
      map_rows({rows, run.column, out, run.element, whole, 1, 0, 1, 0, 1, ahead}, nullptr);
      if (rest == 0) continue;
      for (int j = 0; j < from_rows; ++j) V::store(tail + j * lanes, V::load_tail(rows[j] + run.column + whole, rest));
      map_rows({tails, 0, out, run.element + whole, lanes}, nullptr);
    }
    for (int line = 0; line < lines; ++line) fill<V>(out[line] + end, map.chunk_length - end, zero);
  }
}

// Whether all lanes are zero, and none NaN.
template <class V>
inline bool all_zero(typename V::Register v) {
  float lane[V::lanes];
  V::store(lane, v);
  bool zero = true;
  for (int i = 0; i < V::lanes; ++i) zero &= lane[i] == 0;
  return zero;
}

template <class V>
bool chunks_to_rows(const ChunksToRows& t) {
  constexpr int lanes = V::lanes, most = ShortTransform::largest * ShortTransform::largest;
  const LaneRows map = t.map;
  const int from_lines = map.from[0] * map.from[1], to_rows = map.to[0] * map.to[1];
  RowsMap<V, SymmetricProducts, true> map_rows(map);
  const float* in[most];
  float *rows[most], *tails[most], tail[most * lanes];
  for (int j = 0; j < to_rows; ++j) tails[j] = tail + j * lanes;
  Finish<V> finish{V::zero(), V::zero(), t.relu};
  for (int c = 0; c < map.channels; ++c) {
    for (int j = 0; j < to_rows; ++j) rows[j] = t.rows[j] ? t.rows[j] + c * map.row_channel_stride : t.unwanted;
    const ptrdiff_t ahead = c + 1 < map.channels ? map.row_channel_stride : 0;
    for (int j = 0; j < from_lines; ++j) in[j] = t.chunks + c * map.channel_stride + j * map.line_stride;
    finish.bias = V::broadcast(t.bias + c);
    for (int r = 0; r < map.run_count; ++r) {
      const ChunkRun run = map.runs[r];
      const int rest = run.length % lanes, whole = run.length - rest;
      map_rows({in, run.element, rows, run.column, whole, 1, 0, 1, 0, 1, ahead}, &finish);
      if (rest == 0) continue;
      Finish<V> last{finish.bias, V::zero(), t.relu};
      map_rows({in, run.element + whole, tails, 0, lanes}, &last);
      for (int j = 0; j < to_rows; ++j) V::store_tail(rows[j] + run.column + whole, V::load(tails[j]), rest);
      float check[lanes];
      V::store(check, last.check);
      finish.check = V::add(finish.check, V::load_tail(check, rest));
    }
  }
  return all_zero<V>(finish.check);
}

// Chunks that follow each other without a gap, to the tiles' places: planes[chunk mod 4][chunk div 4 · phases …]
// = chunks[chunk·phases …] for some tiles, or the other way. Up to 4 vectors beyond the last chunk and up to a vector
// beyond each plane's last are read or written. Vectors reach into the next chunk's place, which is written after them.
template <class V>
inline void deal(const float* chunks, ptrdiff_t tiles, ptrdiff_t phases, float* planes, ptrdiff_t pitch) {
  for (ptrdiff_t tile = 0; tile < tiles; ++tile, planes += phases) {
    for (int q = 0; q < 4; ++q, chunks += phases) {
      for (ptrdiff_t i = 0; i < phases; i += V::lanes) V::store(planes + q * pitch + i, V::load(chunks + i));
    }
  }
}
template <class V>
inline void gather(const float* planes, ptrdiff_t pitch, ptrdiff_t tiles, ptrdiff_t phases, float* chunks) {
  for (ptrdiff_t tile = 0; tile < tiles; ++tile, planes += phases) {
    for (int q = 0; q < 4; ++q, chunks += phases) {
      for (ptrdiff_t i = 0; i < phases; i += V::lanes) V::store(chunks + i, V::load(planes + q * pitch + i));
    }
  }
}

// Where the map reads or writes chunk i of a tile: in registers that chunks are dealt to, where several fill one, or in
// its place, where a chunk fills vectors, or else dealt to planes. In both of these (i mod 4)·step + (i div 4)·next floats
// from chunk 0, and 4 is a constant that addresses are made of.
//
// Few lanes are wasted on the rest of a chunk that is longer than four vectors: such a one is read in its place, too,
// but not written, since its last vector would reach into the chunk behind it, whose first may stand there already.
template <class V>
struct ChunkAccess {
  ChunkAccess(const LaneWidth& map, bool reads)
      : in_registers(map.phases < V::lanes && V::lanes % map.phases == 0),
        in_place(map.phases % V::lanes == 0 || (reads && map.phases >= 4 * V::lanes)),
        step(in_place ? map.chunk_stride : map.plane_pitch),
        next(in_place ? 4 * map.chunk_stride : map.phases),
        runs(in_place ? map.tiles : 1),
        lanes(in_place ? map.phases : ptrdiff_t{map.tiles} * map.phases) {}

  bool in_registers, in_place;
  ptrdiff_t step, next;
  ptrdiff_t runs, lanes;  // tiles that lie apart; lanes of each
};

template <class V, class Map>
void map_to_lanes(const ChunksToLanes& t) {
  using Register = typename V::Register;
  const LaneWidth map = t.map;
  const ChunkAccess<V> access(map, true);
  const Map width{map.matrix, map.to};
  const ptrdiff_t phases = map.phases, stride = map.point_stride, step = access.step, next = access.next;
  const ptrdiff_t tiles = map.tiles + (map.from - 1) / 4;  // chunks beyond the last tile's four are the next one's
  const bool dealt = !access.in_registers && !access.in_place;
  const auto deal_channel = [&](int c) {
    deal<V>(t.chunks + c * map.chunk_channel_stride, tiles, phases, map.planes + c % 2 * 4 * map.plane_pitch,
            map.plane_pitch);
  };
  // A channel is dealt while the one before is transformed: loads of what was stored just now, in other pieces, would
  // wait for it.
  if (dealt) deal_channel(0);
  for (int c = 0; c < map.channels; ++c) {
    const float* from = t.chunks + c * map.chunk_channel_stride;
    float* to = t.lanes + c * map.lane_channel_stride;
    if (access.in_registers) {
      for (ptrdiff_t n = 0; n < access.lanes; n += V::lanes, from += 4 * V::lanes) {
        Register x[Map::from < 4 ? 4 : Map::from];
        with_unit<V>(phases, [&](auto unit) ATROUS_INLINE {
          Register r[4];
          ATROUS_UNROLL
          for (int q = 0; q < 4; ++q) r[q] = V::load(from + q * V::lanes);
          V::template deinterleave4<unit()>(r);
          ATROUS_UNROLL
          for (int q = 0; q < 4; ++q) x[q] = r[q];
          // Chunk i is chunk i − 4 of the next tile.
          ATROUS_UNROLL
          for (int i = 4; i < Map::from; ++i) {
            x[i] = V::template shift_in<unit()>(x[i - 4], from + 4 * V::lanes + (i - 4) * unit());
          }
        });
        width([&](int i) ATROUS_INLINE { return x[i]; },
              [&](int p, Register y) ATROUS_INLINE { V::store(to + n + p * stride, y); });
      }
      continue;
    }
    if (dealt) {
      if (c + 1 < map.channels) deal_channel(c + 1);
      from = map.planes + c % 2 * 4 * map.plane_pitch;
    }
    for (ptrdiff_t run = 0; run < access.runs; ++run) {
      for (ptrdiff_t n = 0; n < access.lanes; n += V::lanes) {
        width([&](int i) ATROUS_INLINE { return V::load(from + n + (i % 4 * step + i / 4 * next)); },
              [&](int p, Register y) ATROUS_INLINE { V::store(to + n + p * stride, y); });
      }
      from += next;
      to += phases;
    }
  }
}

template <class V>
void chunks_to_lanes(const ChunksToLanes& t) {
  const auto kernel = [](auto map) { return map_to_lanes<V, decltype(map)>; };
  return t.map.structure == ShortStructure::dense ? with_dense_map<V, DenseMap>(t.map.from, kernel)(t)
                                                  : with_symmetric_map<V, SymmetricInput>(t.map.from, kernel)(t);
}

template <class V, class Map>
bool map_to_chunks(const LanesToChunks& t) {
  using Register = typename V::Register;
  const LaneWidth map = t.map;
  const bool relu = t.relu;
  const ChunkAccess<V> access(map, false);
  const Map width{map.matrix, 4};
  const bool gathered = !access.in_registers && !access.in_place;
  const ptrdiff_t phases = map.phases, stride = map.point_stride, step = access.step, next = access.next;
  const Register zero = V::zero();
  Register check = zero;
  for (int c = 0; c < map.channels; ++c) {
    const float* from = t.lanes + c * map.lane_channel_stride;
    float* const chunks = t.chunks + c * map.chunk_channel_stride;
    float* to = gathered ? map.planes : chunks;
    const Register bias = t.bias ? V::broadcast(t.bias + c) : V::zero();
    for (ptrdiff_t run = 0; run < access.runs; ++run) {
      for (ptrdiff_t n = 0; n < access.lanes; n += V::lanes) {
        Register y[4], part = zero;
        width([&](int p) ATROUS_INLINE { return V::load(from + n + p * stride); },
              [&](int i, Register sum) ATROUS_INLINE { y[i] = V::add(sum, bias); });
        ATROUS_UNROLL
        for (int i = 0; i < 4; ++i) {
          part = V::multiply_add(y[i], zero, part);
          if (relu) y[i] = V::relu(y[i]);
        }
        check = V::add(check, part);
        if (access.in_registers) {
          with_unit<V>(phases, [&](auto unit) ATROUS_INLINE { V::template interleave4<unit()>(y); });
          ATROUS_UNROLL
          for (int i = 0; i < 4; ++i) V::store(to + 4 * n + i * V::lanes, y[i]);
        } else {
          ATROUS_UNROLL
          for (int i = 0; i < 4; ++i) V::store(to + n + i * step, y[i]);
        }
      }
      from += phases;
      to += next;
    }
    if (gathered) gather<V>(map.planes, map.plane_pitch, map.tiles, phases, chunks);
  }
  return all_zero<V>(check);
}

template <class V>
bool lanes_to_chunks(const LanesToChunks& t) {
  const auto kernel = [](auto map) { return map_to_chunks<V, decltype(map)>; };
  return t.map.structure == ShortStructure::dense ? with_dense_map<V, DenseMapToFour>(t.map.from, kernel)(t)
                                                  : with_symmetric_map<V, SymmetricProducts>(t.map.from, kernel)(t);
}

}  // namespace
}  // namespace atrous
