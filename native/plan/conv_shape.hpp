// A resolved convolution, as lib/backend/backend.ts describes it: what is computed, in integers only.
//
//   y[n, k, o] = act(bias[k] + Σ_{c, t} w[k, c, t] · x[n, c, o·stride − padding_begin + t·dilation])
//
// Three spatial axes always (depth, height, width); fewer are filled in front with size 1, stride 1, padding 0.
#pragma once
#include <cstddef>
#include <cstdint>

namespace atrous {

enum class PaddingMode : int32_t { zeros, reflect, replicate, circular };
enum class Layout : int32_t { channels_first, channels_last };
enum class Activation : int32_t { none, relu };

// The addon receives exactly these integers in this order (lib/backend/native.ts writes them).
struct ConvShape {
  int32_t batch, groups, in_channels, out_channels;
  int32_t input[3], kernel[3], stride[3], dilation[3], padding_begin[3], padding_end[3], output[3];
  PaddingMode padding_mode;
  Layout layout;
  Activation activation;

  static constexpr int integer_count = 4 + 7 * 3 + 3;

  int64_t in_pixels() const { return int64_t{input[0]} * input[1] * input[2]; }
  int64_t out_pixels() const { return int64_t{output[0]} * output[1] * output[2]; }
  int64_t taps() const { return int64_t{kernel[0]} * kernel[1] * kernel[2]; }
  int32_t in_channels_per_group() const { return in_channels / groups; }
  int32_t out_channels_per_group() const { return out_channels / groups; }
  int64_t input_size() const { return batch * int64_t{in_channels} * in_pixels(); }
  int64_t output_size() const { return batch * int64_t{out_channels} * out_pixels(); }
  int64_t weight_size() const { return int64_t{out_channels} * in_channels_per_group() * taps(); }
};
static_assert(sizeof(ConvShape) == ConvShape::integer_count * sizeof(int32_t), "read straight from an Int32Array");

}  // namespace atrous
