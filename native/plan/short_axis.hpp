// One axis of a convolution cut into regions, and these into the tiles of a short algorithm.
#pragma once
#include <cstdint>

#include "plan/axis.hpp"
#include "plan/memory.hpp"
#include "plan/short_algorithm.hpp"

namespace atrous {

// A run of coordinates of an axis.
struct Interval {
  int64_t begin, size;
};

// The tiles of each phase that one algorithm computes: all, or one of two pieces. Of open forms the first piece has
// `most_tiles` tiles and the second what lies behind them; of closed forms one piece has the longer phases and the other
// one the shorter.
struct ShortPiece {
  explicit ShortPiece(const ShortAlgorithm& algorithm) : algorithm(&algorithm) {}

  const ShortAlgorithm* algorithm;
  int64_t before = 0;  // outputs of each phase that the other piece has
  int64_t most_tiles = INT64_MAX;
  int64_t shortest = 0, longest = INT64_MAX;  // phases, in outputs

  // Tiles in a phase of so many outputs.
  int64_t tiles(int64_t outputs) const;
};

// What computes an axis: one algorithm, or two that share each of its phases.
struct ShortFit {
  const ShortAlgorithm* algorithm;
  const ShortAlgorithm* second;  // null: none
  int64_t first_tiles;           // of a phase, that the first algorithm computes; closed forms: all or none
  int tap_groups;

  ShortPiece piece(bool of_second) const;
};

// A region is a run of outputs. Under dilation d it has d phases; of one phase, outputs `outputs`·d apart make up
// tiles, numbered phase by phase. A kernel with more taps than the algorithm is cut into groups of them: with as many
// taps as outputs, the input of the next group is the input of the next tile. So each phase has `tap_groups` − 1 tiles
// more, which have inputs only.
class ShortAxis {
 public:
  // `zero_padded`: beyond the input lie zeros (and not values that were written out).
  static bool fits(const ShortAlgorithm& algorithm, const Axis& axis, int tap_groups, bool zero_padded);
  // Whether two algorithms share its phases, some of which are longer than the second one's tile.
  static bool fits(const ShortAlgorithm& first, const ShortAlgorithm& second, const Axis& axis, bool zero_padded);
  // All that compute an axis, at most `most`; `groups`: also by groups of taps. Of two algorithms those only that take
  // fewer products than any others that err no more.
  static int list_fits(const Axis& axis, bool groups, bool zero_padded, ShortFit* fits, int most);
  // Tiles of all regions.
  static int64_t count_tiles(const ShortPiece& piece, const Axis& axis, int tap_groups, int64_t region_outputs);

  // `region_outputs`: all of the axis, or a multiple of the algorithm's outputs times the dilation.
  ShortAxis(const ShortPiece& piece, const Axis& axis, int tap_groups, int64_t region_outputs);
  bool complete() const { return full_ && last_; }

  int64_t regions() const { return regions_; }
  Interval outputs(int64_t region) const;
  // All elements that the region's tiles read.
  Interval inputs(int64_t region) const;
  int64_t tiles(int64_t region) const { return table(region).size(); }
  int64_t most_tiles() const { return full_.size(); }

  // Coordinates of a tile's i-th output and input; −1 where there is none: an output beyond the region, an input in the
  // padding.
  int64_t output(int64_t region, int64_t tile, int64_t i) const {
    const int64_t o = table(region)[tile] + i * axis_.dilation;
    return o < outputs(region).size ? region * region_outputs_ + o : -1;
  }
  int64_t input(int64_t region, int64_t tile, int64_t i) const {
    const int64_t coordinate = first_input(region, tile) + i * axis_.dilation;
    return coordinate >= 0 && coordinate < axis_.input ? coordinate : -1;
  }

 private:
  const AlignedBuffer<int32_t>& table(int64_t region) const { return region + 1 < regions_ ? full_ : last_; }
  int64_t first_input(int64_t region, int64_t tile) const {
    return axis_.coordinate(region * region_outputs_ + table(region)[tile], 0) + before_ * axis_.dilation;
  }

  const ShortAlgorithm* algorithm_;
  Axis axis_;
  int64_t region_outputs_, regions_;
  int64_t before_;  // elements between the first tap of output 0 and input 0: a closed form leaves out zeros
  AlignedBuffer<int32_t> full_, last_;  // first output of every tile, within a full region and within the last one
};

}  // namespace atrous
