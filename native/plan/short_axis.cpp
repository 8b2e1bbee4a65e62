#include "plan/short_axis.hpp"

#include <algorithm>

#include "plan/split.hpp"

namespace atrous {
namespace {

// Calls body(phase, outputs of the phase).
template <class Body>
void each_phase(const Axis& axis, Body body) {
  for (int64_t phase = 0; phase < std::min(axis.dilation, axis.output); ++phase) {
    body(phase, ceil_div(axis.output - phase, axis.dilation));
  }
}

}  // namespace

bool ShortAxis::fits(const ShortAlgorithm& algorithm, const Axis& axis, bool zero_padded) {
  if (axis.stride != 1 || algorithm.taps != axis.kernel) return false;
  if (algorithm.form == ShortForm::open) return true;
  // Every phase is one tile with zeros on both sides.
  return zero_padded && axis.input == axis.output && 2 * axis.padding == axis.dilation * (axis.kernel - 1) &&
         axis.kernel % 2 == 1 && ceil_div(axis.output, axis.dilation) <= algorithm.outputs;
}

int64_t ShortAxis::tile_count(const ShortAlgorithm& algorithm, const Axis& axis) {
  int64_t count = 0;
  each_phase(axis, [&](int64_t, int64_t outputs) { count += ceil_div(outputs, algorithm.outputs); });
  return count;
}

ShortAxis::ShortAxis(const ShortAlgorithm& algorithm, const Axis& axis)
    : algorithm_(&algorithm), axis_(axis), first_output_(tile_count(algorithm, axis)) {
  if (!complete()) return;
  int64_t tile = 0;
  each_phase(axis, [&](int64_t phase, int64_t outputs) {
    for (int64_t i = 0; i < outputs; i += algorithm.outputs) {
      first_output_[tile++] = static_cast<int32_t>(phase + i * axis.dilation);
    }
  });
}

}  // namespace atrous
