// Reads and checks an encoded shape: kernels trust every integer that passed here.
#include "addon/encoded_shape.hpp"

#include <cstring>
#include <initializer_list>

#include "addon/errors.hpp"

namespace atrous {
namespace {

// The largest length JavaScript can tell exactly; four bytes a value still fit 64 bits.
constexpr int64_t largest_size = int64_t{1} << 53;

// False when the product, zeros left out, exceeds largest_size: no partial product of ConvShape's sizes overflows after
// this.
bool product_fits(std::initializer_list<int64_t> factors) {
  int64_t product = 1;
  for (int64_t factor : factors) {
    if (factor == 0) continue;
    if (product > largest_size / factor) return false;
    product *= factor;
  }
  return true;
}

int64_t floor_of_quotient(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// What is wrong, or null.
const char* axis_problem(const ConvShape& shape, int axis) {
  const int64_t input = shape.input[axis], kernel = shape.kernel[axis], output = shape.output[axis];
  const int64_t begin = shape.padding_begin[axis], end = shape.padding_end[axis];
  if (input < 0 || output < 0) return "sizes ≥ 0";
  if (kernel < 1) return "kernel sizes ≥ 1";
  if (shape.stride[axis] < 1 || shape.dilation[axis] < 1) return "strides and dilations ≥ 1";
  if (begin < 0 || end < 0) return "padding ≥ 0";

  const int64_t padded = input + begin + end, window = shape.dilation[axis] * (kernel - 1) + 1;
  if (padded > INT32_MAX || window > INT32_MAX) return "padded inputs and windows below 2^31 elements";
  if (output != floor_of_quotient(padded - window, shape.stride[axis]) + 1) {
    return "output sizes floor((input + padding - dilation * (kernel - 1) - 1) / stride) + 1";
  }

  const int64_t padding = begin > end ? begin : end;
  switch (shape.padding_mode) {
    case PaddingMode::zeros:
      return nullptr;
    case PaddingMode::reflect:
      return padding > 0 && padding >= input ? "reflected padding smaller than the input" : nullptr;
    case PaddingMode::replicate:
      return padding > 0 && input == 0 ? "an input to replicate" : nullptr;
    case PaddingMode::circular:
      return padding > input ? "circular padding no larger than the input" : nullptr;
  }
  return "a known padding mode";
}

// Of a transposed convolution: its output may have any size.
const char* transposed_axis_problem(const ConvShape& shape, int axis) {
  const int64_t input = shape.input[axis], kernel = shape.kernel[axis], output = shape.output[axis];
  const int64_t stride = shape.stride[axis], dilation = shape.dilation[axis], begin = shape.padding_begin[axis];
  if (input < 0 || output < 0) return "sizes ≥ 0";
  if (kernel < 1) return "kernel sizes ≥ 1";
  if (stride < 1 || dilation < 1) return "strides and dilations ≥ 1";
  if (begin < 0) return "padding ≥ 0";
  if (begin + output > INT32_MAX || (input - 1) * stride + dilation * (kernel - 1) + 1 > INT32_MAX) {
    return "uncut outputs below 2^31 elements";
  }
  return nullptr;
}

const char* shape_problem(const ConvShape& shape, bool transposed) {
  if (shape.batch < 0) return "batch ≥ 0";
  if (shape.groups < 1 || shape.in_channels < 1 || shape.out_channels < 1) return "groups and channels ≥ 1";
  if (shape.in_channels % shape.groups != 0 || shape.out_channels % shape.groups != 0) {
    return "groups that divide both channel counts";
  }
  if (shape.layout != Layout::channels_first && shape.layout != Layout::channels_last) return "a known layout";
  if (shape.activation != Activation::none && shape.activation != Activation::relu) return "a known activation";
  for (int axis = 0; axis < 3; ++axis) {
    if (const char* problem = (transposed ? transposed_axis_problem : axis_problem)(shape, axis)) return problem;
  }
  // What value padding adds is written out, by some plans for a whole image.
  int64_t padded[3];
  for (int axis = 0; axis < 3; ++axis) {
    const bool zeros = shape.padding_mode == PaddingMode::zeros;
    padded[axis] = shape.input[axis] + (zeros ? 0 : int64_t{shape.padding_begin[axis]} + shape.padding_end[axis]);
  }
  const int32_t *in = shape.input, *out = shape.output, *kernel = shape.kernel;
  if (!product_fits({shape.batch, shape.in_channels, in[0], in[1], in[2]}) ||
      !product_fits({shape.in_channels, padded[0], padded[1], padded[2]}) ||
      !product_fits({shape.batch, shape.out_channels, out[0], out[1], out[2]}) ||
      !product_fits({shape.out_channels, shape.in_channels_per_group(), kernel[0], kernel[1], kernel[2]})) {
    return "arrays of at most 2^53 elements";
  }
  // Phases are output channels of the convolutions that a transposed one consists of.
  if (transposed && shape.weight_size() / shape.in_channels_per_group() > INT32_MAX) {
    return "output channels times taps below 2^31";
  }
  return nullptr;
}

}  // namespace

bool read_shape(napi_env env, napi_value value, bool transposed, ConvShape* shape, napi_value* error) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array) {
    *error = argument_type_error(env, "Expected shape to be an Int32Array");
    return false;
  }
  if (length != ConvShape::integer_count) {
    *error = argument_range_error(env, "Expected shape to have length %d, received length %lld",
                                  ConvShape::integer_count, static_cast<long long>(length));
    return false;
  }
  std::memcpy(shape, data, sizeof *shape);  // checked as copied: shared memory may change at any time
  if (const char* problem = shape_problem(*shape, transposed)) {
    *error = argument_range_error(env, "Expected shape to have %s", problem);
    return false;
  }
  return true;
}

}  // namespace atrous
