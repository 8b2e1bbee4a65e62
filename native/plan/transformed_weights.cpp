#include "plan/transformed_weights.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "kernels/table.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

constexpr int64_t width = KernelTransform::width;

// Input channels whose kernels are transformed before their values are stored: at each point they are neighbours, so
// that each page of the packed weights is visited once for eight of them.
constexpr int64_t channels_at_once = 8;

// What one thread transforms kernels with.
struct Scratch {
  explicit Scratch(const ShortScheme& scheme) : points(scheme.points()) {
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
    rounded = AlignedFloats(points * channels_at_once * width);
  }
  explicit operator bool() const { return values[0] && values[1] && rounded; }

  int64_t points;
  KernelTransform transform;
  AlignedBuffer<double> values[2];
  AlignedFloats rounded;  // [points][channels][16]
};

double largest_sum(const TransformedWeights& packed, const PlanRequest& request, const ShortScheme& scheme,
                   const Split& blocks, int64_t unit) {
  const int64_t depth = request.shape.in_channels_per_group() * scheme.tap_groups;
  double largest = 0;
  const float* from = packed.weight.data();
  for (int64_t group = 0; group < request.shape.groups; ++group) {
    for (int64_t block = 0; block < blocks.parts; ++block) {
      const int64_t lanes_of_block = blocks.size(block) * unit;
      for (int64_t p = 0; p < scheme.points(); ++p) {
        float sum[KernelTable::max_k_vectors * 16] = {};
        for (int64_t c = 0; c < depth; ++c, from += lanes_of_block) {
          for (int64_t k = 0; k < lanes_of_block; ++k) sum[k] += std::fabs(from[k]);
        }
        for (int64_t k = 0; k < lanes_of_block; ++k) largest = std::max(largest, static_cast<double>(sum[k]));
      }
    }
  }
  return largest;
}

}  // namespace

std::shared_ptr<TransformedWeights> transform_weights(const PlanRequest& request, const ShortScheme& scheme,
                                                      const Split& blocks, int64_t unit) {
  const ConvShape& shape = request.shape;
  const int64_t points = scheme.points(), tap_groups = scheme.tap_groups;
  const int64_t channels = shape.in_channels_per_group(), outputs = shape.out_channels_per_group(), taps = shape.taps();
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

  // The kernels of 16 output channels and one input channel, [taps][16] in scratch.
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

  // The kernels of up to 16 output channels of one block, at every point.
  const auto pack = [&](int64_t group, int64_t block, int64_t lane, Scratch& scratch) {
    const int64_t block_lanes = blocks.size(block) * unit, count = std::min(width, block_lanes - lane);
    const int64_t first = blocks.begin(block) * unit + lane, real = std::clamp<int64_t>(outputs - first, 0, count);
    float* to = packed->weight.data() + (group * padded_outputs + blocks.begin(block) * unit) * depth * points + lane;
    const float* from = request.weight + (group * outputs + first) * output_stride;
    for (int64_t tap_group = 0; tap_group < tap_groups; ++tap_group) {
      for (int64_t channel = 0; channel < channels; channel += channels_at_once) {
        const int64_t some = std::min(channels_at_once, channels - channel);
        for (int64_t c = 0; c < some; ++c) {
          gather(from + (channel + c) * channel_stride, tap_group, real, scratch.transform.values[0]);
          const double* values = request.kernels->transform_kernels(scratch.transform);
          float* rounded = scratch.rounded.data() + c * width;
          for (int64_t p = 0; p < points; ++p, rounded += channels_at_once * width, values += width) {
            for (int64_t k = 0; k < width; ++k) rounded[k] = static_cast<float>(values[k]);
          }
        }
        for (int64_t p = 0; p < points; ++p) {
          const float* rounded = scratch.rounded.data() + p * channels_at_once * width;
          float* target = to + ((p * tap_groups + tap_group) * channels + channel) * block_lanes;
          for (int64_t c = 0; c < some; ++c) std::copy_n(rounded + c * width, count, target + c * block_lanes);
        }
      }
    }
  };

  const int threads = useful_threads(request.threads, static_cast<double>(packed->weight.size()) * 4);
  const int64_t parts = ceil_div(blocks.largest() * unit, width);
  std::atomic<bool> failed{false};
  parallel_for(threads, shape.groups * blocks.parts * parts, [&](int64_t item, int) {
    const int64_t lane = item % parts * width, block = item / parts % blocks.parts, group = item / parts / blocks.parts;
    if (lane >= blocks.size(block) * unit) return;
    Scratch scratch(scheme);
    if (scratch) {
      pack(group, block, lane, scratch);
    } else {
      failed = true;
    }
  });
  if (failed) return nullptr;

  packed->largest_sum = largest_sum(*packed, request, scheme, blocks, unit);
  std::fill_n(packed->bias.data(), packed->bias.size(), 0.0f);
  for (int64_t group = 0; request.bias && group < shape.groups; ++group) {
    std::copy_n(request.bias + group * outputs, outputs, packed->bias.data() + group * padded_outputs);
  }
  return packed;
}

}  // namespace atrous
