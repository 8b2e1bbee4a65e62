// The linear maps of short convolution algorithms, tiles in lanes: LaneRows and LaneWidth in kernels/table.hpp have the
// formulas.
//
//   rows of pixels → (maps of depth and height) → lines in chunks → (map of the width) → lanes of points
//
// and the same way back for the products. Depth and height come first because rows of pixels need no order of their
// own.
#pragma once
#include "kernels/prefetch.hpp"
#include "kernels/short_transform.hpp"
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

// Whole vectors: up to one beyond `count` floats is written. `zero` comes from memory: the compiler would call memset,
// which takes longer than the one or two vectors that there are.
template <class V>
inline ATROUS_INLINE void fill(float* to, ptrdiff_t count, typename V::Register zero) {
  for (ptrdiff_t i = 0; i < count; i += V::lanes) V::store(to + i, zero);
}

// The maps of depth and height. each_vector(body) calls body(load, store) for every vector of columns, load(j) and
// store(p, y) numbering rows and lines [depth][height].
template <class V, class EachVector>
inline ATROUS_INLINE void map_rows(const LaneRows& map, EachVector each_vector) {
  using Register = typename V::Register;
  if (map.from[0] == 1 && map.to[0] == 1) {
    with_map<V>(map.structure[1], map.from[1], map.matrix[1], map.to[1], [&](auto height) ATROUS_INLINE {
      each_vector([&](auto load, auto store) ATROUS_INLINE { height(load, store); });
    });
    return;
  }
  float between[ShortTransform::largest * ShortTransform::largest * V::lanes];
  const int heights = map.to[1];
  each_vector([&](auto load, auto store) ATROUS_INLINE {
    for (int z = 0; z < map.from[0]; ++z) {
      float* const to = between + z * heights * V::lanes;
      apply_matrix<V>(
          map.structure[1], map.from[1], map.matrix[1], heights,
          [&](int j) ATROUS_INLINE { return load(z * map.from[1] + j); },
          [&](int p, Register y) ATROUS_INLINE { V::store(to + p * V::lanes, y); });
    }
    for (int p = 0; p < heights; ++p) {
      apply_matrix<V>(
          map.structure[0], map.from[0], map.matrix[0], map.to[0],
          [&](int z) ATROUS_INLINE { return V::load(between + (z * heights + p) * V::lanes); },
          [&](int z, Register y) ATROUS_INLINE { store(z * heights + p, y); });
    }
  });
}

// Calls body(column) for about every cache line of a row's runs. Rows are short and pages apart, so that no hardware
// prefetcher follows them from channel to channel.
template <class Body>
inline ATROUS_INLINE void each_line(const LaneRows& map, Body body) {
  for (int r = 0; r < map.run_count; ++r) {
    for (ptrdiff_t x = 0; x < map.runs[r].length; x += 16) body(map.runs[r].column + x);
  }
}

// What is read often is copied first, here and below: a vector that is stored might be anything, also a field of the
// arguments.
template <class V>
void rows_to_chunks(const RowsToChunks& t) {
  using Register = typename V::Register;
  constexpr int lanes = V::lanes;
  const LaneRows map = t.map;
  const int from_rows = map.from[0] * map.from[1], lines = map.to[0] * map.to[1];
  const ptrdiff_t stride = map.line_stride;
  const ptrdiff_t begin = map.run_count > 0 ? map.runs[0].element : 0;
  const ptrdiff_t end =
      map.run_count > 0 ? map.runs[map.run_count - 1].element + map.runs[map.run_count - 1].length : begin;
  const Register zero = V::load(t.zeros);
  const float* rows[ShortTransform::largest * ShortTransform::largest];
  for (int c = 0; c < map.channels; ++c) {
    for (int j = 0; j < from_rows; ++j) rows[j] = t.rows[j] ? t.rows[j] + c * map.row_channel_stride : t.zeros;
    if (c + 1 < map.channels) {
      each_line(map, [&](ptrdiff_t x) {
        for (int j = 0; j < from_rows; ++j) prefetch(rows[j] + map.row_channel_stride + x);
      });
    }
    float* const chunks = t.chunks + c * map.channel_stride;
    for (int line = 0; line < lines; ++line) fill<V>(chunks + line * stride, begin, zero);
    map_rows<V>(map, [&](auto body) ATROUS_INLINE {
      for (int r = 0; r < map.run_count; ++r) {
        const ChunkRun run = map.runs[r];
        float* to = chunks + run.element;
        ptrdiff_t x = run.column;
        const ptrdiff_t full = x + run.length / lanes * lanes;
        const auto store = [&](int p, Register y) ATROUS_INLINE { V::store(to + p * stride, y); };
        for (; x < full; x += lanes, to += lanes) {
          body([&](int j) ATROUS_INLINE { return V::load(rows[j] + x); }, store);
        }
        const int rest = run.length % lanes;
        if (rest > 0) body([&](int j) ATROUS_INLINE { return V::load_tail(rows[j] + x, rest); }, store);
      }
    });
    for (int line = 0; line < lines; ++line) fill<V>(chunks + line * stride + end, map.chunk_length - end, zero);
  }
}

