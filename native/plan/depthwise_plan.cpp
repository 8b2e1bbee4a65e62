// Depthwise convolution (kernels/depthwise.hpp): every output channel from one input channel. A plane of a volume is the
// sum over the planes that its taps along the depth see.
//
// Pixels in lanes, for planes. Wide ones with zeros as padding, at stride 1 along the row, are read where they are.
// Others are packed, a band of rows at a time, with their padding and by phase of the stride, so that neighbouring
// outputs have neighbouring inputs:
//
//   band     [tap planes][rows][stride][phase pitch] per thread
//   weights  [output channels][taps]
//
// Channels in lanes, for channels-last images, which are read where they are but for padding with values:
//
//   weights  [taps][channels, up to a whole vector]
#include <algorithm>
#include <cstring>
#include <numeric>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/core_speed.hpp"
#include "plan/memory.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// Floats of a packed band: with its outputs it stays in a 512 KiB L2.
constexpr int64_t band_floats = 32 * 1024;

// Floats of a block of rows: it, its outputs and both of the next block, which are fetched meanwhile, fit a 32 KiB L1.
constexpr int64_t block_floats = 2 * 1024;

// [size][rows − 1]
auto kernels_of(const PlanRequest& request) {
  return request.shape.layout == Layout::channels_last ? request.kernels->depthwise_channels
                                                       : request.kernels->depthwise_pixels;
}

int64_t most_rows(const DepthwiseKernel* kernels) {
  int64_t rows = KernelTable::max_depthwise_rows;
  while (!kernels[rows - 1]) --rows;
  return rows;
}

// Which kernels of the table are for this kernel size.
int size_of(const PlanRequest& request, const ConvShape& s) {
  const bool one_plane = s.kernel[0] == 1 && s.padding_begin[0] == 0 && s.padding_end[0] == 0;
  if (!one_plane) return KernelTable::volume;
  if (s.kernel[1] != s.kernel[2] || s.dilation[1] % s.stride[1] != 0) return KernelTable::any_size;
  const DepthwiseKernel(*kernels)[KernelTable::max_depthwise_rows] = kernels_of(request);
  int size = s.kernel[2] == 3 ? KernelTable::size_3 : s.kernel[2] == 5 ? KernelTable::size_5 : KernelTable::any_size;
  // 5×5 on 28²: 44 → 57 % of peak. On 112² strips lose: 68 → 62 %.
  const bool narrow = ceil_div(s.output[2], request.kernels->lanes) <= 4;
  if (size == KernelTable::size_5 && (narrow || !kernels[size][0])) size = KernelTable::size_5_strips;
  return kernels[size][0] ? size : KernelTable::any_size;
}

