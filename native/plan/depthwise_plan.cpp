// Depthwise convolution (kernels/depthwise.hpp): every output channel from one input channel, one or two axes.
//
// Pixels in lanes, for planes: at stride 1 along the row and with zeros as padding they are read where they are. Others
// are packed, a band of rows at a time, with their padding and by phase of the stride, so that neighbouring outputs
// have neighbouring inputs:
//
//   band     [rows][stride][phase pitch] per thread
//   weights  [output channels][taps]
//
// Channels in lanes, for channels-last images, which are read where they are but for padding with values:
//
//   weights  [taps][channels, up to a whole vector]
#include <algorithm>
#include <cstring>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/memory.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// Floats of a packed band: with its outputs it stays in a 512 KiB L2.
constexpr int64_t band_floats = 32 * 1024;

// Which kernels of the table are for this kernel size.
int size_slot(const ConvShape& s) {
  if (s.kernel[1] != s.kernel[2]) return 0;
  return s.kernel[2] == 3 ? 1 : s.kernel[2] == 5 ? 2 : 0;
}

int64_t most_rows(const DepthwiseKernel* kernels) {
  int64_t rows = KernelTable::max_depthwise_rows;
  while (!kernels[rows - 1]) --rows;
  return rows;
}

// A signal with channels in lanes is a column: outputs a dilation apart share inputs.
ConvShape upright(ConvShape s) {
  if (s.layout == Layout::channels_last && s.input[1] == 1 && s.kernel[1] == 1 && s.output[1] == 1 &&
      s.padding_begin[1] == 0) {
    for (int32_t* sizes : {s.input, s.kernel, s.stride, s.dilation, s.padding_begin, s.padding_end, s.output}) {
      std::swap(sizes[1], sizes[2]);
    }
  }
  return s;
}

// Output rows that share inputs are `step` apart, so that their inputs are a dilation apart: they form `step` phases.
// Where the stride does not divide the dilation none do, and each row is a group of its own.
struct RowPhases {
  int64_t rows, step, most;

  RowPhases(const Axis& axis, const DepthwiseKernel* kernels) : rows(axis.output), step(1), most(1) {
    if (axis.dilation % axis.stride != 0) return;
    step = axis.dilation / axis.stride;
    most = most_rows(kernels);
  }

  // Calls body(first row, rows of a group, groups) for rows [begin, end): groups as large as they can be, then what is
  // left. Groups follow each other a dilation of inputs apart; where rows share none, each is a call.
  template <class Body>
  void each_run(int64_t begin, int64_t end, Body body) const {
    if (most == 1) {
      for (int64_t row = begin; row < end; ++row) body(row, int64_t{1}, int64_t{1});
      return;
    }
    for (int64_t phase = begin; phase < std::min(end, begin + step); ++phase) {
      const Split groups = Split::at_most(ceil_div(end - phase, step), most);
      int64_t row = phase;
      groups.each_size([&](int64_t size, int64_t count) {
        if (count > 0) body(row, size, count);
        row += size * count * step;
      });
    }
  }
};

class DepthwisePlan : public ConvPlan {
 public:
  const char* algorithm() const override { return depthwise_candidate.name; }
  size_t weight_bytes() const override { return weight_.size_bytes() + bias_.size_bytes(); }
  virtual bool complete() const { return weight_ && bias_; }

 protected:
  // `geometry`: the shape as the kernels see it. `channels`: room for as many, of which those that do not exist are
  // zero.
  DepthwisePlan(const PlanRequest& request, const ConvShape& geometry, int64_t channels)
      : ConvPlan(request),
        geometry_(geometry),
        weight_(channels * geometry.taps()),
        bias_(channels),
        tap_offset_(geometry.kernel[2]),
        size_(size_slot(geometry)),
        threads_(useful_threads(request.threads, static_cast<double>(request.shape.output_size()) *
                                                     static_cast<double>(request.shape.taps()))) {
    if (!weight_ || !bias_) return;
    std::fill_n(weight_.data(), weight_.size(), 0.0f);
    std::fill_n(bias_.data(), bias_.size(), 0.0f);
    if (request.bias) std::copy_n(request.bias, request.shape.out_channels, bias_.data());
    // From −0 on, a product left out and a product with a zero differ.
    for (int64_t c = 0; c < channels; ++c) bias_[c] += 0.0f;
  }

  // What all calls have in common.
  DepthwiseRows common() const {
    DepthwiseRows call{};
    call.tap_offset = tap_offset_.data();
    call.tap_end = geometry_.kernel[2];
    call.tap_rows = geometry_.kernel[1];
    call.tap_row_step = geometry_.dilation[1];
    call.relu = shape().activation == Activation::relu;
    return call;
  }

