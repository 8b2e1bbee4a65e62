// Direct convolution with output channels in lanes (kernels/k_lanes.hpp), for problems with many channels.
//
//   image    [padded pixels][pitch]: the input with channels contiguous. Channels-last input without value padding is
//            used in place. Padding zeros are not stored: outputs are grouped into rectangles with the same taps inside
//            the input, and only those taps are computed.
//   weights  [group][block of channels][taps][channels][block lanes]
//   result   [pixels of a band][block lanes] per thread, transposed to channels first; channels-last output is written
//            directly
#include <algorithm>
#include <cstring>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/channel_blocks.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/core_speed.hpp"
#include "plan/memory.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// [groups][vectors][…]: packed weights and bias, shared by all plans of one layer.
struct PackedWeights {
  AlignedFloats weight, bias;

  explicit operator bool() const { return weight && bias; }
};

std::shared_ptr<PackedWeights> pack(const PlanRequest& request) {
  const ConvShape& shape = request.shape;
  const int64_t lanes = request.kernels->lanes;
  const int64_t channels = shape.in_channels_per_group(), outputs = shape.out_channels_per_group(), taps = shape.taps();
  const Split blocks = channel_blocks(request);
  const int64_t padded_outputs = blocks.total * lanes;
  std::shared_ptr<PackedWeights> packed(new (std::nothrow) PackedWeights{
      AlignedFloats(shape.groups * padded_outputs * channels * taps), AlignedFloats(shape.groups * padded_outputs)});
  if (!packed || !*packed) return nullptr;

  // Source strides of output channel, input channel and tap.
  const bool last = shape.layout == Layout::channels_last;
  const int64_t output_stride = last ? 1 : channels * taps;
  const int64_t channel_stride = last ? shape.out_channels : taps;
  const int64_t tap_stride = last ? channels * shape.out_channels : 1;

  float* to = packed->weight.data();
  for (int64_t group = 0; group < shape.groups; ++group) {
    for (int64_t block = 0; block < blocks.parts; ++block) {
      const int64_t first = blocks.begin(block) * lanes, width = blocks.size(block) * lanes;
      const int64_t real = std::min(outputs - first, width);
      const float* from = request.weight + (group * outputs + first) * output_stride;
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t t = 0; t < taps; ++t) {
          const float* source = from + c * channel_stride + t * tap_stride;
          float* target = to + (t * channels + c) * width;
          for (int64_t k = 0; k < real; ++k) target[k] = source[k * output_stride];
          std::fill(target + real, target + width, 0.0f);
        }
      }
      to += width * channels * taps;
    }
    float* bias = packed->bias.data() + group * padded_outputs;
    std::fill(bias, bias + padded_outputs, 0.0f);
    if (request.bias) std::copy_n(request.bias + group * outputs, outputs, bias);
  }
  return packed;
}

class KLanesPlan final : public ConvPlan {
 public:
  KLanesPlan(const PlanRequest& request, std::shared_ptr<PackedWeights> packed)
      : ConvPlan(request),
        packed_(std::move(packed)),
        padded_(with_padding_applied(request.shape)),
        image_(request.shape, 1),
        blocks_(channel_blocks(request)),
        runs_{tap_runs(axis_of(padded_, 0)), tap_runs(axis_of(padded_, 1)), tap_runs(axis_of(padded_, 2))} {
    const ConvShape& shape = request.shape;
    // Images follow each other: what counts is the work of one.
    threads_ = useful_threads(request.threads, static_cast<double>(shape.out_channels) *
                                                   static_cast<double>(shape.out_pixels()) *
                                                   shape.in_channels_per_group() * static_cast<double>(shape.taps()));
    // 96 pixels × 64 channels of results stay in L1 (24 KiB) until they are transposed. Fewer where that would leave
    // threads without work: four items a thread even out.
    columns_ = Split::at_most(shape.output[2], shape.output[2] <= 128 ? 128 : 96);
    const int64_t rows_wanted = std::max<int64_t>(1, 96 / std::max<int64_t>(1, columns_.largest()));
    const int64_t items_without_rows = int64_t{shape.groups} * blocks_.parts * shape.output[0] * columns_.parts;
    const int64_t row_parts = threads_ > 1 ? ceil_div(4 * threads_, items_without_rows) : 1;
    rows_ = Split::at_most(shape.output[1],
                           std::max<int64_t>(1, std::min<int64_t>(rows_wanted, shape.output[1] / row_parts)));
    band_floats_ = shape.layout == Layout::channels_last
                       ? 0
                       : rows_.largest() * columns_.largest() * blocks_.largest() * request.kernels->lanes;
  }

