// One image with its channels contiguous, as kernels with channels in lanes read it: [pixels][pitch].
#pragma once
#include <cstdint>

#include "plan/conv_shape.hpp"

namespace atrous {

struct KernelTable;

// Padding with values (not zeros) is written out, and the convolution that reads the image has none; zeros are not
// stored.
ConvShape with_padding_applied(ConvShape shape);

class ChannelsLastImage {
 public:
  // Whole vectors of `lanes` channels may be read of every group: what lies beyond the group's last is arbitrary. With
  // one lane nothing beyond is read. Channels-last input without value padding is used in place where that is allowed.
  ChannelsLastImage(const ConvShape& shape, int64_t lanes);

  // Scratch that fill() needs; 0 where the input is used in place.
  int64_t floats() const { return in_place_ ? 0 : padded_.in_pixels() * pitch_; }
  int64_t pitch() const { return pitch_; }

  // The image of the input at `input`: `scratch` filled, or the input itself.
  const float* fill(const float* input, float* scratch, const KernelTable& kernels, int threads) const;

 private:
  void fill_padded_row(const float* input, int64_t first_pixel, float* row, const KernelTable& kernels) const;

  ConvShape shape_, padded_;
  bool in_place_;
  int64_t pitch_;
};

}  // namespace atrous