bool in_strips(const PlanRequest& request, int size) {
  return request.shape.layout == Layout::channels_first &&
         (size == KernelTable::size_3 || size == KernelTable::size_5_strips);
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

// Output rows share inputs where they are dilation / g apart, g = gcd(stride, dilation): they form as many phases. Tap
// rows fall into stride / g phases likewise, each of which sees input rows of its own.
struct RowPhases {
  int64_t rows, step, most;
  int32_t tap_phases;

  RowPhases(const Axis& axis, const DepthwiseKernel* kernels) : rows(axis.output), most(most_rows(kernels)) {
    const int64_t divisor = std::gcd(axis.stride, axis.dilation);
    step = axis.dilation / divisor;
    tap_phases = static_cast<int32_t>(axis.stride / divisor);
  }

  // Rows of one band: whole groups of every phase.
  int64_t block() const { return step * most; }

  // Calls body(first row, rows of a group, groups) for rows [begin, end): groups as large as they can be, then what is
  // left.
  template <class Body>
  void each_run(int64_t begin, int64_t end, Body body) const {
    int64_t phase = begin;
    // Divided once for all phases that have as many rows: a division takes as long as a tap.
    Split::into(end - begin, std::min(step, end - begin)).each_size([&](int64_t phase_rows, int64_t count) {
      const int64_t groups = ceil_div(phase_rows, most), larger = ceil_div(phase_rows, groups);
      const int64_t larger_groups = phase_rows - groups * (larger - 1), smaller_groups = groups - larger_groups;
      for (; count > 0; --count, ++phase) {
        body(phase, larger, larger_groups);
        if (smaller_groups > 0) body(phase + larger * larger_groups * step, larger - 1, smaller_groups);
      }
    });
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
        size_(size_of(request, geometry)),
        phases_(axis_of(geometry, 1), kernels_of(request)[0]),
        depth_(axis_of(geometry, 0)),
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
    call.tap_planes = 1;
    call.tap_row_step = geometry_.dilation[1];
    call.tap_phases = phases_.tap_phases;
    call.relu = shape().activation == Activation::relu;
    return call;
  }

  // Those along the depth of an output plane.
  TapRange planes_of(int64_t z) const { return taps_seen(depth_, geometry_.padding_mode == PaddingMode::zeros, z, z); }

  ConvShape geometry_;
  AlignedFloats weight_, bias_;
  AlignedBuffer<ptrdiff_t> tap_offset_;  // along the row
  int size_;                             // in the table of kernels
  RowPhases phases_;
  Axis depth_;
  int threads_;
};

class PlanesPlan final : public DepthwisePlan {
 public:
  explicit PlanesPlan(const PlanRequest& request)
      : DepthwisePlan(request, request.shape, request.shape.out_channels),
        packed_(is_packed(request)),
        strips_(in_strips(request, size_)) {
    if (!DepthwisePlan::complete() || !tap_offset_) return;
    const ConvShape& s = request.shape;
    std::copy_n(request.weight, s.weight_size(), weight_.data());
    lay_out_rows(request.kernels->lanes);

    // Bands of whole blocks of rows that share inputs, and enough of them for the threads: four each even out. What
    // has too few rows is cut along them, into sections of 4 KiB at least.
    const int64_t planes = int64_t{s.batch} * s.in_channels * s.output[0], items = threads_ > 1 ? 4 * threads_ : 1;
    const int64_t blocks = std::max<int64_t>(1, ceil_div(s.output[1], phases_.block()));
    int64_t parts = ceil_div(items, planes);
    if (packed_) parts = std::max(parts, ceil_div(s.kernel[0] * band_rows(s.output[1]) * row_pitch(), band_floats));
    bands_ = Split::at_most(blocks, ceil_div(blocks, std::min(blocks, parts)));
    band_height_ = bands_.largest() * phases_.block();
    const int64_t rows_that_fit = block_floats / std::max<int64_t>(1, s.output[2]);
    block_rows_ = phases_.block() * std::max<int64_t>(1, rows_that_fit / phases_.block());
    planes_ = Split::at_most(planes, std::max<int64_t>(1, planes / items));
    const int64_t sections = packed_ ? 1 : ceil_div(items, planes * bands_.parts);
    sections_ = Split::at_most(s.output[2], std::max<int64_t>(1024, ceil_div(s.output[2], sections)));
  }

  bool complete() const override { return DepthwisePlan::complete() && tap_offset_ && edges_; }
  size_t workspace_bytes() const override { return packed_ ? sizeof(float) * threads_ * thread_floats() : 0; }

  // Whether its rows could be packed, too, where they need not be.
  static bool may_pack(const ConvShape& s) {
    // Not where a dilation beyond the map makes a plane with its padding many times as large (64 KiB are allowed).
    const double stored = (static_cast<double>(s.input[1]) + s.padding_begin[1] + s.padding_end[1]) *
                          (static_cast<double>(s.input[2]) + s.padding_begin[2] + s.padding_end[2]);
    const double needed = static_cast<double>(s.in_pixels()) + static_cast<double>(s.out_pixels());
    return stored <= 4 * needed + 16 * 1024;
  }

  static bool must_pack(const ConvShape& s) { return s.stride[2] > 1 || s.padding_mode != PaddingMode::zeros; }

  // Strips take padding as it comes. Tiles with taps in it take twice the time of others: where more than three of ten
  // are such tiles, to copy the plane takes less.
  static bool is_packed(const PlanRequest& request) {
    const ConvShape& s = request.shape;
    if (must_pack(s)) return true;
    if (in_strips(request, size_of(request, s))) return false;
    const auto share_inside = [&](int axis, int64_t tile) {
      const int64_t tiles = ceil_div(s.output[axis], tile);
      const int64_t outside = ceil_div(s.padding_begin[axis], tile) + ceil_div(s.padding_end[axis], tile);
      return static_cast<double>(std::max<int64_t>(0, tiles - outside)) / static_cast<double>(tiles);
    };
    const RowPhases phases(axis_of(s, 1), kernels_of(request)[0]);
    const double inside = share_inside(1, phases.block()) * share_inside(2, request.kernels->lanes);
    return inside < 0.7 && may_pack(s);
  }

 private:
  // A column of the padding that a value stands in.
  struct Edge {
    int64_t to, from;  // floats from the begin of a packed row, of a row of the input
  };

  // Packed rows begin a whole number of strides before the input's.
  void lay_out_rows(int64_t lanes) {
    const ConvShape& s = geometry_;
    const int64_t stride = s.stride[2], reach = int64_t{s.dilation[2]} * (s.kernel[2] - 1);
    const int64_t begin = s.padding_begin[2], seen = (s.output[2] - 1) * stride + reach + 1 - begin;
    phase_left_ = ceil_div(begin, stride);
    const int64_t left = phase_left_ * stride;
    // Whole vectors are read, and written.
    const int64_t read = (left - begin + reach) / stride + std::max<int64_t>(s.output[2], lanes);
    const int64_t written = phase_left_ + ceil_div(ceil_div(s.input[2], stride), lanes) * lanes;
    phase_pitch_ = ceil_div(std::max(read, written), lanes) * lanes;
    const auto packed = [&](int64_t column) {
      return (column + left) % stride * phase_pitch_ + (column + left) / stride;
    };
    for (int64_t t = 0; t < s.kernel[2]; ++t) {
      const int64_t column = t * s.dilation[2];
      tap_offset_[t] = packed_ ? packed(column - begin) : column;
    }
    const bool values = s.padding_mode != PaddingMode::zeros;
    const int64_t end = std::clamp<int64_t>(seen - s.input[2], 0, s.padding_end[2]);
    edges_ = AlignedBuffer<Edge>(values ? begin + end : 0);
    if (!edges_) return;
    for (int64_t i = 0; i < edges_.size(); ++i) {
      const int64_t column = i < begin ? i - begin : s.input[2] + i - begin;
      edges_[i] = {packed(column), source_element(s.padding_mode, column, s.input[2])};
    }
  }

  int64_t row_pitch() const { return packed_ ? shape().stride[2] * phase_pitch_ : shape().input[2]; }
  // Input rows, padding among them, that `rows` output rows see.
  int64_t band_rows(int64_t rows) const {
    return (rows - 1) * shape().stride[1] + int64_t{shape().kernel[1] - 1} * shape().dilation[1] + 1;
  }
  int64_t thread_floats() const { return shape().kernel[0] * band_rows(band_height_) * row_pitch(); }

  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    parallel_for(threads_, planes_.parts * bands_.parts * sections_.parts, [&](int64_t item, int worker) {
      const int64_t section = item % sections_.parts, band = item / sections_.parts % bands_.parts;
      const int64_t part = item / sections_.parts / bands_.parts;
      const int64_t begin = bands_.begin(band) * phases_.block();
      const int64_t end = std::min<int64_t>(s.output[1], bands_.end(band) * phases_.block());
      const int64_t first_row = packed_ ? begin * s.stride[1] - s.padding_begin[1] : 0, rows = band_rows(end - begin);
      const int64_t first_column = sections_.begin(section), last = planes_.end(part);
      DepthwiseRows call = common();
      call.width = sections_.size(section);
      call.tap_row_stride = s.dilation[1] * row_pitch();
      call.weight_row_stride = s.kernel[2];
      call.weight_plane_stride = int64_t{s.kernel[1]} * s.kernel[2];
      call.weight_tap_stride = 1;
      call.output_row_stride = phases_.step * s.output[2];
      const int64_t plane_pixels = int64_t{s.input[1]} * s.input[2], out_pixels = int64_t{s.output[1]} * s.output[2];
      const int64_t band_floats_of_plane = rows * row_pitch();
      call.tap_plane_stride = packed_ ? band_floats_of_plane : s.dilation[0] * plane_pixels;
      float* const scratch = packed_ ? workspace + worker * thread_floats() : nullptr;
      if (packed_) {
        // What no plane writes is zero, and stays so from one to the next.
        std::fill_n(scratch, s.kernel[0] * band_floats_of_plane, 0.0f);
        call.input = scratch;
        call.rows = rows;
        call.columns = INT32_MAX;  // no end: whole vectors are there
      } else {
        call.rows = s.input[1];
        call.column = first_column - s.padding_begin[2];
        call.columns = s.input[2];
        call.reach = int64_t{s.dilation[2]} * (s.kernel[2] - 1);
      }
      for (int64_t i = planes_.begin(part); i < last; ++i) {
        const int64_t volume = i / s.output[0], z = i % s.output[0];
        const float* const planes = input + volume * s.in_pixels();
        const TapRange taps = planes_of(z);
        call.tap_planes = taps.end - taps.begin;
        const auto tap_plane = [&](int64_t t) {
          return planes +
                 source_element(s.padding_mode, depth_.coordinate(z, taps.begin + t), s.input[0]) * plane_pixels;
        };
        const float* const first_plane = call.tap_planes > 0 ? tap_plane(0) : planes;
        if (!packed_) call.input = first_plane;
        for (int32_t t = 0; packed_ && t < call.tap_planes; ++t) {
          pack(tap_plane(t), scratch + t * band_floats_of_plane, first_row, rows);
        }
        for (int64_t k = 0; k < s.out_channels_per_group(); ++k) {
          const int64_t out_volume = volume * s.out_channels_per_group() + k, channel = out_volume % s.out_channels;
          call.weight = weight_.data() + channel * s.taps() + taps.begin * call.weight_plane_stride;
          call.bias = bias_.data() + channel;
          run_channel(call, begin, end, first_row, first_plane,
                      output + out_volume * s.out_pixels() + z * out_pixels + first_column);
        }
      }
    });
    return true;
  }

  // Output rows [begin, end) of a plane. The call's row 0 is row `first_row` of the plane.
  void run_channel(DepthwiseRows& call, int64_t begin, int64_t end, int64_t first_row, const float* plane,
                   float* output) const {
    const ConvShape& s = shape();
    const int64_t reach = int64_t{s.dilation[1]} * (s.kernel[1] - 1) - s.padding_begin[1];
    for (int64_t block = begin; block < end; block += block_rows_) {
      const int64_t block_end = std::min(end, block + block_rows_);
      // A block's rows follow each other in memory: the next one's are fetched in that order. Of a single row what is
      // nearer, and into a packed band the input is read in order anyway.
      int64_t next_row = block_end;
      const int64_t nearer = s.output[1] == 1 ? std::max<int64_t>(0, s.output[2] - block_floats) : 0;
      const auto run = [&](int64_t row, int64_t rows, int64_t groups) {
        call.row = row * s.stride[1] - s.padding_begin[1] - first_row;
        call.offset = call.row * row_pitch() + call.column;
        call.output = output + row * s.output[2];
        call.groups = static_cast<int32_t>(groups);
        call.next_output = address_of(output, next_row * s.output[2] - nearer);
        call.next_input =
            packed_ ? call.next_output : address_of(plane, (next_row * s.stride[1] + reach) * s.input[2] - nearer);
        next_row += rows * groups;
        kernels().depthwise_pixels[size_][rows - 1](call);
      };
      if (strips_) {
        const int64_t step = std::min(phases_.step, block_end - block);
        for (int64_t phase = 0; phase < step; ++phase) {
          run(block + phase, 1, ceil_div(block_end - block - phase, phases_.step));
        }
      } else {
        phases_.each_run(block, block_end, run);
      }
    }
  }

  // `rows` rows of the padded plane from coordinate `first` on.
  void pack(const float* plane, float* to, int64_t first, int64_t rows) const {
    const ConvShape& s = shape();
    const int64_t stride = s.stride[2], width = s.input[2], last = first + rows;
    if (s.padding_mode == PaddingMode::zeros) {
      const int64_t begin = std::max<int64_t>(0, first), end = std::min<int64_t>(s.input[1], last);
      kernels().split_phases(plane + begin * width, end - begin, width, stride,
                             to + (begin - first) * row_pitch() + phase_left_, phase_pitch_);
      return;
    }
    for (int64_t y = first; y < last; ++y, to += row_pitch()) {
      const float* row = plane + source_element(s.padding_mode, y, s.input[1]) * width;
      kernels().split_phases(row, 1, width, stride, to + phase_left_, phase_pitch_);
      for (int64_t i = 0; i < edges_.size(); ++i) to[edges_[i].to] = row[edges_[i].from];
    }
  }

  bool packed_;
  bool strips_;
  int64_t block_rows_ = 0;  // worked on together, all phases of them
  AlignedBuffer<Edge> edges_;
  int64_t phase_left_ = 0, phase_pitch_ = 0, band_height_ = 0;
  Split bands_{};     // of the blocks of rows
  Split sections_{};  // of the columns
  Split planes_{};    // of all volumes that are written
};