  ConvShape geometry_;
  AlignedFloats weight_, bias_;
  AlignedBuffer<ptrdiff_t> tap_offset_;  // along the row
  int size_;                             // in the table of kernels
  int threads_;
};

class PlanesPlan final : public DepthwisePlan {
 public:
  explicit PlanesPlan(const PlanRequest& request)
      : DepthwisePlan(request, request.shape, request.shape.out_channels),
        packed_(is_packed(request.shape)),
        phases_(axis_of(request.shape, 1), request.kernels->depthwise_pixels[size_]) {
    if (!complete()) return;
    const ConvShape& s = request.shape;
    std::copy_n(request.weight, s.weight_size(), weight_.data());
    const int64_t stride = s.stride[2], reach = int64_t{s.dilation[2]} * (s.kernel[2] - 1);
    // Whole vectors are read.
    phase_pitch_ = ceil_div((s.output[2] - 1) * stride + reach + 1, stride) + request.kernels->lanes;
    for (int64_t t = 0; t < s.kernel[2]; ++t) {
      const int64_t column = t * s.dilation[2];
      tap_offset_[t] = packed_ ? column % stride * phase_pitch_ + column / stride : column;
    }

    // Bands of whole blocks of rows that share inputs, and enough of them for the threads: four each even out.
    const int64_t planes = int64_t{s.batch} * s.in_channels, block = phases_.step * phases_.most;
    const int64_t blocks = std::max<int64_t>(1, ceil_div(s.output[1], block));
    int64_t parts = threads_ > 1 ? ceil_div(4 * threads_, planes) : 1;
    if (packed_) parts = std::max(parts, ceil_div(band_rows(s.output[1]) * stride * phase_pitch_, band_floats));
    bands_ = Split::at_most(blocks, ceil_div(blocks, std::min(blocks, parts)));
    band_height_ = bands_.largest() * block;
    planes_ = Split::at_most(planes, std::max<int64_t>(1, planes / (threads_ > 1 ? 4 * threads_ : 1)));
  }

  bool complete() const override { return DepthwisePlan::complete() && tap_offset_; }
  size_t workspace_bytes() const override { return packed_ ? sizeof(float) * threads_ * thread_floats() : 0; }

  static bool is_packed(const ConvShape& s) { return s.stride[2] > 1 || s.padding_mode != PaddingMode::zeros; }

 private:
  // Input rows, padding among them, that `rows` output rows see.
  int64_t band_rows(int64_t rows) const {
    return (rows - 1) * shape().stride[1] + int64_t{shape().kernel[1] - 1} * shape().dilation[1] + 1;
  }
  int64_t thread_floats() const { return band_rows(band_height_) * shape().stride[2] * phase_pitch_; }

  bool execute(const float* input, float* output, float* workspace) const override {
    parallel_for(threads_, planes_.parts * bands_.parts, [&](int64_t item, int worker) {
      const int64_t band = item % bands_.parts, part = item / bands_.parts;
      float* scratch = packed_ ? workspace + worker * thread_floats() : nullptr;
      for (int64_t i = planes_.begin(part); i < planes_.end(part); ++i) run_band(input, output, scratch, i, band);
    });
    return true;
  }

  // `index`: input plane within the batch.
  void run_band(const float* input, float* output, float* scratch, int64_t index, int64_t band) const {
    const ConvShape& s = shape();
    const int64_t block = phases_.step * phases_.most;
    const int64_t begin = bands_.begin(band) * block, end = std::min<int64_t>(s.output[1], bands_.end(band) * block);
    const float* plane = input + index * s.in_pixels();
    const int64_t first_row = begin * s.stride[1] - s.padding_begin[1];
    DepthwiseRows call = common();
    int64_t pitch = s.input[2];
    call.input = plane;
    call.rows = s.input[1];
    call.column = -int64_t{s.padding_begin[2]};
    call.columns = s.input[2];
    call.reach = int64_t{s.dilation[2]} * (s.kernel[2] - 1);
    if (packed_) {
      pack(plane, scratch, first_row, band_rows(end - begin));
      pitch = s.stride[2] * phase_pitch_;
      call.input = scratch;
      call.rows = band_rows(end - begin);
      call.column = 0;
      call.columns = INT32_MAX;  // no end: whole vectors are there
      call.reach = 0;
    }
    call.tap_row_stride = s.dilation[1] * pitch;
    call.weight_row_stride = s.kernel[2];
    call.weight_tap_stride = 1;
    call.output_row_stride = phases_.step * s.output[2];
    call.width = s.output[2];
    const int64_t multiplier = s.out_channels_per_group();
    for (int64_t k = 0; k < multiplier; ++k) {
      const int64_t out_plane = index * multiplier + k, channel = out_plane % s.out_channels;
      call.weight = weight_.data() + channel * s.taps();
      call.bias = bias_.data() + channel;
      phases_.each_run(begin, end, [&](int64_t row, int64_t rows, int64_t groups) {
        call.row = row * s.stride[1] - s.padding_begin[1] - (packed_ ? first_row : 0);
        call.offset = call.row * pitch + call.column;
        call.output = output + out_plane * s.out_pixels() + row * s.output[2];
        call.groups = static_cast<int32_t>(groups);
        kernels().depthwise_pixels[size_][rows - 1](call);
      });
    }
  }

