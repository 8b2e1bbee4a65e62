// The same convolution with fewer axes: what kernels of one tap need not tell apart.
#pragma once
#include "plan/conv_shape.hpp"

namespace atrous {

// Axes of one tap have dilation 1, and two of them that follow each other are one: a 1×1 kernel sees a single row of
// pixels, whatever the map's width. The axes that are left are the last ones: a column is a row. Input, weight and output
// lie in memory as before.
ConvShape with_axes_joined(ConvShape shape);

}  // namespace atrous
