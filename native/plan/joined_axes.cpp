#include "plan/joined_axes.hpp"

#include <utility>

namespace atrous {

ConvShape with_axes_joined(ConvShape shape) {
  bool free[3];  // every output needs the input of its own place
  for (int i = 0; i < 3; ++i) {
    const bool padded = shape.padding_begin[i] > 0 || shape.padding_end[i] > 0;
    if (shape.kernel[i] == 1) shape.dilation[i] = 1;
    if (shape.kernel[i] == 1 && shape.input[i] == 1 && !padded) shape.stride[i] = 1;
    free[i] = shape.kernel[i] == 1 && shape.stride[i] == 1 && !padded;
  }
  for (int i = 0; i < 2; ++i) {
    const int64_t size = int64_t{shape.input[i]} * shape.input[i + 1];
    // Far from 2³¹, where coordinates of 32 bits end.
    if (!free[i] || !free[i + 1] || size > INT32_MAX / 4) continue;
    shape.input[i + 1] = shape.output[i + 1] = static_cast<int32_t>(size);
    shape.input[i] = shape.output[i] = 1;
  }
  // Axes of one place come first.
  for (const int i : {1, 0, 1}) {
    if (!free[i + 1] || shape.input[i + 1] != 1) continue;
    for (int32_t* sizes : {shape.input, shape.kernel, shape.stride, shape.dilation, shape.padding_begin,
                           shape.padding_end, shape.output}) {
      std::swap(sizes[i], sizes[i + 1]);
    }
    std::swap(free[i], free[i + 1]);
  }
  return shape;
}

}  // namespace atrous
