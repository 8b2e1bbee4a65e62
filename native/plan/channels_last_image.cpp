#include "plan/channels_last_image.hpp"

#include <algorithm>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// Floats from one pixel to the next. A pitch of whole 4 KiB pages would map all pixels of a tile to the same cache sets
// (up to 22 % slower): 64 bytes more spread them.
int64_t spread_pitch(int64_t channels) { return channels % 64 == 0 ? channels + 16 : channels; }

}  // namespace

ConvShape with_padding_applied(ConvShape shape) {
  if (shape.padding_mode == PaddingMode::zeros) return shape;
  for (int axis = 0; axis < 3; ++axis) {
    shape.input[axis] += shape.padding_begin[axis] + shape.padding_end[axis];
    shape.padding_begin[axis] = shape.padding_end[axis] = 0;
  }
  return shape;
}

ChannelsLastImage::ChannelsLastImage(const ConvShape& shape, int64_t lanes)
    : shape_(shape), padded_(with_padding_applied(shape)) {
  const int64_t channels = shape.in_channels_per_group(), whole = ceil_div(channels, lanes) * lanes;
  in_place_ = shape.layout == Layout::channels_last && shape.padding_mode == PaddingMode::zeros && channels == whole;
  pitch_ = in_place_ ? shape.in_channels : spread_pitch((shape.groups - 1) * channels + whole);
}

const float* ChannelsLastImage::fill(const float* input, float* scratch, const KernelTable& kernels,
                                     int threads) const {
  if (in_place_) return input;
  const ConvShape& s = shape_;
  threads = useful_threads(threads, static_cast<double>(padded_.in_pixels()) * s.in_channels * 4);
  if (s.padding_mode == PaddingMode::zeros && s.layout == Layout::channels_first) {
    // 128 pixels of 16 channels are read at a time: 16 streams.
    const Split chunks = Split::at_most(s.in_pixels(), 128);
    parallel_for(threads, chunks.parts, [&](int64_t chunk, int) {
      const int64_t first = chunks.begin(chunk);
      kernels.transpose(input + first, s.in_pixels(), scratch + first * pitch_, pitch_, s.in_channels,
                        chunks.size(chunk));
    });
    return scratch;
  }
  parallel_for(threads, int64_t{padded_.input[0]} * padded_.input[1], [&](int64_t row, int) {
    const ConvShape& p = padded_;
    const bool zeros = s.padding_mode == PaddingMode::zeros;
    const int64_t z = source_element(s.padding_mode, row / p.input[1] - (zeros ? 0 : s.padding_begin[0]), s.input[0]);
    const int64_t y = source_element(s.padding_mode, row % p.input[1] - (zeros ? 0 : s.padding_begin[1]), s.input[1]);
    fill_padded_row(input, (z * s.input[1] + y) * s.input[2], scratch + row * p.input[2] * pitch_, kernels);
  });
  return scratch;
}

void ChannelsLastImage::fill_padded_row(const float* input, int64_t first_pixel, float* row,
                                        const KernelTable& kernels) const {
  const ConvShape& s = shape_;
  const int64_t width = s.input[2], begin = s.padding_mode == PaddingMode::zeros ? 0 : s.padding_begin[2];
  float* inside = row + begin * pitch_;
  if (s.layout == Layout::channels_first) {
    kernels.transpose(input + first_pixel, s.in_pixels(), inside, pitch_, s.in_channels, width);
  } else {
    for (int64_t x = 0; x < width; ++x) {
      std::copy_n(input + (first_pixel + x) * s.in_channels, s.in_channels, inside + x * pitch_);
    }
  }
  const auto pad = [&](int64_t x) {
    const int64_t source = source_element(s.padding_mode, x - begin, width);
    std::copy_n(inside + source * pitch_, s.in_channels, row + x * pitch_);
  };
  for (int64_t x = 0; x < begin; ++x) pad(x);
  for (int64_t x = begin + width; x < padded_.input[2]; ++x) pad(x);
}

}  // namespace atrous
