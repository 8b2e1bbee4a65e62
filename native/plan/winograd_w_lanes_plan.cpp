// Short bilinear algorithms (short_algorithm.hpp) with tiles in lanes: for wide maps, signals, and few or odd channel
// counts. The width's tiles of a row, under any dilation, stand beside each other in vectors (kernels/table.hpp, LaneWidth);
// tiles along depth and height are rows of them.
//
//   chunks    [row of tiles][channel][line][elements]: B of depth and height applied to the rows of some tiles and of a
//             piece of the width; a line is one product of the two
//   lanes     [point][channel][lanes]: B of the width applied to one line
//   weights   [group][panel of output channels][line][point][tap group][channel][outputs of the panel]: G applied
//   products  [point][output][lanes] of a line and a panel: for each point a matrix product over channels and tap groups
//   results   [row of tiles][output][line][elements]: A of the width applied to the products of every line
//   output    A of depth and height applied, written where it belongs; by way of a tile of rows in channels last
//
// Inputs that overflow on the way, NaN and infinities show in the results: the last step tells of any that is not finite,
// and the image is then left to the direct plan (direct_fallback.hpp). Reading the input beforehand took 4–6 % of the
// time.
//
// Each item of work goes through all steps on one thread. Lanes, weights and products of a line stay in L1, the rest in
// L2. Where the width has no algorithm, chunks are lanes and products are results.
#include "plan/winograd_w_lanes_plan.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/direct_fallback.hpp"
#include "plan/lane_axis.hpp"
#include "plan/lane_scheme.hpp"
#include "plan/memory.hpp"
#include "plan/short_axis.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"
#include "plan/transformed_weights.hpp"

namespace atrous {
namespace {

// Floats from one row to the next: 64 bytes more where a multiple of 256 bytes would crowd few cache sets.
int64_t spread(int64_t floats) {
  floats = whole_lines(floats);
  return floats % 64 == 0 ? floats + 16 : floats;
}

class WinogradWLanesPlan final : public ConvPlan {
 public:
  WinogradWLanesPlan(const PlanRequest& request, const LaneScheme& scheme, std::shared_ptr<TransformedWeights> packed)
      : ConvPlan(request),
        scheme_(scheme),
        packed_(std::move(packed)),
        padded_(with_padding_applied(request.shape)),
        depth_axis_(ShortPiece(*scheme.nest.axis[0]), axis_of(padded_, 0), 1, padded_.output[0]),
        height_axis_(ShortPiece(*scheme.nest.axis[1]), axis_of(padded_, 1), 1, padded_.output[1]),
        width_axis_(*scheme.nest.axis[2], axis_of(padded_, 2), scheme.nest.tap_groups, scheme.tiles, scheme.phases),
        depth_(int64_t{request.shape.in_channels_per_group()} * scheme.nest.tap_groups),
        offset_(depth_),
        zeros_(padded_.input[2] + request.kernels->lanes),
        fallback_(request) {
    if (!complete()) return;
    std::fill_n(zeros_.data(), zeros_.size(), 0.0f);
    for (int i = 0; i < 3; ++i) {
      scheme.nest.axis[i]->input_constants(input_matrix_[i]);
      scheme.nest.axis[i]->output_constants(output_matrix_[i]);
    }
    lay_out_workspace(request);
    for (int64_t g = 0, j = 0; g < scheme.nest.tap_groups; ++g) {
      for (int64_t c = 0; c < request.shape.in_channels_per_group(); ++c, ++j) {
        offset_[j] = c * (pointwise_ ? chunk_channel_stride_ : lane_channel_stride_) + g * scheme.phases;
      }
    }
  }

  bool complete() const {
    return depth_axis_.complete() && height_axis_.complete() && width_axis_.complete() && offset_ && zeros_ &&
           fallback_;
  }

  const char* algorithm() const override { return winograd_w_lanes_candidate.name; }
  const ShortScheme* short_scheme() const override { return &scheme_.nest; }
  size_t workspace_bytes() const override { return sizeof(float) * threads_ * thread_floats_; }
  size_t weight_bytes() const override {
    return packed_->weight.size_bytes() + packed_->bias.size_bytes() + fallback_.bytes();
  }
  const LaneScheme& scheme() const { return scheme_; }
  const std::shared_ptr<TransformedWeights>& packed() const { return packed_; }

