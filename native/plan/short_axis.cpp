#include "plan/short_axis.hpp"

#include <algorithm>

#include "plan/split.hpp"

namespace atrous {
namespace {

// Calls body(first output) for every tile of `outputs` outputs in a row.
template <class Body>
void each_tile(const ShortAlgorithm& algorithm, int64_t dilation, int tap_groups, int64_t outputs, Body body) {
  for (int64_t phase = 0; phase < std::min(dilation, outputs); ++phase) {
    const int64_t tiles = ceil_div(ceil_div(outputs - phase, dilation), algorithm.outputs) + tap_groups - 1;
    for (int64_t tile = 0; tile < tiles; ++tile) body(phase + tile * algorithm.outputs * dilation);
  }
}

int64_t count(const ShortAlgorithm& algorithm, int64_t dilation, int tap_groups, int64_t outputs) {
  int64_t tiles = 0;
  const int64_t phases = std::min(dilation, outputs);
  // Phases are of two lengths, the longer ones first.
  const int64_t longer = outputs - (ceil_div(outputs, dilation) - 1) * dilation;
  tiles += longer * (ceil_div(ceil_div(outputs, dilation), algorithm.outputs) + tap_groups - 1);
  if (phases > longer) {
    tiles += (phases - longer) * (ceil_div(outputs / dilation, algorithm.outputs) + tap_groups - 1);
  }
  return tiles;
}

AlignedBuffer<int32_t> first_outputs(const ShortAlgorithm& algorithm, int64_t dilation, int tap_groups,
                                     int64_t outputs) {
  AlignedBuffer<int32_t> first(count(algorithm, dilation, tap_groups, outputs));
  if (!first) return first;
  int64_t tile = 0;
  each_tile(algorithm, dilation, tap_groups, outputs,
            [&](int64_t output) { first[tile++] = static_cast<int32_t>(output); });
  return first;
}

}  // namespace

bool ShortAxis::fits(const ShortAlgorithm& algorithm, const Axis& axis, int tap_groups, bool zero_padded) {
  if (axis.stride != 1) return false;
  // Tiles beyond the last output must have coordinates of 32 bits.
  if (axis.output + int64_t{tap_groups + 1} * algorithm.outputs * axis.dilation > INT32_MAX) return false;
  if (algorithm.form == ShortForm::open) {
    return tap_groups == 1 ? algorithm.taps == axis.kernel
                           : algorithm.taps == algorithm.outputs && ceil_div(axis.kernel, algorithm.taps) == tap_groups;
  }
  // Every phase is one tile with zeros on both sides.
  return tap_groups == 1 && algorithm.taps == axis.kernel && zero_padded && axis.input == axis.output &&
         2 * axis.padding == axis.dilation * (axis.kernel - 1) && axis.kernel % 2 == 1 &&
         ceil_div(axis.output, axis.dilation) <= algorithm.outputs;
}

int64_t ShortAxis::count_tiles(const ShortAlgorithm& algorithm, const Axis& axis, int tap_groups,
                               int64_t region_outputs) {
  const int64_t full = axis.output / region_outputs, rest = axis.output % region_outputs;
  return full * count(algorithm, axis.dilation, tap_groups, region_outputs) +
         (rest > 0 ? count(algorithm, axis.dilation, tap_groups, rest) : 0);
}

ShortAxis::ShortAxis(const ShortAlgorithm& algorithm, const Axis& axis, int tap_groups, int64_t region_outputs)
    : algorithm_(&algorithm),
      axis_(axis),
      region_outputs_(region_outputs),
      regions_(ceil_div(axis.output, region_outputs)),
      before_(algorithm.form == ShortForm::closed ? (algorithm.taps - 1) / 2 : 0),
      full_(first_outputs(algorithm, axis.dilation, tap_groups, std::min(region_outputs, axis.output))),
      last_(first_outputs(algorithm, axis.dilation, tap_groups, axis.output - (regions_ - 1) * region_outputs)) {}

Interval ShortAxis::outputs(int64_t region) const {
  const int64_t begin = region * region_outputs_;
  return {begin, std::min(region_outputs_, axis_.output - begin)};
}

Interval ShortAxis::inputs(int64_t region) const {
  int64_t last = 0;
  for (int64_t tile = 0; tile < tiles(region); ++tile) last = std::max(last, first_input(region, tile));
  const int64_t begin = std::clamp<int64_t>(first_input(region, 0), 0, axis_.input);
  const int64_t end = std::clamp<int64_t>(last + (algorithm_->inputs() - 1) * axis_.dilation + 1, begin, axis_.input);
  return {begin, end - begin};
}

}  // namespace atrous
