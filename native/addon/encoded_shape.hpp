// A convolution's shape as JavaScript sends it: the Int32Array of plan/conv_shape.hpp.
#pragma once
#include <node_api.h>

#include "plan/conv_shape.hpp"

namespace atrous {

// False with *error set when `value` is not such an array, or when the integers contradict each other so that a kernel
// could leave its arrays: after it every size fits 53 bits, every coordinate of a padded axis 31 bits, and the output's
// size is the one the formula gives. `transposed`: of a transposed convolution (plan/transposed_plan.hpp), whose output
// may have any size.
bool read_shape(napi_env env, napi_value value, bool transposed, ConvShape* shape, napi_value* error);

}  // namespace atrous