 private:
  void lay_out_workspace(const PlanRequest& request) {
    const ConvShape& s = request.shape;
    const int64_t lanes = request.kernels->lanes, channels = s.in_channels_per_group();
    const ShortAlgorithm* const* a = scheme_.nest.axis;
    const int64_t phases = scheme_.phases, in_tiles = scheme_.tiles + scheme_.nest.tap_groups - 1;
    pointwise_ = a[2]->products == 1;
    row_lanes_ = scheme_.tiles * phases;
    in_row_lanes_ = in_tiles * phases;
    lines_ = int64_t{a[0]->products} * a[1]->products;
    single_rows_ = !pointwise_ && lines_ == 1 && a[0]->inputs() == 1 && a[1]->inputs() == 1 &&
                   s.output[0] == padded_.input[0] && s.output[1] == padded_.input[1];

    const int64_t chunk_tiles = in_tiles + (a[2]->inputs() - 1) / 4;
    // Channels of a line follow each other: what is done line by line reads them as one stream.
    chunk_channel_stride_ = whole_lines((pointwise_ ? 1 : 4) * chunk_tiles * phases + 5 * lanes);
    chunk_line_stride_ = spread(channels * chunk_channel_stride_);
    result_channel_stride_ = whole_lines(a[2]->outputs * row_lanes_ + 4 * lanes);
    result_line_stride_ = spread(s.out_channels_per_group() * result_channel_stride_);
    lane_channel_stride_ = spread(scheme_.rows * in_row_lanes_ + lanes);
    lane_point_stride_ = channels * lane_channel_stride_ + 16;
    product_channel_stride_ = spread(scheme_.rows * row_lanes_ + lanes);
    product_point_stride_ = scheme_.panels.largest() * product_channel_stride_ + 16;
    plane_pitch_ = spread(chunk_tiles * phases + lanes);

    if (!pointwise_) chunk_line_stride_ = result_line_stride_ = std::max(chunk_line_stride_, result_line_stride_);
    chunk_row_stride_ = lines_ * chunk_line_stride_;
    result_row_stride_ = lines_ * result_line_stride_;
    chunk_floats_ = scheme_.rows * chunk_row_stride_;
    result_floats_ = pointwise_ ? scheme_.rows * result_row_stride_ : 0;
    lane_floats_ = pointwise_ ? 0 : whole_lines(a[2]->products * lane_point_stride_);
    product_floats_ = pointwise_ ? 0 : whole_lines(a[2]->products * product_point_stride_);
    plane_floats_ = pointwise_ ? 0 : 8 * plane_pitch_;

    // Rows that can't be read or written where they stand.
    int64_t span = 0;
    for (int64_t piece = 0; piece < width_axis_.pieces(); ++piece) span = std::max(span, span_of(piece).size);
    staged_ = s.layout == Layout::channels_last || s.padding_mode != PaddingMode::zeros;
    in_pitch_ = spread(span + lanes);
    in_stage_floats_ = staged_ ? int64_t{a[0]->inputs()} * a[1]->inputs() * channels * in_pitch_ : 0;
    out_pitch_ = spread(std::min<int64_t>(s.output[2], scheme_.tiles * a[2]->outputs * s.dilation[2]) + lanes);
    out_stage_floats_ = s.layout == Layout::channels_last
                            ? int64_t{a[0]->outputs} * a[1]->outputs * s.out_channels_per_group() * out_pitch_
                            : 0;

    unwanted_floats_ = whole_lines(s.output[2]);
    thread_floats_ = unwanted_floats_ + chunk_floats_ + result_floats_ + lane_floats_ + product_floats_ +
                     plane_floats_ + in_stage_floats_ + out_stage_floats_;
    row_parts_ = Split::at_most(depth_axis_.tiles(0) * height_axis_.tiles(0), scheme_.rows);
    threads_ = useful_threads(request.threads, static_cast<double>(scheme_.nest.points() * row_lanes_) *
                                                   static_cast<double>(width_axis_.pieces() * row_parts_.total) *
                                                   static_cast<double>(depth_) * s.out_channels);
    // Neighbours share rows of the input and pages of both: two at a time take up to 9 % less on two threads, where
    // enough are left to even out.
    const int64_t items = s.groups * row_parts_.parts * width_axis_.pieces();
    items_at_once_ = threads_ > 1 && items >= 16 * threads_ ? 2 : 1;
  }

