// The linear maps of short convolution algorithms, channels in lanes: ShortTransform in kernels/table.hpp has the
// formula.
//
// One vector of channels of a whole tile at a time: width first, then height, then depth, by way of scratch that stays
// in L1 (two-dimensional tiles of 10 × 12 values take 7.5 KiB). Entries of matrices are broadcast from memory. Values of
// a tile are pages apart, where no hardware prefetcher follows: each cache line is asked for two vectors ahead, without
// which transforms to and from L3 took twice as long.
#pragma once
#include "kernels/axis_map.hpp"
#include "kernels/prefetch.hpp"
#include "kernels/table.hpp"
#include "kernels/unroll.hpp"

namespace atrous {
namespace {

// The map of an axis whose structure is known at run time only.
template <class V, class Input, class Output>
inline ATROUS_INLINE void apply_map(ShortStructure structure, int from, const float* matrix, int rows, Input in,
                                    Output out) {
  const auto apply = [&](auto map) ATROUS_INLINE {
    map.matrix = matrix;
    map.rows = rows;
    map(in, out);
  };
  switch (structure) {
    case ShortStructure::dense:
      return with_dense_map<V, DenseMap>(from, apply);
    case ShortStructure::symmetric_input:
      return with_symmetric_map<V, SymmetricInput>(from, apply);
    case ShortStructure::symmetric_products:
      return with_symmetric_map<V, SymmetricProducts>(from, apply);
  }
}

template <class V>
void short_transform(const ShortTransform& t) {
  using Register = typename V::Register;
  constexpr int lanes = V::lanes;
  const int from_rows = t.from[0] * t.from[1];
  // Widths done; then heights done. One axis less where an axis has a single value.
  float* const widths = t.scratch;
  float* const heights = t.from[1] == 1 && t.to[1] == 1 ? widths : widths + from_rows * t.to[2] * lanes;
  const int plane = t.to[1] * t.to[2];

  for (int v = 0; v < t.vectors; ++v) {
    const int count = v + 1 < t.vectors ? lanes : t.last_lanes;
    const auto store = [&](int point, Register y) ATROUS_INLINE {
      float* const to = t.out[point];
      if (!to) return;
      prefetch_for_write(to, (v + 2) * lanes);
      if (t.bias) y = V::add(y, V::load(t.bias + v * lanes));
      if (t.relu) y = V::relu(y);
      if (count == lanes) {
        V::store(to + v * lanes, y);
      } else {
        V::store_tail(to + v * lanes, y, count);
      }
    };

    const bool one_axis = from_rows == 1 && t.to[0] == 1 && t.to[1] == 1;
    for (int row = 0; row < from_rows; ++row) {
      const float* const* in = t.in + row * t.from[2];
      float* out = widths + row * t.to[2] * lanes;
      const auto load = [&](int i) ATROUS_INLINE {
        prefetch(in[i], (v + 2) * lanes);
        return V::load(in[i] + v * lanes);
      };
      if (one_axis) {
        apply_map<V>(t.structure[2], t.from[2], t.matrix[2], t.to[2], load, store);
      } else {
        apply_map<V>(t.structure[2], t.from[2], t.matrix[2], t.to[2], load,
                     [&](int p, Register y) ATROUS_INLINE { V::store(out + p * lanes, y); });
      }
    }
    if (one_axis) continue;

    const bool two_axes = t.from[0] == 1 && t.to[0] == 1;
    if (two_axes || heights != widths) {
      for (int z = 0; z < t.from[0]; ++z) {
        for (int x = 0; x < t.to[2]; ++x) {
          const float* in = widths + (z * t.from[1] * t.to[2] + x) * lanes;
          float* out = heights + (z * plane + x) * lanes;
          const auto load = [&](int i) ATROUS_INLINE { return V::load(in + i * t.to[2] * lanes); };
          if (two_axes) {
            apply_map<V>(t.structure[1], t.from[1], t.matrix[1], t.to[1], load,
                         [&](int p, Register y) ATROUS_INLINE { store(p * t.to[2] + x, y); });
          } else {
            apply_map<V>(t.structure[1], t.from[1], t.matrix[1], t.to[1], load,
                         [&](int p, Register y) ATROUS_INLINE { V::store(out + p * t.to[2] * lanes, y); });
          }
        }
      }
    }
    if (two_axes) continue;

    for (int point = 0; point < plane; ++point) {
      const float* in = heights + point * lanes;
      apply_map<V>(
          t.structure[0], t.from[0], t.matrix[0], t.to[0],
          [&](int i) ATROUS_INLINE { return V::load(in + i * plane * lanes); },
          [&](int p, Register y) ATROUS_INLINE { store(p * plane + point, y); });
    }
  }
}

}  // namespace
}  // namespace atrous
