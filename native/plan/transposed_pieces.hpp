// The positions of a transposed convolution (transposed_axis.hpp) cut into pieces that are computed one by one.
#pragma once
#include <cstdint>

#include "plan/memory.hpp"
#include "plan/transposed_part.hpp"

namespace atrous {

// Along one axis: runs of `size` positions, the last one shorter.
class AxisPieces {
 public:
  AxisPieces() = default;
  AxisPieces(const TransposedAxis& axis, int64_t begin, int64_t end, int64_t size);
  bool complete() const { return kind_[0] && kind_[1]; }

  int64_t count() const { return count_; }
  // What a piece has of a phase group: its size may be 0 or less.
  PositionRange range(const PhaseGroup& group, int64_t piece) const;

  // Pieces whose convolutions have the same shape are of one kind, from 0 to kinds() − 1; −1: nothing of the phase group.
  int32_t kind(int group, int64_t piece) const { return kind_[group][piece]; }
  int32_t kinds(int group) const { return kinds_[group]; }

 private:
  const TransposedAxis* axis_ = nullptr;
  int64_t begin_ = 0, size_ = 1, count_ = 0;
  AlignedBuffer<int32_t> kind_[2];
  int32_t kinds_[2] = {0, 0};
};

// False: out of memory. `axes` must outlive the pieces. There must be a part.
bool cut_into_pieces(const ConvShape& shape, const TransposedAxes& axes, AxisPieces (&pieces)[3]);

}  // namespace atrous