  // `rows` rows of the padded plane from coordinate `first` on, [stride][phase pitch] each.
  void pack(const float* plane, float* to, int64_t first, int64_t rows) const {
    const ConvShape& s = shape();
    const int64_t stride = s.stride[2], padding = s.padding_begin[2], width = s.input[2];
    for (int64_t y = first; y < first + rows; ++y) {
      const int64_t source = source_element(s.padding_mode, y, s.input[1]);
      for (int64_t phase = 0; phase < stride; ++phase, to += phase_pitch_) {
        if (source < 0) {
          std::fill_n(to, phase_pitch_, 0.0f);
          continue;
        }
        const float* row = plane + source * width;
        // Elements [begin, end) lie inside the row.
        const int64_t begin = std::min(phase_pitch_, std::max<int64_t>(0, ceil_div(padding - phase, stride)));
        const int64_t inside = width + padding - phase;
        const int64_t end = std::clamp(inside > 0 ? ceil_div(inside, stride) : 0, begin, phase_pitch_);
        const float* from = row + phase - padding;
        const auto pad = [&](int64_t i) {
          const int64_t column = i * stride + phase - padding;
          // What no tap sees may lie further out than the padding goes.
          const bool seen = column < width + s.padding_end[2];
          const int64_t element = seen ? source_element(s.padding_mode, column, width) : -1;
          to[i] = element < 0 ? 0.0f : row[element];
        };
        for (int64_t i = 0; i < begin; ++i) pad(i);
        if (stride == 1) {
          std::copy(from + begin, from + end, to + begin);
        } else if (stride == 2) {
          for (int64_t i = begin; i < end; ++i) to[i] = from[2 * i];
        } else {
          for (int64_t i = begin; i < end; ++i) to[i] = from[i * stride];
        }
        for (int64_t i = end; i < phase_pitch_; ++i) pad(i);
      }
    }
  }

  bool packed_;
  RowPhases phases_;
  int64_t phase_pitch_ = 0, band_height_ = 0;
  Split bands_{};   // of the blocks of rows
  Split planes_{};  // of the batch
};

class ChannelsLastPlan final : public DepthwisePlan {
 public:
  explicit ChannelsLastPlan(const PlanRequest& request)
      : DepthwisePlan(request, upright(with_padding_applied(request.shape)),
                      ceil_div(request.shape.out_channels, request.kernels->lanes) * request.kernels->lanes),
        image_(request.shape, 1),
        phases_(axis_of(geometry_, 1), request.kernels->depthwise_channels[size_]),
        columns_(tap_runs(axis_of(geometry_, 2))) {
    if (!complete()) return;
    const ConvShape& s = geometry_;
    for (int64_t t = 0; t < s.taps(); ++t) {
      std::copy_n(request.weight + t * s.out_channels, s.out_channels, weight_.data() + t * bias_.size());
    }
    for (int64_t t = 0; t < s.kernel[2]; ++t) tap_offset_[t] = t * s.dilation[2] * image_.pitch();
    const int64_t block = phases_.step * phases_.most, blocks = ceil_div(s.output[1], block);
    bands_ = Split::at_most(blocks, std::max<int64_t>(1, threads_ > 1 ? blocks / (4 * threads_) : blocks));
  }

  bool complete() const override { return DepthwisePlan::complete() && tap_offset_ && columns_; }
  size_t workspace_bytes() const override { return sizeof(float) * image_.floats(); }