  // Whether the width's map reads a piece's columns where they stand: depth and height have no algorithm, all columns
  // exist, and so do those that vectors reach beyond them.
  bool reads_rows(int64_t piece) const {
    const ShortAlgorithm& a = *scheme_.nest.axis[2];
    const int64_t dilation = padded_.dilation[2], lanes = kernels().lanes;
    if (!single_rows_ || staged_ || (scheme_.phases != dilation && scheme_.phases % lanes != 0)) return false;
    const int64_t tiles = width_axis_.tiles(piece) + scheme_.nest.tap_groups - 1 + (a.inputs() - 1) / 4;
    const int64_t column = width_axis_.input_column(piece);
    return column >= 0 && column + (4 * tiles - 1) * dilation + scheme_.phases + 4 * lanes <= padded_.input[2];
  }
  // The same for what it writes: and no vector may reach beyond them.
  bool writes_rows(int64_t piece) const {
    const int64_t dilation = padded_.dilation[2], lanes = kernels().lanes, phases = scheme_.phases;
    if (!single_rows_ || shape().layout == Layout::channels_last || width_axis_.phases(piece) != phases) return false;
    const bool whole_chunks = phases % lanes == 0;
    const bool whole_lanes =
        phases == dilation && lanes % phases == 0 && width_axis_.tiles(piece) * phases % lanes == 0;
    if (!whole_chunks && !whole_lanes) return false;
    return width_axis_.output_column(piece) + (4 * width_axis_.tiles(piece) - 1) * dilation + phases <=
           padded_.output[2];
  }

  // Columns of the input from the first to the last that a piece reads.
  Interval span_of(int64_t piece) const {
    const LaneAxis::Runs runs = width_axis_.inputs(piece);
    if (runs.count == 0) return {0, 0};
    const ChunkRun& last = runs.data[runs.count - 1];
    return {runs.data[0].column, last.column + last.length - runs.data[0].column};
  }

  // Floats that the chunks of a piece are moved by, so that what is stored of its first run is aligned: a vector that
  // crosses a cache line takes two stores.
  int64_t chunk_shift(int64_t piece) const {
    const LaneAxis::Runs runs = width_axis_.inputs(piece);
    return runs.count == 0 ? 0 : (kernels().lanes - runs.data[0].element % kernels().lanes) % kernels().lanes;
  }

  // What one thread works in.
  struct Scratch {
    float *chunks, *results, *lanes, *products, *planes, *in_stage, *out_stage, *unwanted;
  };
  Scratch scratch_of(float* workspace, int worker) const {
    float* memory = workspace + worker * thread_floats_;
    Scratch scratch{};
    scratch.chunks = memory;
    // A line's chunks have been read when its results are written.
    memory += chunk_floats_;
    scratch.results = pointwise_ ? memory : scratch.chunks;
    scratch.lanes = memory += result_floats_;
    scratch.products = memory += lane_floats_;
    scratch.planes = memory += product_floats_;
    scratch.in_stage = memory += plane_floats_;
    scratch.out_stage = memory += in_stage_floats_;
    scratch.unwanted = memory + out_stage_floats_;
    return scratch;
  }

  // Some rows of tiles of one piece of the width, of one group.
  struct Item {
    int64_t group, piece, first_row, rows, tiles;
  };

  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    const int64_t pieces = width_axis_.pieces();
    for (int64_t n = 0; n < s.batch; ++n) {
      const float* from = input + n * s.in_channels * s.in_pixels();
      float* to = output + n * s.out_channels * s.out_pixels();
      std::atomic<bool> finite{true};
      const Split draws = Split::at_most(s.groups * row_parts_.parts * pieces, items_at_once_);
      parallel_for(threads_, draws.parts, [&](int64_t draw, int worker) {
        for (int64_t index = draws.begin(draw); index < draws.end(draw); ++index) {
          if (!finite.load(std::memory_order_relaxed)) return;
          const int64_t piece = index % pieces, part = index / pieces % row_parts_.parts;
          const Item item{index / pieces / row_parts_.parts, piece, row_parts_.begin(part), row_parts_.size(part),
                          width_axis_.tiles(piece)};
          if (!run_item(from, to, item, scratch_of(workspace, worker))) finite.store(false, std::memory_order_relaxed);
        }
      });
      if (!finite.load() && !fallback_.run(from, to)) return false;
    }
    return true;
  }

