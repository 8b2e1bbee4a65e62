// The width of a convolution cut into pieces, and these into the tiles of a short algorithm that stand in lanes
// (kernels/table.hpp, LaneWidth).
#pragma once
#include <cstdint>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/memory.hpp"
#include "plan/short_algorithm.hpp"

namespace atrous {

// A piece is a run of tiles for a run of phases. A kernel with more taps than the algorithm is cut into groups of them,
// as many taps as outputs each: the input of the next group is that of the next tile, so the inputs of a piece are
// those of tap_groups − 1 tiles more.
class LaneAxis {
 public:
  struct Runs {
    const ChunkRun* data;
    int32_t count;
  };

  // Whether tiles of the algorithm cover the axis in this way.
  static bool fits(const ShortAlgorithm& algorithm, const Axis& axis, int tap_groups);
  // Tiles and phases of the whole axis.
  static int64_t count_tiles(const ShortAlgorithm& algorithm, const Axis& axis);
  static int64_t count_phases(const Axis& axis);

  // Pieces of at most so many tiles and phases.
  LaneAxis(const ShortAlgorithm& algorithm, const Axis& axis, int tap_groups, int64_t tiles, int64_t phases);
  bool complete() const { return runs_ && begin_; }

  int64_t pieces() const { return tile_parts_ * phase_parts_; }
  int64_t tiles(int64_t piece) const;
  // Columns of chunk 0, phase 0 that the piece reads and writes; how many of the phases there are.
  int64_t input_column(int64_t piece) const { return output_column(piece) - padding_; }
  int64_t output_column(int64_t piece) const;
  int64_t phases(int64_t piece) const;
  // Columns that exist, of the chunks that the piece reads and of those that it writes.
  Runs inputs(int64_t piece) const { return runs(2 * piece); }
  Runs outputs(int64_t piece) const { return runs(2 * piece + 1); }

 private:
  Runs runs(int64_t index) const {
    return {runs_.data() + begin_[index], static_cast<int32_t>(begin_[index + 1] - begin_[index])};
  }

  int64_t all_tiles_, tiles_, tile_parts_, phase_parts_;
  int64_t tile_columns_, phases_, all_phases_, padding_;
  AlignedBuffer<ChunkRun> runs_;
  AlignedBuffer<int64_t> begin_;  // of a piece's inputs, of its outputs, of the next piece's inputs …
};

}  // namespace atrous
