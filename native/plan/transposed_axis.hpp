// One axis of a transposed convolution as ordinary convolutions at stride 1.
//
// Input element j reaches output j·stride + t·dilation − begin through tap t. With step = stride / gcd(stride, dilation),
// the outputs that the taps t = phase + step·i of one residue reach are reached by no other tap:
//
//   u(p, phase) = stride·p + dilation·phase − begin
//   y[u(p, phase)] = Σ_i w[phase + step·i] · x[p − i·spacing],  spacing = dilation / gcd(stride, dilation)
//
// which over the positions p is a convolution of x with every step-th tap, mirrored. Phases with as many taps meet the
// same inputs at the same position: they are output channels of one convolution.
#pragma once
#include <cstdint>

#include "plan/conv_shape.hpp"

namespace atrous {

// Phases [first, first + count) of `taps` taps each, and the positions [begin, end) at which any of them has an output
// that a tap reaches.
struct PhaseGroup {
  int64_t first, count, taps;
  int64_t begin, end;
};

// The convolution of the positions [begin, end) of a phase group: the input elements it reads and the zeros around them.
struct PositionRange {
  int64_t begin, end;
  int64_t input_begin, input_end;
  int64_t padding_begin, padding_end;

  int64_t size() const { return end - begin; }
  int64_t input_size() const { return input_end - input_begin; }
};

class TransposedAxis {
 public:
  TransposedAxis(const ConvShape& shape, int axis);

  int64_t outputs() const { return output_; }
  int64_t stride() const { return stride_; }
  int64_t step() const { return step_; }
  int64_t spacing() const { return spacing_; }

  // One for each number of taps, ⌈kernel / step⌉ and ⌊kernel / step⌋, that has outputs.
  int group_count() const { return group_count_; }
  const PhaseGroup& group(int index) const { return groups_[index]; }

  // May lie outside [0, outputs()): cut from the result.
  int64_t output(int64_t position, int64_t phase) const { return stride_ * position + dilation_ * phase - begin_; }
  // First position whose output of this phase is `output` or later.
  int64_t position_from(int64_t output, int64_t phase) const;

  // How many input elements before its own a position reads.
  int64_t reach(const PhaseGroup& group) const { return (group.taps - 1) * spacing_; }
  PositionRange range(const PhaseGroup& group, int64_t begin, int64_t end) const;

  // Outputs that some tap reaches; the others are bias alone.
  int64_t reached_outputs() const;

 private:
  int64_t input_, output_, stride_, dilation_, begin_;
  int64_t step_, spacing_;
  PhaseGroup groups_[2];
  int group_count_ = 0;
};

}  // namespace atrous