  // Whether all results are finite.
  bool run_item(const float* input, float* output, const Item& item, const Scratch& scratch) const {
    const bool from_rows = reads_rows(item.piece), to_rows = writes_rows(item.piece);
    if (!from_rows) transform_rows(input, item, scratch);
    bool finite = true;
    for (int64_t line = 0; line < lines_; ++line) {
      if (pointwise_) {
        multiply_chunks(item, line, scratch);
      } else {
        finite &= multiply_lanes(item, line, from_rows ? input : nullptr, to_rows ? output : nullptr, scratch);
      }
    }
    return to_rows ? finite : write_rows(output, item, scratch);
  }

  LaneRows rows_map(bool inputs, int64_t piece) const {
    LaneRows map{};
    for (int i = 0; i < 2; ++i) {
      const ShortAlgorithm& a = *scheme_.nest.axis[i];
      map.matrix[i] = inputs ? input_matrix_[i] : output_matrix_[i];
      map.structure[i] = inputs ? a.input_structure() : a.output_structure();
      map.from[i] = inputs ? a.inputs() : a.products;
      map.to[i] = inputs ? a.products : a.outputs;
    }
    const LaneAxis::Runs runs = inputs ? width_axis_.inputs(piece) : width_axis_.outputs(piece);
    map.runs = runs.data;
    map.run_count = runs.count;
    map.line_stride = inputs ? chunk_line_stride_ : result_line_stride_;
    map.channel_stride = inputs ? chunk_channel_stride_ : result_channel_stride_;
    return map;
  }

  LaneWidth width_map(bool inputs, const Item& item, const Scratch& scratch) const {
    const ShortAlgorithm& a = *scheme_.nest.axis[2];
    LaneWidth map{};
    map.matrix = inputs ? input_matrix_[2] : output_matrix_[2];
    map.structure = inputs ? a.input_structure() : a.output_structure();
    map.from = inputs ? a.inputs() : a.products;
    map.to = inputs ? a.products : a.outputs;
    map.tiles = static_cast<int32_t>(item.tiles + (inputs ? scheme_.nest.tap_groups - 1 : 0));
    map.phases = static_cast<int32_t>(scheme_.phases);
    map.chunk_stride = scheme_.phases;
    map.chunk_channel_stride = inputs ? chunk_channel_stride_ : result_channel_stride_;
    map.point_stride = inputs ? lane_point_stride_ : product_point_stride_;
    map.lane_channel_stride = inputs ? lane_channel_stride_ : product_channel_stride_;
    map.planes = scratch.planes;
    map.plane_pitch = plane_pitch_;
    return map;
  }

  void transform_rows(const float* input, const Item& item, const Scratch& scratch) const {
    const ConvShape& s = shape();
    const int64_t channels = s.in_channels_per_group();
    const float* rows[ShortAlgorithm::max_inputs * ShortAlgorithm::max_inputs];
    RowsToChunks to_chunks{};
    LaneRows& map = to_chunks.map;
    map = rows_map(true, item.piece);
    map.channels = static_cast<int32_t>(channels);
    map.chunk_length = static_cast<int32_t>(
        (pointwise_ ? item.tiles + scheme_.nest.tap_groups - 1
                    : 4 * (item.tiles + scheme_.nest.tap_groups - 2) + scheme_.nest.axis[2]->inputs()) *
        scheme_.phases);
    map.row_channel_stride = staged_ ? in_pitch_ : s.in_pixels();
    to_chunks.rows = rows;
    to_chunks.zeros = zeros_.data();
    const Interval span = span_of(item.piece);
    for (int64_t row = 0; row < item.rows; ++row) {
      const int64_t z_tile = (item.first_row + row) / height_axis_.tiles(0);
      const int64_t y_tile = (item.first_row + row) % height_axis_.tiles(0);
      int64_t stage = 0;
      const float** next = rows;
      for (int i = 0; i < map.from[0]; ++i) {
        const int64_t z = depth_axis_.input(0, z_tile, i);
        for (int j = 0; j < map.from[1]; ++j, ++next) {
          const int64_t y = height_axis_.input(0, y_tile, j);
          if (z < 0 || y < 0) {
            *next = nullptr;
          } else if (staged_) {
            float* const to = scratch.in_stage + stage++ * channels * in_pitch_;
            stage_row(input, item.group, z, y, span, to);
            *next = to - span.begin;
          } else {
            *next = input + ((item.group * channels * s.input[0] + z) * s.input[1] + y) * s.input[2];
          }
        }
      }
      to_chunks.chunks = scratch.chunks + chunk_shift(item.piece) + row * chunk_row_stride_;
      kernels().rows_to_chunks(to_chunks);
    }
  }

