#include "plan/transformed_weights.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "kernels/table.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// Values of one point that are stored together: channels next to each other have their kernels transformed before any
// is, so that each page of the packed weights is visited once for all of them, and whole cache lines are written.
constexpr int64_t values_at_once = 192;

// What one thread transforms kernels with.
struct Scratch {
  Scratch(const ShortScheme& scheme, int64_t width, int64_t padded_lanes) : points(scheme.points()) {
    const ShortAlgorithm* const* a = scheme.axis;
    for (int i = 0; i < 3; ++i) {
      transform.matrix[i] = a[i]->g;
      transform.taps[i] = a[i]->taps;
      transform.products[i] = a[i]->products;
    }
    const int64_t taps = int64_t{a[0]->taps} * a[1]->taps;
    const int64_t largest = std::max(
        {taps * a[2]->taps, taps * a[2]->products, int64_t{a[0]->taps} * a[1]->products * a[2]->products, points});
    for (int i = 0; i < 2; ++i) {
      values[i] = AlignedBuffer<double>(largest * width);
      transform.values[i] = values[i].data();
    }
    channels_at_once = std::max<int64_t>(1, values_at_once / padded_lanes);
    rounded = AlignedFloats(points * channels_at_once * padded_lanes);
    sums = AlignedFloats(points * padded_lanes);
    if (sums) std::fill_n(sums.data(), sums.size(), 0.0f);
    transform.sum_stride = padded_lanes;
  }
  explicit operator bool() const { return values[0] && values[1] && rounded && sums; }

  int64_t points, channels_at_once;
  KernelTransform transform;
  AlignedBuffer<double> values[2];
  AlignedFloats rounded;  // [points][channels][block lanes, whole widths]
  AlignedFloats sums;     // [points][block lanes, whole widths]: of |rounded| over all channels
};

}  // namespace

std::shared_ptr<TransformedWeights> transform_weights(const PlanRequest& request, const ShortScheme& scheme,
                                                      const Split& blocks, int64_t unit) {
  const ConvShape& shape = request.shape;
  const int64_t points = scheme.points(), tap_groups = scheme.tap_groups;
  const int64_t channels = shape.in_channels_per_group(), outputs = shape.out_channels_per_group(), taps = shape.taps();
  const int64_t width = request.kernels->transform_width;
  const int64_t padded_outputs = blocks.total * unit, depth = tap_groups * channels;
  std::shared_ptr<TransformedWeights> packed(new (std::nothrow) TransformedWeights{
      AlignedFloats(shape.groups * padded_outputs * depth * points), AlignedFloats(shape.groups * padded_outputs)});
  if (!packed || !*packed) return nullptr;

  const bool last = shape.layout == Layout::channels_last;
  const int64_t output_stride = last ? 1 : channels * taps;
  const int64_t channel_stride = last ? shape.out_channels : taps;
  const int64_t tap_stride = last ? channels * shape.out_channels : 1;
  // Along the width a group has the taps of the algorithm; the last group's may go beyond the kernel's and are zero.
  const int64_t rows = int64_t{shape.kernel[0]} * shape.kernel[1], group_taps = scheme.axis[2]->taps;

  // The kernels of `width` output channels and one input channel, [taps][width] in scratch.
  const auto gather = [&](const float* from, int64_t tap_group, int64_t real, double* to) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t t = 0; t < group_taps; ++t, to += width) {
        const int64_t x = tap_group * group_taps + t;
        const int64_t count = x < shape.kernel[2] ? real : 0;
        const float* source = from + (row * shape.kernel[2] + x) * tap_stride;
        for (int64_t k = 0; k < count; ++k) to[k] = source[k * output_stride];
        std::fill(to + count, to + width, 0.0);
      }
    }
  };

  // The kernels of one block of output channels at every point.
  const auto pack = [&](int64_t group, int64_t block, Scratch& scratch) {
    const int64_t block_lanes = blocks.size(block) * unit, padded_lanes = ceil_div(block_lanes, width) * width;
    const int64_t first = blocks.begin(block) * unit;
    float* to = packed->weight.data() + (group * padded_outputs + first) * depth * points;
    const float* from = request.weight + (group * outputs + first) * output_stride;
    for (int64_t tap_group = 0; tap_group < tap_groups; ++tap_group) {
      for (int64_t channel = 0; channel < channels; channel += scratch.channels_at_once) {
        const int64_t some = std::min(scratch.channels_at_once, channels - channel), step = some * padded_lanes;
        scratch.transform.out_stride = step;
        for (int64_t c = 0; c < some; ++c) {
          for (int64_t lane = 0; lane < padded_lanes; lane += width) {
            const int64_t real = std::clamp<int64_t>(outputs - first - lane, 0, width);
            gather(from + lane * output_stride + (channel + c) * channel_stride, tap_group, real,
                   scratch.transform.values[0]);
            scratch.transform.out = scratch.rounded.data() + c * padded_lanes + lane;
            scratch.transform.sum = scratch.sums.data() + lane;
            request.kernels->transform_kernels(scratch.transform);
          }
        }
        for (int64_t p = 0; p < points; ++p) {
          const float* rounded = scratch.rounded.data() + p * step;
          float* target = to + ((p * tap_groups + tap_group) * channels + channel) * block_lanes;
          if (block_lanes == padded_lanes) {
            std::copy_n(rounded, step, target);
            continue;
          }
          for (int64_t c = 0; c < some; ++c) {
            std::copy_n(rounded + c * padded_lanes, block_lanes, target + c * block_lanes);
          }
        }
      }
    }
  };

  const int threads = useful_threads(request.threads, static_cast<double>(packed->weight.size()) * 4);
  std::atomic<bool> failed{false};
  std::atomic<float> largest_sum{0};
  parallel_for(threads, shape.groups * blocks.parts, [&](int64_t item, int) {
    const int64_t block = item % blocks.parts, group = item / blocks.parts;
    Scratch scratch(scheme, width, ceil_div(blocks.size(block) * unit, width) * width);
    if (!scratch) {
      failed = true;
      return;
    }
    pack(group, block, scratch);
    const float largest = *std::max_element(scratch.sums.data(), scratch.sums.data() + scratch.sums.size());
    float before = largest_sum.load(std::memory_order_relaxed);
    while (largest > before && !largest_sum.compare_exchange_weak(before, largest, std::memory_order_relaxed)) {
    }
  });
  if (failed) return nullptr;

  packed->largest_sum = largest_sum;
  std::fill_n(packed->bias.data(), packed->bias.size(), 0.0f);
  for (int64_t group = 0; request.bias && group < shape.groups; ++group) {
    std::copy_n(request.bias + group * outputs, outputs, packed->bias.data() + group * padded_outputs);
  }
  return packed;
}

}  // namespace atrous