  bool complete() const { return packed_ && runs_[0] && runs_[1] && runs_[2]; }

  const char* algorithm() const override { return k_lanes_candidate.name; }
  size_t workspace_bytes() const override { return sizeof(float) * (image_.floats() + threads_ * band_floats_); }
  size_t weight_bytes() const override { return packed_->weight.size_bytes() + packed_->bias.size_bytes(); }
  const std::shared_ptr<PackedWeights>& packed() const { return packed_; }

 private:
  // Outputs [begin, end) per axis.
  struct Box {
    int64_t begin[3], end[3];
  };
  struct Target {
    float* data;           // output of the box's first pixel, channel 0 of the block
    int64_t pixel_stride;  // floats
    int64_t row_stride;
    int32_t last_lanes;
  };

  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    float* bands = workspace + image_.floats();
    for (int64_t n = 0; n < s.batch; ++n) {
      const float* image = image_.fill(input + n * s.in_channels * s.in_pixels(), workspace, kernels(), threads_);
      float* result = output + n * s.out_channels * s.out_pixels();
      const int64_t bands_a_plane = rows_.parts * columns_.parts;
      const int64_t items = int64_t{s.groups} * blocks_.parts * s.output[0] * bands_a_plane;
      // Items of one block follow each other, so that its weights stay in L2.
      parallel_for(threads_, items, [&](int64_t item, int worker) {
        const int64_t columns = item % columns_.parts, rows = item / columns_.parts % rows_.parts;
        const int64_t z = item / bands_a_plane % s.output[0], block = item / bands_a_plane / s.output[0];
        const Box box{{z, rows_.begin(rows), columns_.begin(columns)}, {z + 1, rows_.end(rows), columns_.end(columns)}};
        run_band(image, result, bands + worker * band_floats_, block / blocks_.parts, block % blocks_.parts, box);
      });
    }
    return true;
  }

  void run_band(const float* image, float* output, float* band, int64_t group, int64_t block, const Box& box) const {
    const ConvShape& s = shape();
    const int64_t lanes = kernels().lanes;
    const int64_t first_channel = blocks_.begin(block) * lanes, width = blocks_.size(block) * lanes;
    const int64_t channels = std::min<int64_t>(width, s.out_channels_per_group() - first_channel);
    const int64_t channel = group * s.out_channels_per_group() + first_channel;
    const int64_t pixel = (box.begin[0] * s.output[1] + box.begin[1]) * s.output[2] + box.begin[2];
    const int64_t rows = box.end[1] - box.begin[1], columns = box.end[2] - box.begin[2];

    if (s.layout == Layout::channels_last) {
      const int32_t last_lanes = static_cast<int32_t>(channels - (blocks_.size(block) - 1) * lanes);
      run_box(image, group, block, box,
              {output + pixel * s.out_channels + channel, s.out_channels, int64_t{s.output[2]} * s.out_channels,
               last_lanes});
      return;
    }
    run_box(image, group, block, box, {band, width, columns * width, static_cast<int32_t>(lanes)});
    float* target = output + channel * s.out_pixels() + pixel;
    if (columns == s.output[2]) {
      kernels().transpose(band, width, target, s.out_pixels(), rows * columns, channels);
    } else {
      for (int64_t y = 0; y < rows; ++y) {
        kernels().transpose(band + y * columns * width, width, target + y * s.output[2], s.out_pixels(), columns,
                            channels);
      }
    }
  }

  // Cuts the box into rectangles whose outputs have the same taps inside the input.
  void run_box(const float* image, int64_t group, int64_t block, const Box& box, const Target& target) const {
    for (int64_t i = 0; i < runs_[0].size(); ++i) {
      const TapRun& rz = runs_[0][i];
      if (rz.end <= box.begin[0] || rz.begin >= box.end[0]) continue;
      for (int64_t j = 0; j < runs_[1].size(); ++j) {
        const TapRun& ry = runs_[1][j];
        if (ry.end <= box.begin[1] || ry.begin >= box.end[1]) continue;
        for (int64_t k = first_run(2, box.begin[2]); k < runs_[2].size(); ++k) {
          const TapRun& rx = runs_[2][k];
          if (rx.begin >= box.end[2]) break;
          const Box part{
              {box.begin[0], std::max<int64_t>(box.begin[1], ry.begin), std::max<int64_t>(box.begin[2], rx.begin)},
              {box.end[0], std::min<int64_t>(box.end[1], ry.end), std::min<int64_t>(box.end[2], rx.end)}};
          Target there = target;
          there.data +=
              (part.begin[1] - box.begin[1]) * target.row_stride + (part.begin[2] - box.begin[2]) * target.pixel_stride;
          run_rectangle(image, group, block, part, rz, ry, rx, there);
        }
      }
    }
  }

  int64_t first_run(int axis, int64_t output) const {
    const TapRun* begin = runs_[axis].data();
    const TapRun* end = begin + runs_[axis].size();
    return std::partition_point(begin, end, [&](const TapRun& run) { return run.end <= output; }) - begin;
  }

  void run_rectangle(const float* image, int64_t group, int64_t block, const Box& box, const TapRun& rz,
                     const TapRun& ry, const TapRun& rx, const Target& target) const {
    const TapRun* const runs[3] = {&rz, &ry, &rx};
    const int64_t lanes = kernels().lanes, channels = shape().in_channels_per_group();
    const int64_t vectors = blocks_.size(block), width = vectors * lanes;
    const int64_t pixel_strides[3] = {int64_t{padded_.input[1]} * padded_.input[2] * image_.pitch(),
                                      padded_.input[2] * image_.pitch(), image_.pitch()};

    KLanesTile tile{};
    tile.channels = static_cast<int32_t>(channels);
    tile.last_lanes = target.last_lanes;
    tile.relu = shape().activation == Activation::relu;
    const int64_t first_vector = group * blocks_.total + blocks_.begin(block);
    tile.bias = packed_->bias.data() + first_vector * lanes;
    tile.weight = packed_->weight.data() + first_vector * lanes * channels * shape().taps();
    tile.input = image + group * channels;
    bool no_taps = false;
    int64_t tap_weight_stride = channels * width;
    for (int axis = 2; axis >= 0; --axis) {
      tile.tap_count[axis] = runs[axis]->tap_end - runs[axis]->tap_begin;
      no_taps |= tile.tap_count[axis] == 0;
      tile.tap_input_stride[axis] = pixel_strides[axis] * padded_.dilation[axis];
      tile.tap_weight_stride[axis] = tap_weight_stride;
      tile.weight += runs[axis]->tap_begin * tap_weight_stride;
      tap_weight_stride *= shape().kernel[axis];
    }
    int64_t input_step[3];
    for (int axis = 0; axis < 3; ++axis) {
      // Where no tap is inside, nothing is read: stay within the image all the same.
      input_step[axis] = no_taps ? 0 : pixel_strides[axis] * padded_.stride[axis];
      if (!no_taps) {
        tile.input += axis_of(padded_, axis).coordinate(box.begin[axis], runs[axis]->tap_begin) * pixel_strides[axis];
      }
    }

    // Tiles run along the row; down the column where rows are too short for a tile of three, the least that keeps the
    // FMA units busy.
    const int64_t rows = box.end[1] - box.begin[1], columns = box.end[2] - box.begin[2];
    const bool along_rows = columns >= 3 || columns >= rows;
    const int64_t lines = along_rows ? rows : columns;
    const Split tiles = Split::at_most(along_rows ? columns : rows, largest_pixel_tile(kernels(), vectors));
    const int64_t line_input = along_rows ? input_step[1] : input_step[2];
    const int64_t line_output = along_rows ? target.row_stride : target.pixel_stride;
    tile.input_pixel_stride = along_rows ? input_step[2] : input_step[1];
    tile.output_pixel_stride = along_rows ? target.pixel_stride : target.row_stride;
    const float* input = tile.input;
    for (int64_t line = 0; line < lines; ++line) {
      for (int64_t part = 0; part < tiles.parts; ++part) {
        tile.input = input + line * line_input + tiles.begin(part) * tile.input_pixel_stride;
        tile.output = target.data + line * line_output + tiles.begin(part) * tile.output_pixel_stride;
        kernels().k_lanes[vectors - 1][tiles.size(part) - 1](tile);
      }
    }
  }

  std::shared_ptr<PackedWeights> packed_;
  ConvShape padded_;
  ChannelsLastImage image_;
  Split blocks_;                   // of one group's output vectors
  AlignedBuffer<TapRun> runs_[3];  // per axis
  Split rows_{}, columns_{};       // bands of the output
  int threads_;
  int64_t band_floats_;
};