  // A run of columns of one row of the padded input, every channel of the group: [channels][in_pitch_].
  void stage_row(const float* input, int64_t group, int64_t z, int64_t y, const Interval& span, float* to) const {
    const ConvShape& s = shape();
    const bool zeros = s.padding_mode == PaddingMode::zeros, last = s.layout == Layout::channels_last;
    const int64_t channels = s.in_channels_per_group(), width = s.input[2];
    const int64_t source_z = zeros ? z : source_element(s.padding_mode, z - s.padding_begin[0], s.input[0]);
    const int64_t source_y = zeros ? y : source_element(s.padding_mode, y - s.padding_begin[1], s.input[1]);
    const int64_t row = (source_z * s.input[1] + source_y) * width,
                  first = span.begin - (zeros ? 0 : s.padding_begin[2]);
    const int64_t pixel_stride = last ? s.in_channels : 1, channel_stride = last ? 1 : s.in_pixels();
    const float* const from = input + group * channels * (last ? 1 : s.in_pixels()) + row * pixel_stride;
    // Columns [begin, end) stand in the row, the others are written-out padding.
    const int64_t begin = std::clamp<int64_t>(-first, 0, span.size);
    const int64_t end = std::clamp<int64_t>(width - first, begin, span.size);
    if (last) {
      kernels().transpose(from + (first + begin) * pixel_stride, pixel_stride, to + begin, in_pitch_, end - begin,
                          channels);
    }
    for (int64_t c = 0; c < channels; ++c) {
      if (!last) std::copy_n(from + c * channel_stride + first + begin, end - begin, to + c * in_pitch_ + begin);
      const auto pad = [&](int64_t x) {
        const int64_t source = source_element(s.padding_mode, first + x, width);
        to[c * in_pitch_ + x] = from[c * channel_stride + source * pixel_stride];
      };
      for (int64_t x = 0; x < begin; ++x) pad(x);
      for (int64_t x = end; x < span.size; ++x) pad(x);
    }
  }

  // The products of one line and panel.
  PointProducts products_of(const Item& item, int64_t line, int64_t panel) const {
    const int64_t first = item.group * shape().out_channels_per_group() + scheme_.panels.begin(panel);
    const int64_t points = scheme_.nest.axis[2]->products;
    PointProducts products{};
    products.offset = offset_.data();
    products.depth = static_cast<int32_t>(depth_);
    products.points = static_cast<int32_t>(points);
    products.weight = packed_->weight.data() + (first * lines_ + line * scheme_.panels.size(panel)) * points * depth_;
    return products;
  }

  void multiply(PointProducts products, int64_t outputs, int64_t length) const {
    const int64_t lanes = kernels().lanes, vectors = ceil_div(length, lanes), rest = vectors % scheme_.vectors;
    products.tiles = static_cast<int32_t>(vectors / scheme_.vectors);
    if (products.tiles > 0) kernels().point_products[outputs - 1][scheme_.vectors - 1](products);
    if (rest == 0) return;
    products.input += (vectors - rest) * lanes;
    products.output += (vectors - rest) * lanes;
    products.tiles = 1;
    kernels().point_products[outputs - 1][rest - 1](products);
  }

  void multiply_chunks(const Item& item, int64_t line, const Scratch& scratch) const {
    for (int64_t row = 0; row < item.rows; ++row) {
      const float* const chunks =
          scratch.chunks + chunk_shift(item.piece) + row * chunk_row_stride_ + line * chunk_line_stride_;
      float* const results = scratch.results + row * result_row_stride_ + line * result_line_stride_;
      for (int64_t panel = 0; panel < scheme_.panels.parts; ++panel) {
        PointProducts products = products_of(item, line, panel);
        products.input = chunks;
        products.output = results + scheme_.panels.begin(panel) * result_channel_stride_;
        products.output_channel_stride = result_channel_stride_;
        multiply(products, scheme_.panels.size(panel), item.tiles * scheme_.phases);
      }
    }
  }