template <class V>
void chunks_to_rows(const ChunksToRows& t) {
  using Register = typename V::Register;
  constexpr int lanes = V::lanes;
  const LaneRows map = t.map;
  const int to_rows = map.to[0] * map.to[1];
  const ptrdiff_t stride = map.line_stride;
  const bool relu = t.relu;
  float* rows[ShortTransform::largest * ShortTransform::largest];
  for (int c = 0; c < map.channels; ++c) {
    for (int j = 0; j < to_rows; ++j) rows[j] = t.rows[j] ? t.rows[j] + c * map.row_channel_stride : t.unwanted;
    if (c + 1 < map.channels) {
      each_line(map, [&](ptrdiff_t x) {
        for (int j = 0; j < to_rows; ++j) prefetch_for_write(rows[j] + map.row_channel_stride + x);
      });
    }
    const float* const chunks = t.chunks + c * map.channel_stride;
    const Register bias = V::broadcast(t.bias + c);
    const auto finish = [&](Register y) ATROUS_INLINE {
      y = V::add(y, bias);
      return relu ? V::relu(y) : y;
    };
    map_rows<V>(map, [&](auto body) ATROUS_INLINE {
      for (int r = 0; r < map.run_count; ++r) {
        const ChunkRun run = map.runs[r];
        const float* from = chunks + run.element;
        ptrdiff_t x = run.column;
        const ptrdiff_t full = x + run.length / lanes * lanes;
        const auto load = [&](int j) ATROUS_INLINE { return V::load(from + j * stride); };
        for (; x < full; x += lanes, from += lanes) {
          body(load, [&](int p, Register y) ATROUS_INLINE { V::store(rows[p] + x, finish(y)); });
        }
        const int rest = run.length % lanes;
        if (rest == 0) continue;
        body(load, [&](int p, Register y) ATROUS_INLINE { V::store_tail(rows[p] + x, finish(y), rest); });
      }
    });
  }
}

// planes[chunk mod 4][chunk div 4 · phases …] = chunks[chunk·phases …] for some tiles, or the other way. Up to 4
// vectors beyond the last chunk and up to a vector beyond each plane's last are read or written.
template <class V, int Unit>
inline ATROUS_INLINE void deal_units(const float* chunks, ptrdiff_t floats, float* planes, ptrdiff_t pitch) {
  for (ptrdiff_t i = 0; i < floats; i += V::lanes, chunks += 4 * V::lanes) {
    typename V::Register r[4];
    ATROUS_UNROLL
    for (int q = 0; q < 4; ++q) r[q] = V::load(chunks + q * V::lanes);
    V::template deinterleave4<Unit>(r);
    ATROUS_UNROLL
    for (int q = 0; q < 4; ++q) V::store(planes + q * pitch + i, r[q]);
  }
}
template <class V, int Unit>
inline ATROUS_INLINE void gather_units(const float* planes, ptrdiff_t pitch, ptrdiff_t floats, float* chunks) {
  for (ptrdiff_t i = 0; i < floats; i += V::lanes, chunks += 4 * V::lanes) {
    typename V::Register r[4];
    ATROUS_UNROLL
    for (int q = 0; q < 4; ++q) r[q] = V::load(planes + q * pitch + i);
    V::template interleave4<Unit>(r);
    ATROUS_UNROLL
    for (int q = 0; q < 4; ++q) V::store(chunks + q * V::lanes, r[q]);
  }
}

template <class V>
inline void deal(const float* chunks, ptrdiff_t tiles, ptrdiff_t phases, float* planes, ptrdiff_t pitch) {
  if (phases == 1) return deal_units<V, 1>(chunks, tiles, planes, pitch);
  if (phases == 2 && V::lanes > 2) return deal_units<V, 2>(chunks, 2 * tiles, planes, pitch);
  if (phases == 4 && V::lanes > 4) return deal_units<V, 4>(chunks, 4 * tiles, planes, pitch);
  if (phases == 8 && V::lanes > 8) return deal_units<V, 8>(chunks, 8 * tiles, planes, pitch);
  // Vectors reach into the next chunk's place, which is written after them.
  for (ptrdiff_t tile = 0; tile < tiles; ++tile, planes += phases) {
    for (int q = 0; q < 4; ++q, chunks += phases) {
      for (ptrdiff_t i = 0; i < phases; i += V::lanes) V::store(planes + q * pitch + i, V::load(chunks + i));
    }
  }
}
template <class V>
inline void gather(const float* planes, ptrdiff_t pitch, ptrdiff_t tiles, ptrdiff_t phases, float* chunks) {
  if (phases == 1) return gather_units<V, 1>(planes, pitch, tiles, chunks);
  if (phases == 2 && V::lanes > 2) return gather_units<V, 2>(planes, pitch, 2 * tiles, chunks);
  if (phases == 4 && V::lanes > 4) return gather_units<V, 4>(planes, pitch, 4 * tiles, chunks);
  if (phases == 8 && V::lanes > 8) return gather_units<V, 8>(planes, pitch, 8 * tiles, chunks);
  for (ptrdiff_t tile = 0; tile < tiles; ++tile, planes += phases) {
    for (int q = 0; q < 4; ++q, chunks += phases) {
      for (ptrdiff_t i = 0; i < phases; i += V::lanes) V::store(chunks + i, V::load(planes + q * pitch + i));
    }
  }
}

