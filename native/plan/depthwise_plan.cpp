// Depthwise 3×3 and 5×5 convolution of planes at stride 1 (kernels/depthwise.hpp).
//
// Each thread copies one input plane at a time into its scratch, between borders of zeros:
//
//   plane    [padding + height + padding][pitch]
//
// and walks the rows y, y + dilation, y + 2·dilation, … of each phase, which share their inputs.
#include <algorithm>
#include <cstring>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/memory.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

class DepthwisePlan final : public ConvPlan {
 public:
  explicit DepthwisePlan(const PlanRequest& request)
      : ConvPlan(request), weight_(request.shape.weight_size()), bias_(request.shape.out_channels) {
    if (!complete()) return;
    const ConvShape& s = request.shape;
    std::copy_n(request.weight, s.weight_size(), weight_.data());
    if (request.bias) {
      std::copy_n(request.bias, s.out_channels, bias_.data());
    } else {
      std::fill_n(bias_.data(), s.out_channels, 0.0f);
    }
    threads_ = useful_threads(request.threads, static_cast<double>(s.output_size()) * static_cast<double>(s.taps()));
    const int64_t planes = int64_t{s.batch} * s.in_channels;
    // Borders are cleared once for all planes of an item: few items, yet four a thread to even out.
    items_ = Split::at_most(planes, std::max<int64_t>(1, planes / (threads_ > 1 ? 4 * threads_ : 1)));
    // The pixels of a row start at a multiple of a cache line; the last vector of a row reads up to a vector beyond it.
    left_ = ceil_div(s.padding_begin[2], 16) * 16;
    pitch_ = ceil_div(left_ + s.input[2] + s.padding_end[2], 16) * 16;
    if (pitch_ % 256 == 0) pitch_ += 16;
    plane_floats_ = pitch_ * (int64_t{s.padding_begin[1]} + s.input[1] + s.padding_end[1]) + 16;
  }

  bool complete() const { return weight_ && bias_; }

  const char* algorithm() const override { return depthwise_candidate.name; }
  size_t workspace_bytes() const override { return sizeof(float) * threads_ * plane_floats_; }
  size_t weight_bytes() const override { return weight_.size_bytes() + bias_.size_bytes(); }

 private:
  bool execute(const float* input, float* output, float* workspace) const override {
    parallel_for(threads_, items_.parts, [&](int64_t item, int worker) {
      float* plane = workspace + worker * plane_floats_;
      std::fill_n(plane, plane_floats_, 0.0f);
      for (int64_t i = items_.begin(item); i < items_.end(item); ++i) run_plane(input, output, plane, i);
    });
    return true;
  }

  // `index`: input plane within the batch.
  void run_plane(const float* input, float* output, float* plane, int64_t index) const {
    const ConvShape& s = shape();
    const int64_t height = s.input[1], width = s.input[2];
    const float* from = input + index * height * width;
    for (int64_t y = 0; y < height; ++y) {
      std::memcpy(plane + (s.padding_begin[1] + y) * pitch_ + left_, from + y * width,
                  static_cast<size_t>(width) * sizeof(float));
    }
    const int64_t multiplier = s.out_channels_per_group();
    for (int64_t k = 0; k < multiplier; ++k) {
      const int64_t out_plane = index * multiplier + k;
      run_channel(plane, out_plane % s.out_channels, output + out_plane * s.out_pixels());
    }
  }

  void run_channel(const float* plane, int64_t channel, float* output) const {
    const ConvShape& s = shape();
    const DepthwiseKernel* kernel = kernels().depthwise[s.kernel[1] == 3 ? 0 : 1];
    const int64_t dilation = s.dilation[1];
    DepthwiseTile tile{};
    tile.input_row_stride = dilation * pitch_;
    tile.dilation = s.dilation[2];
    tile.weight = weight_.data() + channel * s.taps();
    tile.bias = bias_.data() + channel;
    tile.output_row_stride = dilation * s.output[2];
    tile.width = s.output[2];
    tile.relu = s.activation == Activation::relu;
    for (int64_t phase = 0; phase < std::min<int64_t>(dilation, s.output[1]); ++phase) {
      const Split groups = Split::at_most(ceil_div(s.output[1] - phase, dilation), KernelTable::max_depthwise_rows);
      for (int64_t group = 0; group < groups.parts; ++group) {
        const int64_t y = phase + groups.begin(group) * dilation;
        tile.input = plane + y * pitch_ + left_ - s.padding_begin[2];
        tile.output = output + y * s.output[2];
        kernel[groups.size(group) - 1](tile);
      }
    }
  }

  AlignedFloats weight_, bias_;  // [channels][taps], [channels]
  Split items_{};                // of the planes of the batch
  int threads_ = 1;
  int64_t left_ = 0, pitch_ = 0, plane_floats_ = 0;
};

bool accepts(const PlanRequest& request) {
  const ConvShape& s = request.shape;
  // With padding in front of it, the depth's one output would see that instead of the plane.
  const bool depth = s.input[0] == 1 && s.output[0] == 1 && s.kernel[0] == 1 && s.padding_begin[0] == 0;
  const bool plane = depth && s.stride[1] == 1 && s.stride[2] == 1;
  const bool size = s.kernel[1] == s.kernel[2] && (s.kernel[1] == 3 || s.kernel[1] == 5);
  if (s.groups != s.in_channels || !plane || !size || s.layout != Layout::channels_first ||
      s.padding_mode != PaddingMode::zeros) {
    return false;
  }
  // A plane with its borders is stored: not where a dilation beyond the map makes them many times as large (64 KiB are allowed).
  const double stored = (static_cast<double>(s.input[1]) + s.padding_begin[1] + s.padding_end[1]) *
                        (static_cast<double>(s.input[2]) + s.padding_begin[2] + s.padding_end[2]);
  const double needed = static_cast<double>(s.in_pixels()) + static_cast<double>(s.out_pixels());
  return stored <= 4 * needed + 16 * 1024 && may_multiply_padding(request);
}

double cost(const PlanRequest& request) {
  if (!accepts(request)) return not_accepted;
  const ConvShape& s = request.shape;
  const int lanes = request.kernels->lanes;
  const double multiply_adds_per_cycle = lanes >= 16 ? 1 : 2, load = lanes >= 16 ? 2.25 : 0.75;
  const double size = s.kernel[1], rows = std::min<double>(KernelTable::max_depthwise_rows, s.output[1]);
  const double vector = std::max(size * size / multiply_adds_per_cycle, load * size * (rows + size - 1) / rows) + 3;
  const double vectors =
      static_cast<double>(s.batch) * s.out_channels * s.output[1] * static_cast<double>(ceil_div(s.output[2], lanes));
  return vectors * vector + 0.25 * static_cast<double>(s.input_size());
}

std::shared_ptr<ConvPlan> create(const PlanRequest& request, const ConvPlan*) {
  std::shared_ptr<DepthwisePlan> plan(new (std::nothrow) DepthwisePlan(request));
  return plan && plan->complete() ? plan : nullptr;
}

}  // namespace

const Candidate depthwise_candidate{"direct-depthwise", cost, create};

}  // namespace atrous