  // `input`, `output`: null where the rows are in scratch.
  bool multiply_lanes(const Item& item, int64_t line, const float* input, float* output, const Scratch& scratch) const {
    const ConvShape& s = shape();
    ChunksToLanes to_lanes{width_map(true, item, scratch), nullptr, nullptr};
    to_lanes.map.channels = s.in_channels_per_group();
    if (input) {
      to_lanes.map.chunk_stride = s.dilation[2];
      to_lanes.map.chunk_channel_stride = s.in_pixels();
    }
    for (int64_t row = 0; row < item.rows; ++row) {
      to_lanes.chunks = scratch.chunks + chunk_shift(item.piece) + row * chunk_row_stride_ + line * chunk_line_stride_;
      if (input) {
        to_lanes.chunks = input + item.group * s.in_channels_per_group() * s.in_pixels() +
                          (item.first_row + row) * s.input[2] + width_axis_.input_column(item.piece);
      }
      to_lanes.lanes = scratch.lanes + row * in_row_lanes_;
      kernels().chunks_to_lanes(to_lanes);
    }
    LanesToChunks to_chunks{width_map(false, item, scratch), nullptr, nullptr, nullptr, false};
    if (output) {
      to_chunks.map.chunk_stride = s.dilation[2];
      to_chunks.map.chunk_channel_stride = s.out_pixels();
      to_chunks.relu = s.activation == Activation::relu;
    }
    // Rows that lend no inputs to the next tap groups follow each other without a gap.
    const bool flat = scheme_.nest.tap_groups == 1;
    bool finite = true;
    const int64_t piece_lanes = item.tiles * scheme_.phases;
    for (int64_t panel = 0; panel < scheme_.panels.parts; ++panel) {
      PointProducts products = products_of(item, line, panel);
      products.input_point_stride = lane_point_stride_;
      products.output_point_stride = product_point_stride_;
      products.output_channel_stride = product_channel_stride_;
      for (int64_t row = 0; row < (flat ? 1 : item.rows); ++row) {
        products.input = scratch.lanes + row * in_row_lanes_;
        products.output = scratch.products + row * row_lanes_;
        multiply(products, scheme_.panels.size(panel), (flat ? (item.rows - 1) * row_lanes_ : 0) + piece_lanes);
      }
      to_chunks.map.channels = static_cast<int32_t>(scheme_.panels.size(panel));
      const int64_t channel = item.group * s.out_channels_per_group() + scheme_.panels.begin(panel);
      if (output) to_chunks.bias = packed_->bias.data() + channel;
      for (int64_t row = 0; row < item.rows; ++row) {
        to_chunks.lanes = scratch.products + row * row_lanes_;
        to_chunks.chunks = scratch.results + row * result_row_stride_ +
                           scheme_.panels.begin(panel) * result_channel_stride_ + line * result_line_stride_;
        if (output) {
          to_chunks.chunks = output + channel * s.out_pixels() + (item.first_row + row) * s.output[2] +
                             width_axis_.output_column(item.piece);
        }
        finite &= kernels().lanes_to_chunks(to_chunks);
      }
    }
    return finite;
  }

  bool write_rows(float* output, const Item& item, const Scratch& scratch) const {
    const ConvShape& s = shape();
    const bool last = s.layout == Layout::channels_last;
    const int64_t channels = s.out_channels_per_group(), first = item.group * channels;
    float* rows[ShortAlgorithm::max_outputs * ShortAlgorithm::max_outputs];
    ChunksToRows to_rows{};
    LaneRows& map = to_rows.map;
    map = rows_map(false, item.piece);
    map.channels = static_cast<int32_t>(channels);
    map.row_channel_stride = last ? out_pitch_ : s.out_pixels();
    to_rows.rows = rows;
    to_rows.unwanted = scratch.unwanted;
    to_rows.bias = packed_->bias.data() + first;
    to_rows.relu = s.activation == Activation::relu;
    if (map.run_count == 0) return true;
    bool finite = true;
    const int64_t begin = map.runs[0].column;
    for (int64_t row = 0; row < item.rows; ++row) {
      const int64_t z_tile = (item.first_row + row) / height_axis_.tiles(0);
      const int64_t y_tile = (item.first_row + row) % height_axis_.tiles(0);
      const auto each_row = [&](auto body) {
        int index = 0;
        for (int i = 0; i < map.to[0]; ++i) {
          const int64_t z = depth_axis_.output(0, z_tile, i);
          for (int j = 0; j < map.to[1]; ++j, ++index) {
            const int64_t y = height_axis_.output(0, y_tile, j);
            body(index, z < 0 || y < 0 ? -1 : (z * s.output[1] + y) * s.output[2]);
          }
        }
      };
      each_row([&](int index, int64_t pixel) {
        rows[index] = pixel < 0 ? nullptr
                      : last    ? scratch.out_stage + index * channels * out_pitch_ - begin
                                : output + first * s.out_pixels() + pixel;
      });
      to_rows.chunks = scratch.results + row * result_row_stride_;
      finite &= kernels().chunks_to_rows(to_rows);
      if (!last) continue;
      each_row([&](int index, int64_t pixel) {
        if (pixel < 0) return;
        for (int r = 0; r < map.run_count; ++r) {
          const ChunkRun& run = map.runs[r];
          kernels().transpose(rows[index] + run.column, out_pitch_,
                              output + (pixel + run.column) * s.out_channels + first, s.out_channels, channels,
                              run.length);
        }
      });
    }
    return finite;
  }

