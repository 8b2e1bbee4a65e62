#include "plan/transposed_axis.hpp"

#include <algorithm>
#include <numeric>

namespace atrous {

TransposedAxis::TransposedAxis(const ConvShape& shape, int axis)
    : input_(shape.input[axis]),
      output_(shape.output[axis]),
      stride_(shape.stride[axis]),
      dilation_(shape.dilation[axis]),
      begin_(shape.padding_begin[axis]) {
  const int64_t common = std::gcd(stride_, dilation_);
  step_ = stride_ / common;
  spacing_ = dilation_ / common;
  if (input_ == 0) return;
  const int64_t fewer = shape.kernel[axis] / step_, with_more = shape.kernel[axis] % step_;
  const PhaseGroup candidates[] = {{0, with_more, fewer + 1, 0, 0}, {with_more, step_ - with_more, fewer, 0, 0}};
  for (PhaseGroup group : candidates) {
    if (group.count == 0 || group.taps == 0) continue;
    group.begin = std::max<int64_t>(0, position_from(0, group.first + group.count - 1));
    group.end = std::min(input_ + reach(group), position_from(output_, group.first));
    if (group.begin < group.end) groups_[group_count_++] = group;
  }
}

int64_t TransposedAxis::position_from(int64_t output, int64_t phase) const {
  const int64_t distance = output + begin_ - dilation_ * phase;
  return distance >= 0 ? (distance + stride_ - 1) / stride_ : -(-distance / stride_);
}

PositionRange TransposedAxis::range(const PhaseGroup& group, int64_t begin, int64_t end) const {
  const int64_t first = begin - reach(group);
  PositionRange range{begin, end, std::max<int64_t>(0, first), std::min(input_, end), 0, 0};
  range.padding_begin = range.input_begin - first;
  range.padding_end = end - range.input_end;
  return range;
}

int64_t TransposedAxis::reached_outputs() const {
  int64_t reached = 0;
  for (int i = 0; i < group_count_; ++i) {
    const PhaseGroup& group = groups_[i];
    for (int64_t phase = group.first; phase < group.first + group.count; ++phase) {
      const int64_t begin = std::max(group.begin, position_from(0, phase));
      reached += std::max<int64_t>(0, std::min(group.end, position_from(output_, phase)) - begin);
    }
  }
  return reached;
}

}  // namespace atrous