// Where the map reads or writes chunk i of a tile: dealt to planes, or, where a chunk fills vectors, in its place.
// Either way (i mod 4)·step + (i div 4)·next floats from chunk 0, and 4 is a constant that addresses are made of.
//
// Few lanes are wasted on the rest of a chunk that is longer than four vectors: such a one is read in its place, too,
// but not written, since its last vector would reach into the chunk behind it, whose first may stand there already.
template <class V>
struct ChunkAccess {
  ChunkAccess(const LaneWidth& map, bool reads)
      : in_place(map.phases % V::lanes == 0 || (reads && map.phases >= 4 * V::lanes)),
        step(in_place ? map.chunk_stride : map.plane_pitch),
        next(in_place ? 4 * map.chunk_stride : map.phases),
        runs(in_place ? map.tiles : 1),
        lanes(in_place ? map.phases : ptrdiff_t{map.tiles} * map.phases) {}

  bool in_place;
  ptrdiff_t step, next;
  ptrdiff_t runs, lanes;  // tiles that lie apart; lanes of each
};

template <class V>
void chunks_to_lanes(const ChunksToLanes& t) {
  using Register = typename V::Register;
  const LaneWidth map = t.map;
  const ChunkAccess<V> access(map, true);
  const ptrdiff_t phases = map.phases, stride = map.point_stride, step = access.step, next = access.next;
  const ptrdiff_t tiles = map.tiles + (map.from - 1) / 4;  // chunks beyond the last tile's four are the next one's
  const auto deal_channel = [&](int c) {
    deal<V>(t.chunks + c * map.chunk_channel_stride, tiles, phases, map.planes + c % 2 * 4 * map.plane_pitch,
            map.plane_pitch);
  };
  // A channel is dealt while the one before is transformed: loads of what was stored just now, in other pieces, would
  // wait for it.
  if (!access.in_place) deal_channel(0);
  with_map<V>(map.structure, map.from, map.matrix, map.to, [&](auto width) ATROUS_INLINE {
    for (int c = 0; c < map.channels; ++c) {
      const float* from = t.chunks + c * map.chunk_channel_stride;
      if (!access.in_place) {
        if (c + 1 < map.channels) deal_channel(c + 1);
        from = map.planes + c % 2 * 4 * map.plane_pitch;
      }
      float* to = t.lanes + c * map.lane_channel_stride;
      for (ptrdiff_t run = 0; run < access.runs; ++run) {
        for (ptrdiff_t n = 0; n < access.lanes; n += V::lanes) {
          width([&](int i) ATROUS_INLINE { return V::load(from + n + (i % 4 * step + i / 4 * next)); },
                [&](int p, Register y) ATROUS_INLINE { V::store(to + n + p * stride, y); });
        }
        from += next;
        to += phases;
      }
    }
  });
}

template <class V>
void lanes_to_chunks(const LanesToChunks& t) {
  using Register = typename V::Register;
  const LaneWidth map = t.map;
  const bool relu = t.relu;
  const ChunkAccess<V> access(map, false);
  const ptrdiff_t phases = map.phases, stride = map.point_stride, step = access.step, next = access.next;
  with_map<V>(map.structure, map.from, map.matrix, map.to, [&](auto width) ATROUS_INLINE {
    for (int c = 0; c < map.channels; ++c) {
      const float* from = t.lanes + c * map.lane_channel_stride;
      float* const chunks = t.chunks + c * map.chunk_channel_stride;
      float* to = access.in_place ? chunks : map.planes;
      const Register bias = t.bias ? V::broadcast(t.bias + c) : V::zero();
      for (ptrdiff_t run = 0; run < access.runs; ++run) {
        for (ptrdiff_t n = 0; n < access.lanes; n += V::lanes) {
          width([&](int p) ATROUS_INLINE { return V::load(from + n + p * stride); },
                [&](int i, Register y) ATROUS_INLINE {
                  y = V::add(y, bias);
                  if (relu) y = V::relu(y);
                  V::store(to + n + (i % 4 * step + i / 4 * next), y);
                });
        }
        from += phases;
        to += next;
      }
      if (!access.in_place) gather<V>(map.planes, map.plane_pitch, map.tiles, phases, chunks);
    }
  });
}

}  // namespace
}  // namespace atrous