  LaneScheme scheme_;
  std::shared_ptr<TransformedWeights> packed_;
  ConvShape padded_;
  ShortAxis depth_axis_, height_axis_;  // whole: of one region
  LaneAxis width_axis_;
  int64_t depth_;                    // terms of a sum
  AlignedBuffer<ptrdiff_t> offset_;  // [depth]: of a term's lanes in the points
  AlignedFloats zeros_;              // a row outside the input
  DirectFallback fallback_;
  float input_matrix_[3][ShortAlgorithm::max_products * ShortAlgorithm::max_inputs];
  float output_matrix_[3][ShortAlgorithm::max_outputs * ShortAlgorithm::max_products];
  int threads_ = 1;
  bool staged_ = false;
  bool pointwise_ = false;    // the width has no algorithm
  bool single_rows_ = false;  // only the width has one, and row y of the output needs row y of the input
  Split row_parts_{};         // of all rows of tiles
  int64_t items_at_once_ = 1;
  int64_t lines_ = 1;
  int64_t row_lanes_ = 0, in_row_lanes_ = 0;  // of a row of tiles: of products, of inputs
  int64_t chunk_row_stride_ = 0, chunk_line_stride_ = 0, chunk_channel_stride_ = 0;
  int64_t result_row_stride_ = 0, result_line_stride_ = 0, result_channel_stride_ = 0;
  int64_t lane_channel_stride_ = 0, lane_point_stride_ = 0, product_channel_stride_ = 0, product_point_stride_ = 0;
  int64_t plane_pitch_ = 0, in_pitch_ = 0, out_pitch_ = 0;
  // Parts of a thread's workspace, in floats.
  int64_t chunk_floats_ = 0, result_floats_ = 0, lane_floats_ = 0, product_floats_ = 0, plane_floats_ = 0,
          in_stage_floats_ = 0, out_stage_floats_ = 0, unwanted_floats_ = 0, thread_floats_ = 0;
};

double cost(const PlanRequest& request) {
  if (!may_transform(request)) return not_accepted;
  LaneScheme scheme;
  return choose_lane_scheme(request, &scheme) ? scheme.nest.cycles : not_accepted;
}

std::shared_ptr<ConvPlan> create(const PlanRequest& request, const ConvPlan* sibling) {
  LaneScheme scheme;
  return choose_lane_scheme(request, &scheme) ? create_winograd_w_lanes(request, scheme, sibling) : nullptr;
}

}  // namespace

std::shared_ptr<ConvPlan> create_winograd_w_lanes(const PlanRequest& request, const LaneScheme& scheme,
                                                  const ConvPlan* sibling) {
  std::shared_ptr<TransformedWeights> packed;
  if (sibling && sibling->algorithm() == winograd_w_lanes_candidate.name && sibling->isa() == request.kernels->name) {
    const auto* plan = static_cast<const WinogradWLanesPlan*>(sibling);
    if (plan->scheme().same_weights(scheme)) packed = plan->packed();
  }
  if (!packed) packed = transform_weights(request, scheme.nest, scheme.panels, 1);
  if (!packed) return nullptr;
  std::shared_ptr<WinogradWLanesPlan> plan(new (std::nothrow) WinogradWLanesPlan(request, scheme, std::move(packed)));
  return plan && plan->complete() ? plan : nullptr;
}

const Candidate winograd_w_lanes_candidate{"winograd-w-lanes", cost, create};

}  // namespace atrous
