#include "plan/axis.hpp"

#include <algorithm>

namespace atrous {
namespace {

int64_t ceiling_of_quotient(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

TapRun taps_inside(const Axis& axis, int64_t o) {
  const int64_t first = axis.coordinate(o, 0);
  // 0 ≤ first + t·dilation < input
  const int64_t begin = std::clamp(ceiling_of_quotient(-first, axis.dilation), int64_t{0}, axis.kernel);
  const int64_t end = std::clamp(ceiling_of_quotient(axis.input - first, axis.dilation), begin, axis.kernel);
  return {static_cast<int32_t>(o), static_cast<int32_t>(o + 1), static_cast<int32_t>(begin), static_cast<int32_t>(end)};
}

bool same_taps(const TapRun& a, const TapRun& b) { return a.tap_begin == b.tap_begin && a.tap_end == b.tap_end; }

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

double valid_tap_fraction(const Axis& axis) {
  double inside = 0;
  for (int64_t t = 0; t < axis.kernel; ++t) inside += static_cast<double>(outputs_inside(axis, t));
  return inside / (static_cast<double>(axis.kernel) * static_cast<double>(axis.output));
}

AlignedBuffer<TapRun> tap_runs(const Axis& axis) {
  int64_t count = 0;
  TapRun previous{0, 0, -1, -1};
  for (int64_t o = 0; o < axis.output; ++o) {
    const TapRun run = taps_inside(axis, o);
    count += !same_taps(previous, run);
    previous = run;
  }
  AlignedBuffer<TapRun> runs(count);
  if (!runs) return runs;
  int64_t last = -1;
  for (int64_t o = 0; o < axis.output; ++o) {
    const TapRun run = taps_inside(axis, o);
    if (last >= 0 && same_taps(runs[last], run)) {
      runs[last].end = run.end;
    } else {
      runs[++last] = run;
    }
  }
  return runs;
}

}  // namespace atrous
