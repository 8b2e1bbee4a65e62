#include "plan/lane_axis.hpp"

#include <algorithm>

#include "plan/split.hpp"

namespace atrous {
namespace {

// Calls body(run) for the columns that exist of `chunks` chunks, the first beginning at `column` and each a dilation
// further; `phases` of them stand side by side, of which the first `wanted` are looked at.
template <class Body>
void each_run(int64_t column, int64_t chunks, int64_t dilation, int64_t phases, int64_t wanted, int64_t columns,
              Body body) {
  // Chunks of all phases follow each other as the columns do.
  const bool contiguous = phases == dilation;
  const int64_t count = contiguous ? 1 : chunks, length = contiguous ? chunks * dilation : wanted;
  for (int64_t j = 0; j < count; ++j, column += dilation) {
    const int64_t begin = std::max<int64_t>(0, -column), end = std::min(length, columns - column);
    if (begin >= end) continue;
    body(ChunkRun{static_cast<int32_t>(column + begin), static_cast<int32_t>(j * phases + begin),
                  static_cast<int32_t>(end - begin)});
  }
}

}  // namespace

bool LaneAxis::fits(const ShortAlgorithm& algorithm, const Axis& axis, int tap_groups) {
  // Tiles of four: lanes are dealt to their outputs by shuffles of four registers.
  if (axis.stride != 1 || algorithm.form != ShortForm::open || (algorithm.outputs != 4 && algorithm.outputs != 1)) {
    return false;
  }
  // Columns beyond the last output must have coordinates of 32 bits.
  if (axis.output + axis.input + (int64_t{axis.kernel} + algorithm.outputs) * axis.dilation > INT32_MAX / 2)
    return false;
  return tap_groups == 1 ? algorithm.taps == axis.kernel
                         : algorithm.taps == algorithm.outputs && ceil_div(axis.kernel, algorithm.taps) == tap_groups;
}

int64_t LaneAxis::count_tiles(const ShortAlgorithm& algorithm, const Axis& axis) {
  return ceil_div(ceil_div(axis.output, axis.dilation), algorithm.outputs);
}

int64_t LaneAxis::count_phases(const Axis& axis) { return std::min(axis.dilation, axis.output); }

LaneAxis::LaneAxis(const ShortAlgorithm& algorithm, const Axis& axis, int tap_groups, int64_t tiles, int64_t phases)
    : all_tiles_(count_tiles(algorithm, axis)),
      tiles_(tiles),
      tile_parts_(ceil_div(all_tiles_, tiles)),
      phase_parts_(ceil_div(count_phases(axis), phases)),
      tile_columns_(algorithm.outputs * axis.dilation),
      phases_(phases),
      all_phases_(count_phases(axis)),
      padding_(axis.padding),
      begin_(2 * pieces() + 1) {
  if (!begin_) return;
  // Once to count the runs, once to keep them.
  int64_t count = 0;
  const auto keep = [&](const ChunkRun& run) {
    if (runs_) runs_[count] = run;
    ++count;
  };
  for (int pass = 0; pass < 2; ++pass) {
    count = 0;
    for (int64_t piece = 0; piece < pieces(); ++piece) {
      const int64_t wanted = this->phases(piece);
      const int64_t outputs = this->tiles(piece) * algorithm.outputs;
      const int64_t inputs = outputs + algorithm.inputs() + (tap_groups - 2) * algorithm.outputs;
      begin_[2 * piece] = count;
      each_run(input_column(piece), inputs, axis.dilation, phases, wanted, axis.input, keep);
      begin_[2 * piece + 1] = count;
      each_run(output_column(piece), outputs, axis.dilation, phases, wanted, axis.output, keep);
    }
    begin_[2 * pieces()] = count;
    if (pass == 0) runs_ = AlignedBuffer<ChunkRun>(count);
    if (!runs_) return;
  }
}

int64_t LaneAxis::tiles(int64_t piece) const { return std::min(tiles_, all_tiles_ - piece / phase_parts_ * tiles_); }

int64_t LaneAxis::output_column(int64_t piece) const {
  return piece / phase_parts_ * tiles_ * tile_columns_ + piece % phase_parts_ * phases_;
}

int64_t LaneAxis::phases(int64_t piece) const {
  return std::min(phases_, all_phases_ - piece % phase_parts_ * phases_);
}

}  // namespace atrous
