// The ordinary convolutions that a transposed one consists of: one for each combination of phase groups
// (transposed_axis.hpp), one group an axis.
#pragma once
#include <cstdint>

#include "plan/memory.hpp"
#include "plan/plan.hpp"
#include "plan/transposed_axis.hpp"

namespace atrous {

struct TransposedAxes {
  TransposedAxis axis[3];  // depth, height, width

  explicit TransposedAxes(const ConvShape& shape)
      : axis{TransposedAxis(shape, 0), TransposedAxis(shape, 1), TransposedAxis(shape, 2)} {}

  const TransposedAxis& operator[](int i) const { return axis[i]; }
};

// Output channel k and phase f of the transposed convolution are one output channel of a part. Within a group of channels
// they stand as the output has them, so that runs of it are copied: [k][f] channels first, [f][k] channels last.
struct TransposedPart {
  static constexpr int most = 8;

  int index[3];  // of the groups
  PhaseGroup group[3];

  // Sets `parts`, and returns how many there are: none where no tap reaches an output.
  static int list(const TransposedAxes& axes, TransposedPart (&parts)[most]);

  int64_t phases() const { return group[0].count * group[1].count * group[2].count; }
  int64_t taps() const { return group[0].taps * group[1].taps * group[2].taps; }

  // The convolution of a box of positions.
  ConvShape shape(const ConvShape& transposed, const TransposedAxes& axes, const PositionRange (&box)[3],
                  Layout layout) const;
};

// Weights and bias of a part as its convolution takes them in `layout`, the kernel mirrored.
struct PartParameters {
  PartParameters(const PlanRequest& request, const TransposedAxes& axes, const TransposedPart& part, Layout layout);
  bool complete() const { return weight && bias; }

  AlignedFloats weight, bias;
};

}  // namespace atrous