// Cycles of one channel and tap for a tile, measured on Zen 4: one weight vector from L2 takes 2, short tiles wait for
// the latency of the multiply-add. With vectors of at most 32 bytes, on Zen 3, a load or broadcast takes 0.6, which tiles
// one vector wide wait for.
double cycles_of_tile(double pixels, double vectors, double multiply_adds_per_cycle) {
  const double arithmetic = pixels * vectors / multiply_adds_per_cycle;
  const double loads = multiply_adds_per_cycle > 1 ? 0.6 * (pixels + vectors) : 0;
  return std::max({pixels < 4 ? 1.25 * arithmetic : arithmetic, loads, 2 * vectors, 4.0});
}

double cost(const PlanRequest& request) {
  const ConvShape& shape = request.shape;
  if (shape.output_size() == 0) return 0;
  const double multiply_adds_per_cycle = CoreSpeed(*request.kernels).multiply_adds;
  const Split blocks = channel_blocks(request);
  double valid = 1;
  int64_t runs = 1;  // of a row: no tile has outputs of two
  if (shape.padding_mode == PaddingMode::zeros) {
    for (int axis = 0; axis < 3; ++axis) valid *= valid_tap_fraction(axis_of(shape, axis));
    runs = count_tap_runs(axis_of(shape, 2));
  }
  const double terms = valid * shape.in_channels_per_group() * static_cast<double>(shape.taps());
  double cycles_per_pixel = 0;
  for (int64_t block = 0; block < blocks.parts; ++block) {
    const double vectors = static_cast<double>(blocks.size(block));
    const int64_t parts =
        ceil_div(ceil_div(shape.output[2], runs), largest_pixel_tile(*request.kernels, blocks.size(block)));
    const double pixels = static_cast<double>(shape.output[2]) / static_cast<double>(runs * parts);
    // A call costs about 40 cycles and two for each sum that is set and stored.
    cycles_per_pixel +=
        cycles_of_tile(pixels, vectors, multiply_adds_per_cycle) / pixels * terms + 40 / pixels + 2 * vectors;
  }
  double cycles = cycles_per_pixel * shape.groups * static_cast<double>(shape.batch * shape.out_pixels());
  // Transposing takes about 0.3 cycles an element within a 1 MiB L2; beyond it the image is written and read again.
  constexpr double l2_floats = 256 * 1024;
  if (shape.layout == Layout::channels_first || shape.padding_mode != PaddingMode::zeros) {
    const ConvShape padded = with_padding_applied(shape);
    double input = shape.in_channels;
    for (const int32_t size : padded.input) input *= size;
    cycles += shape.batch * input * (input > l2_floats ? 1.5 : 0.3);
  }
  if (shape.layout == Layout::channels_first) {
    const double output = static_cast<double>(shape.out_channels) * static_cast<double>(shape.out_pixels());
    cycles += shape.batch * output * (output > l2_floats ? 1.0 : 0.3);
  }
  return cycles;
}

std::shared_ptr<ConvPlan> create(const PlanRequest& request, const ConvPlan* sibling) {
  const auto* same_kind =
      sibling && sibling->algorithm() == k_lanes_candidate.name && sibling->isa() == request.kernels->name
          ? static_cast<const KLanesPlan*>(sibling)
          : nullptr;
  std::shared_ptr<PackedWeights> packed = same_kind ? same_kind->packed() : pack(request);
  if (!packed) return nullptr;
  std::shared_ptr<KLanesPlan> plan(new (std::nothrow) KLanesPlan(request, std::move(packed)));
  return plan && plan->complete() ? plan : nullptr;
}

}  // namespace

const Candidate k_lanes_candidate{"direct-k-lanes", cost, create};

}  // namespace atrous
