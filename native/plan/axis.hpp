// One spatial axis: which input element a coordinate stands for, and which taps of an output lie inside the input.
#pragma once
#include <cstdint>

#include "plan/conv_shape.hpp"
#include "plan/memory.hpp"

namespace atrous {

// Input element that stands at `coordinate` (any integer) of an axis of `size` elements, or −1 for a padding zero.
// reflect: −1 → 1; replicate: −1 → 0; circular: −1 → size − 1. The front checks that the padding is one the mode
// allows.
int64_t source_element(PaddingMode mode, int64_t coordinate, int64_t size);

// One axis of a convolution.
struct Axis {
  int64_t input, output, kernel, stride, dilation, padding;

  // Coordinate of output `o`'s tap `t`; outside [0, input) it lies in the padding.
  int64_t coordinate(int64_t o, int64_t t) const { return o * stride - padding + t * dilation; }
};

// Axis 0, 1, 2: depth, height, width.
Axis axis_of(const ConvShape& shape, int axis);

// How many outputs have their tap `t` inside the input.
int64_t outputs_inside(const Axis& axis, int64_t t);

// Share of all taps of all outputs that lie inside the input, 0 … 1; needs at least one output.
double valid_tap_fraction(const Axis& axis);

// Taps [begin, end).
struct TapRange {
  int64_t begin, end;
};

// The least range that holds every tap of the outputs `first` … `last` that lies inside the input: of one output, exactly
// those. Empty where none is.
TapRange taps_inside(const Axis& axis, int64_t first, int64_t last);
// The same, or all taps where the padding holds values.
TapRange taps_seen(const Axis& axis, bool zero_padded, int64_t first, int64_t last);

// Outputs [begin, end) whose taps [tap_begin, tap_end) and no others lie inside the input.
struct TapRun {
  int32_t begin, end, tap_begin, tap_end;
};

// All outputs of the axis in order, as maximal runs: at most 2·kernel + 1 of them.
// Empty buffer: out of memory.
AlignedBuffer<TapRun> tap_runs(const Axis& axis);
int64_t count_tap_runs(const Axis& axis);

}  // namespace atrous