class ChannelsLastPlan final : public DepthwisePlan {
 public:
  explicit ChannelsLastPlan(const PlanRequest& request)
      : DepthwisePlan(request, upright(with_padding_applied(request.shape)),
                      ceil_div(request.shape.out_channels, request.kernels->lanes) * request.kernels->lanes),
        image_(request.shape, 1),
        columns_(tap_runs(axis_of(geometry_, 2))) {
    if (!complete()) return;
    const ConvShape& s = geometry_;
    for (int64_t t = 0; t < s.taps(); ++t) {
      std::copy_n(request.weight + t * s.out_channels, s.out_channels, weight_.data() + t * bias_.size());
    }
    for (int64_t t = 0; t < s.kernel[2]; ++t) tap_offset_[t] = t * s.dilation[2] * image_.pitch();
    const int64_t blocks = ceil_div(s.output[1], phases_.block());
    bands_ =
        Split::at_most(blocks, std::max<int64_t>(1, threads_ > 1 ? blocks * s.output[0] / (4 * threads_) : blocks));
  }

  bool complete() const override { return DepthwisePlan::complete() && tap_offset_ && columns_; }
  size_t workspace_bytes() const override { return sizeof(float) * image_.floats(); }

 private:
  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    if (image_.floats() == 0) {
      parallel_for(threads_, s.batch * bands(), [&](int64_t item, int) {
        const int64_t n = item / bands();
        run_band(input + n * s.in_channels * s.in_pixels(), output + n * s.out_channels * s.out_pixels(),
                 item % bands());
      });
      return true;
    }
    for (int64_t n = 0; n < s.batch; ++n) {
      const float* image = image_.fill(input + n * s.in_channels * s.in_pixels(), workspace, kernels(), threads_);
      float* result = output + n * s.out_channels * s.out_pixels();
      parallel_for(threads_, bands(), [&](int64_t band, int) { run_band(image, result, band); });
    }
    return true;
  }

  // Of all output planes of an image.
  int64_t bands() const { return geometry_.output[0] * bands_.parts; }

  void run_band(const float* image, float* output, int64_t index) const {
    const ConvShape& s = geometry_;
    const int64_t pitch = image_.pitch(), row_pitch = s.input[2] * pitch, plane_pitch = s.input[1] * row_pitch;
    const int64_t z = index / bands_.parts, band = index % bands_.parts, block = phases_.block();
    const int64_t begin = bands_.begin(band) * block, end = std::min<int64_t>(s.output[1], bands_.end(band) * block);
    const TapRange planes = planes_of(z);
    DepthwiseRows call = common();
    call.tap_planes = planes.end - planes.begin;
    call.input = call.tap_planes > 0 ? image + depth_.coordinate(z, planes.begin) * plane_pitch : image;
    call.rows = s.input[1];
    call.tap_row_stride = s.dilation[1] * row_pitch;
    call.tap_plane_stride = s.dilation[0] * plane_pitch;
    call.weight_plane_stride = int64_t{s.kernel[1]} * s.kernel[2] * bias_.size();
    call.weight = weight_.data() + planes.begin * call.weight_plane_stride;
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
        call.output = output + ((z * s.output[1] + row) * s.output[2] + run.begin) * s.out_channels;
        kernels().depthwise_channels[size_][rows - 1](call);
      }
    });
  }

  ChannelsLastImage image_;
  AlignedBuffer<TapRun> columns_;
  Split bands_{};  // of the blocks of rows
};

