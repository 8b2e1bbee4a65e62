#include "plan/transformed_weights.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "kernels/table.hpp"
#include "plan/channel_blocks.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// Kernels of this many output channels are transformed together: the compiler's vectors of doubles.
constexpr int64_t width = 16;

// G of the three axes applied to [taps][16] values, one axis after the other.
class KernelTransform {
 public:
  explicit KernelTransform(const ShortScheme& scheme) : scheme_(scheme) {
    const ShortAlgorithm* const* a = scheme.axis;
    const int64_t taps = int64_t{a[0]->taps} * a[1]->taps;
    const int64_t largest = std::max({taps * a[2]->taps, taps * a[2]->products,
                                      int64_t{a[0]->taps} * a[1]->products * a[2]->products, scheme.points()});
    for (AlignedBuffer<double>& values : values_) values = AlignedBuffer<double>(largest * width);
  }
  bool complete() const { return values_[0] && values_[1]; }

  double* taps() { return values_[0].data(); }

  // [points][16]; taps() is overwritten.
  const double* apply() {
    int64_t size[3] = {scheme_.axis[0]->taps, scheme_.axis[1]->taps, scheme_.axis[2]->taps};
    double *from = values_[0].data(), *to = values_[1].data();
    for (int axis = 2; axis >= 0; --axis) {
      const ShortAlgorithm& a = *scheme_.axis[axis];
      int64_t outer = 1, inner = 1;
      for (int i = 0; i < axis; ++i) outer *= size[i];
      for (int i = axis + 1; i < 3; ++i) inner *= size[i];
      for (int64_t o = 0; o < outer; ++o) {
        for (int p = 0; p < a.products; ++p) {
          for (int64_t n = 0; n < inner; ++n) {
            double sum[width] = {};
            for (int t = 0; t < a.taps; ++t) {
              const double g = a.g[p * a.taps + t];
              const double* x = from + ((o * a.taps + t) * inner + n) * width;
              for (int64_t k = 0; k < width; ++k) sum[k] += g * x[k];
            }
            std::copy_n(sum, width, to + ((o * a.products + p) * inner + n) * width);
          }
        }
      }
      size[axis] = a.products;
      std::swap(from, to);
    }
    return from;
  }

 private:
  ShortScheme scheme_;
  AlignedBuffer<double> values_[2];
};

double largest_sum(const TransformedWeights& packed, const PlanRequest& request, const ShortScheme& scheme,
                   const Split& blocks) {
  const int64_t lanes = request.kernels->lanes, depth = request.shape.in_channels_per_group() * scheme.tap_groups;
  double largest = 0;
  const float* from = packed.weight.data();
  for (int64_t group = 0; group < request.shape.groups; ++group) {
    for (int64_t block = 0; block < blocks.parts; ++block) {
      const int64_t lanes_of_block = blocks.size(block) * lanes;
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

std::shared_ptr<TransformedWeights> transform_weights(const PlanRequest& request, const ShortScheme& scheme) {
  const ConvShape& shape = request.shape;
  const int64_t lanes = request.kernels->lanes, points = scheme.points(), tap_groups = scheme.tap_groups;
  const int64_t channels = shape.in_channels_per_group(), outputs = shape.out_channels_per_group(), taps = shape.taps();
  const Split blocks = channel_blocks(request);
  const int64_t padded_outputs = blocks.total * lanes, depth = tap_groups * channels;
  std::shared_ptr<TransformedWeights> packed(new (std::nothrow) TransformedWeights{
      AlignedFloats(shape.groups * padded_outputs * depth * points), AlignedFloats(shape.groups * padded_outputs)});
  if (!packed || !*packed) return nullptr;

  const bool last = shape.layout == Layout::channels_last;
  const int64_t output_stride = last ? 1 : channels * taps;
  const int64_t channel_stride = last ? shape.out_channels : taps;
  const int64_t tap_stride = last ? channels * shape.out_channels : 1;
  // Along the width a group has the taps of the algorithm; the last group's may go beyond the kernel's and are zero.
  const int64_t rows = int64_t{shape.kernel[0]} * shape.kernel[1], group_taps = scheme.axis[2]->taps;

  // The kernels of up to 16 output channels of one block, at every point.
  const auto pack = [&](int64_t group, int64_t block, int64_t lane, KernelTransform& transform) {
    const int64_t block_lanes = blocks.size(block) * lanes, count = std::min(width, block_lanes - lane);
    const int64_t first = blocks.begin(block) * lanes + lane, real = std::clamp<int64_t>(outputs - first, 0, count);
    float* to = packed->weight.data() + (group * padded_outputs + blocks.begin(block) * lanes) * depth * points + lane;
    const float* from = request.weight + (group * outputs + first) * output_stride;
    for (int64_t tap_group = 0; tap_group < tap_groups; ++tap_group) {
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t row = 0; row < rows; ++row) {
          for (int64_t t = 0; t < group_taps; ++t) {
            const int64_t x = tap_group * group_taps + t;
            double* target = transform.taps() + (row * group_taps + t) * width;
            std::fill_n(target, width, 0.0);
            if (x >= shape.kernel[2]) continue;
            const float* source = from + c * channel_stride + (row * shape.kernel[2] + x) * tap_stride;
            for (int64_t k = 0; k < real; ++k) target[k] = source[k * output_stride];
          }
        }
        const double* values = transform.apply();
        for (int64_t p = 0; p < points; ++p) {
          float* target = to + ((p * tap_groups + tap_group) * channels + c) * block_lanes;
          for (int64_t k = 0; k < count; ++k) target[k] = static_cast<float>(values[p * width + k]);
        }
      }
    }
  };

  const int threads = useful_threads(request.threads, static_cast<double>(packed->weight.size()) * 4);
  const int64_t parts = ceil_div(blocks.largest() * lanes, width);
  std::atomic<bool> failed{false};
  parallel_for(threads, shape.groups * blocks.parts * parts, [&](int64_t item, int) {
    const int64_t lane = item % parts * width, block = item / parts % blocks.parts, group = item / parts / blocks.parts;
    if (lane >= blocks.size(block) * lanes) return;
    KernelTransform transform(scheme);
    if (transform.complete()) {
      pack(group, block, lane, transform);
    } else {
      failed = true;
    }
  });
  if (failed) return nullptr;

  packed->largest_sum = largest_sum(*packed, request, scheme, blocks);
  std::fill_n(packed->bias.data(), packed->bias.size(), 0.0f);
  for (int64_t group = 0; request.bias && group < shape.groups; ++group) {
    std::copy_n(request.bias + group * outputs, outputs, packed->bias.data() + group * padded_outputs);
  }
  return packed;
}

}  // namespace atrous