 private:
  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    if (image_.floats() == 0) {
      parallel_for(threads_, s.batch * bands_.parts, [&](int64_t item, int) {
        const int64_t n = item / bands_.parts;
        run_band(input + n * s.in_channels * s.in_pixels(), output + n * s.out_channels * s.out_pixels(),
                 item % bands_.parts);
      });
      return true;
    }
    for (int64_t n = 0; n < s.batch; ++n) {
      const float* image = image_.fill(input + n * s.in_channels * s.in_pixels(), workspace, kernels(), threads_);
      float* result = output + n * s.out_channels * s.out_pixels();
      parallel_for(threads_, bands_.parts, [&](int64_t band, int) { run_band(image, result, band); });
    }
    return true;
  }

  void run_band(const float* image, float* output, int64_t band) const {
    const ConvShape& s = geometry_;
    const int64_t pitch = image_.pitch(), row_pitch = s.input[2] * pitch, block = phases_.step * phases_.most;
    const int64_t begin = bands_.begin(band) * block, end = std::min<int64_t>(s.output[1], bands_.end(band) * block);
    DepthwiseRows call = common();
    call.input = image;
    call.rows = s.input[1];
    call.tap_row_stride = s.dilation[1] * row_pitch;
    call.weight = weight_.data();
    call.weight_row_stride = s.kernel[2] * bias_.size();
    call.weight_tap_stride = bias_.size();
    call.bias = bias_.data();
    call.output_row_stride = phases_.step * s.output[2] * s.out_channels;
    call.channels = s.out_channels;
    call.input_pixel_stride = s.stride[2] * pitch;
    call.output_pixel_stride = s.out_channels;
    phases_.each_run(begin, end, [&](int64_t row, int64_t rows, int64_t groups) {
      call.row = row * s.stride[1] - s.padding_begin[1];
      call.groups = static_cast<int32_t>(groups);
      for (int64_t i = 0; i < columns_.size(); ++i) {
        const TapRun& run = columns_[i];
        const int64_t column = int64_t{run.begin} * s.stride[2] - s.padding_begin[2];
        call.tap_begin = run.tap_begin;
        call.tap_end = run.tap_end;
        call.width = run.end - run.begin;
        call.offset = call.row * row_pitch + column * pitch;
        call.output = output + (row * s.output[2] + run.begin) * s.out_channels;
        kernels().depthwise_channels[size_][rows - 1](call);
      }
    });
  }

  ChannelsLastImage image_;
  RowPhases phases_;
  AlignedBuffer<TapRun> columns_;
  Split bands_{};  // of the blocks of rows
};

bool accepts(const PlanRequest& request) {
  const ConvShape& s = request.shape;
  // With padding in front of it, the depth's one output would see that instead of the plane.
  const bool plane = s.input[0] == 1 && s.output[0] == 1 && s.kernel[0] == 1 && s.padding_begin[0] == 0;
  if (s.groups != s.in_channels || !plane) return false;
  if (s.layout == Layout::channels_last) return s.out_channels == s.in_channels;
  if (!may_multiply_padding(request)) return false;
  if (!PlanesPlan::is_packed(s)) return true;
  // A band with its padding is stored: not where a dilation beyond the map makes it many times as large (64 KiB are
  // allowed).
  const double stored = (static_cast<double>(s.input[1]) + s.padding_begin[1] + s.padding_end[1]) *
                        (static_cast<double>(s.input[2]) + s.padding_begin[2] + s.padding_end[2]);
  const double needed = static_cast<double>(s.in_pixels()) + static_cast<double>(s.out_pixels());
  return stored <= 4 * needed + 16 * 1024;
}

double cost(const PlanRequest& request) {
  const ConvShape& s = request.shape;
  const int lanes = request.kernels->lanes;
  const bool last = s.layout == Layout::channels_last;
  const DepthwiseKernel* kernels = (last ? request.kernels->depthwise_channels : request.kernels->depthwise_pixels)[0];
  const ConvShape geometry = upright(s);
  const RowPhases phases(axis_of(geometry, 1), kernels);
  const double multiply_adds_per_cycle = lanes >= 16 ? 1 : 2, load = lanes >= 16 ? 2.25 : 0.75;
  // Each load serves the tap rows of as many output rows as share it.
  const double rows = static_cast<double>(std::min(phases.most, ceil_div(phases.rows, phases.step)));
  const double loads = geometry.kernel[2] * (geometry.kernel[1] + rows - 1) / rows;
  const double vector = std::max(static_cast<double>(s.taps()) / multiply_adds_per_cycle, load * loads) + 3;
  const double vectors =
      static_cast<double>(s.batch) * (last ? static_cast<double>(s.out_pixels() * ceil_div(s.out_channels, lanes))
                                           : static_cast<double>(s.out_channels) * s.output[0] * s.output[1] *
                                                 static_cast<double>(ceil_div(s.output[2], lanes)));
  const bool copied = last ? s.padding_mode != PaddingMode::zeros : PlanesPlan::is_packed(s);
  return vectors * vector + (copied ? 0.5 : 0.1) * static_cast<double>(s.input_size());
}

template <class Plan>
std::shared_ptr<ConvPlan> create_plan(const PlanRequest& request) {
  std::shared_ptr<Plan> plan(new (std::nothrow) Plan(request));
  return plan && plan->complete() ? plan : nullptr;
}

std::shared_ptr<ConvPlan> create(const PlanRequest& request, const ConvPlan*) {
  return request.shape.layout == Layout::channels_last ? create_plan<ChannelsLastPlan>(request)
                                                       : create_plan<PlanesPlan>(request);
}

}  // namespace

const Candidate depthwise_candidate{"direct-depthwise", accepts, cost, create};

}  // namespace atrous