bool accepts(const PlanRequest& request) {
  const ConvShape& s = request.shape;
  if (s.groups != s.in_channels) return false;
  if (s.layout == Layout::channels_last) return s.out_channels == s.in_channels;
  if (!may_multiply_padding(request)) return false;
  return !PlanesPlan::must_pack(s) || PlanesPlan::may_pack(s);
}

double cost(const PlanRequest& request) {
  if (!accepts(request)) return not_accepted;
  const ConvShape& s = request.shape;
  const int lanes = request.kernels->lanes;
  const bool last = s.layout == Layout::channels_last;
  const ConvShape geometry = upright(s);
  const RowPhases phases(axis_of(geometry, 1), kernels_of(request)[0]);
  const CoreSpeed speed(*request.kernels);
  // Each load serves the tap rows of as many output rows as share it.
  const double rows = static_cast<double>(std::min(phases.most, ceil_div(phases.rows, phases.step)));
  const double planes =
      s.padding_mode == PaddingMode::zeros ? s.kernel[0] * valid_tap_fraction(axis_of(s, 0)) : s.kernel[0];
  const double loads = planes * geometry.kernel[2] *
                       (geometry.kernel[1] + std::min(phases.tap_phases, geometry.kernel[1]) * (rows - 1)) / rows;
  const double vector =
      std::max(planes * s.kernel[1] * s.kernel[2] / speed.multiply_adds, speed.unaligned_load * loads) + 3;
  const double vectors =
      static_cast<double>(s.batch) * (last ? static_cast<double>(s.out_pixels() * ceil_div(s.out_channels, lanes))
                                           : static_cast<double>(s.out_channels) * s.output[0] * s.output[1] *
                                                 static_cast<double>(ceil_div(s.output[2], lanes)));
  const bool copied = last ? s.padding_mode != PaddingMode::zeros : PlanesPlan::is_packed(request);
  return vectors * vector + (copied ? 0.25 * planes : 0.1) * static_cast<double>(s.input_size()) +
         s.batch * image_cycles(s);
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

const Candidate depthwise_candidate{"direct-depthwise", cost, create};

}  // namespace atrous
