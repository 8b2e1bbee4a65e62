#include "plan/axis.hpp"

#include <algorithm>

namespace atrous {
namespace {

int64_t ceiling_of_quotient(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

// First output of which fewer than `taps` taps lie before coordinate `bound`.
int64_t output_with_fewer(const Axis& axis, int64_t taps, int64_t bound) {
  return ceiling_of_quotient(bound + axis.padding - (taps - 1) * axis.dilation, axis.stride);
}

// Calls body(run) for maximal runs in order, going from change to change: both ends of the taps inside only ever fall.
template <class Body>
void each_run(const Axis& axis, Body body) {
  TapRun run{0, 0, -1, -1};
  for (int64_t o = 0; o < axis.output;) {
    const TapRange here = taps_inside(axis, o, o);
    const int64_t first = axis.coordinate(o, 0);
    const int64_t begin = ceiling_of_quotient(-first, axis.dilation);
    int64_t next = axis.output;
    if (begin > 0) next = std::min(next, output_with_fewer(axis, std::min(begin, axis.kernel), 0));
    if (here.end > 0) next = std::min(next, output_with_fewer(axis, here.end, axis.input));
    next = std::max(next, o + 1);
    if (run.tap_begin == here.begin && run.tap_end == here.end) {
      run.end = static_cast<int32_t>(next);
    } else {
      if (run.tap_begin >= 0) body(run);
      run = {static_cast<int32_t>(o), static_cast<int32_t>(next), static_cast<int32_t>(here.begin),
             static_cast<int32_t>(here.end)};
    }
    o = next;
  }
  if (run.tap_begin >= 0) body(run);
}

}  // namespace

int64_t source_element(PaddingMode mode, int64_t coordinate, int64_t size) {
  if (coordinate >= 0 && coordinate < size) return coordinate;
  switch (mode) {
    case PaddingMode::zeros:
      return -1;
    case PaddingMode::reflect:
      return coordinate < 0 ? -coordinate : 2 * (size - 1) - coordinate;
    case PaddingMode::replicate:
      return coordinate < 0 ? 0 : size - 1;
    case PaddingMode::circular:
      return coordinate < 0 ? coordinate + size : coordinate - size;
  }
  return -1;
}

Axis axis_of(const ConvShape& shape, int axis) {
  return {shape.input[axis],  shape.output[axis],   shape.kernel[axis],
          shape.stride[axis], shape.dilation[axis], shape.padding_begin[axis]};
}

int64_t outputs_inside(const Axis& axis, int64_t t) {
  // 0 ≤ o·stride + offset < input
  const int64_t offset = axis.coordinate(0, t);
  const int64_t begin = std::clamp(ceiling_of_quotient(-offset, axis.stride), int64_t{0}, axis.output);
  const int64_t end = std::clamp(ceiling_of_quotient(axis.input - offset, axis.stride), begin, axis.output);
  return end - begin;
}

TapRange taps_inside(const Axis& axis, int64_t first, int64_t last) {
  // 0 ≤ coordinate + t·dilation < input; both ends only ever fall from one output to the next.
  const int64_t from = -axis.coordinate(last, 0), to = axis.input - axis.coordinate(first, 0);
  const int64_t begin = std::clamp(ceiling_of_quotient(from, axis.dilation), int64_t{0}, axis.kernel);
  const int64_t end = std::clamp(ceiling_of_quotient(to, axis.dilation), int64_t{0}, axis.kernel);
  return end > begin ? TapRange{begin, end} : TapRange{0, 0};
}

TapRange taps_seen(const Axis& axis, bool zero_padded, int64_t first, int64_t last) {
  return zero_padded ? taps_inside(axis, first, last) : TapRange{0, axis.kernel};
}

double valid_tap_fraction(const Axis& axis) {
  double inside = 0;
  for (int64_t t = 0; t < axis.kernel; ++t) inside += static_cast<double>(outputs_inside(axis, t));
  return inside / (static_cast<double>(axis.kernel) * static_cast<double>(axis.output));
}

int64_t count_tap_runs(const Axis& axis) {
  int64_t count = 0;
  each_run(axis, [&](const TapRun&) { ++count; });
  return count;
}

AlignedBuffer<TapRun> tap_runs(const Axis& axis) {
  AlignedBuffer<TapRun> runs(count_tap_runs(axis));
  if (!runs) return runs;
  int64_t next = 0;
  each_run(axis, [&](const TapRun& run) { runs[next++] = run; });
  return runs;
}

}  // namespace atrous
