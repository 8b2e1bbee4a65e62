// Direct convolution with output pixels in lanes (kernels/w_lanes.hpp), for wide maps, signals, and few or odd channel
// counts.
//
// Each item of work copies the input elements that a tile of outputs needs, padding included, into scratch of its
// thread:
//
//   tile     [channels of the group][depth slots][height slots][width slots]
//   weights  [group][panel of output channels][input channels][taps][outputs of the panel]
//
// so that every tap of every lane is a constant offset whatever the stride, dilation, padding or layout, and rows that
// lie pages apart in the input lie side by side.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/memory.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// Where the input elements of `outputs` neighbouring outputs lie in the tile, along one axis.
struct AxisTile {
  Axis axis;
  int64_t outputs;
  bool per_tap;  // true: [tap][output]; false: the covered span of the input, element by element

  // `unit_step`: neighbouring outputs must have neighbouring slots (lanes).
  AxisTile(const Axis& a, int64_t n, bool unit_step) : axis(a), outputs(n) {
    per_tap = (unit_step && a.stride > 1) || a.kernel * n < span(n);
  }

  int64_t span(int64_t n) const { return (n - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1; }
  int64_t slots() const { return per_tap ? axis.kernel * outputs : span(outputs); }
  int64_t output_step() const { return per_tap ? 1 : axis.stride; }
  int64_t tap_step() const { return per_tap ? outputs : axis.dilation; }

  // The slots of the first `n` outputs are runs of evenly spaced input elements.
  int64_t runs() const { return per_tap ? axis.kernel : 1; }
  int64_t run_length(int64_t n) const { return per_tap ? n : span(n); }
  int64_t run_slot(int64_t run) const { return run * outputs; }
  int64_t run_coordinate(int64_t first_output, int64_t run) const { return axis.coordinate(first_output, run); }
  int64_t run_step() const { return per_tap ? axis.stride : 1; }
};

// Cycles of one channel and tap for a tile of outputs × vectors, measured on Zen 4: an unaligned 64-byte load takes
// about 2.25 cycles, a 32-byte one 0.75; short tiles wait for the latency of the multiply-add.
double cycles_of_tile(int64_t outputs, int64_t vectors, int lanes) {
  const double multiply_adds_per_cycle = lanes >= 16 ? 1 : 2, load = lanes >= 16 ? 2.25 : 0.75;
  return std::max({static_cast<double>(outputs * vectors) / multiply_adds_per_cycle + 0.5, load * vectors, 4.0});
}

// How a group's output channels and the vectors of a row (or the rows of a narrow map) are cut into register tiles.
struct RegisterTiles {
  Split panels;           // of the output channels of a group
  int64_t vectors;        // most vectors of a tile
  bool vectors_are_rows;  // a map no wider than a vector: one row a vector
  double cycles;          // estimate for one channel and tap over all output channels of a group and one plane

  explicit RegisterTiles(const PlanRequest& request) : panels{}, vectors(1), cycles(HUGE_VAL) {
    const ConvShape& shape = request.shape;
    const int lanes = request.kernels->lanes;
    const int64_t row_vectors = ceil_div(shape.output[2], lanes);
    vectors_are_rows = row_vectors == 1;
    const int64_t in_line = vectors_are_rows ? shape.output[1] : row_vectors;
    const double lines = vectors_are_rows ? 1 : shape.output[1];
    for (int64_t m = 1; m <= KernelTable::max_w_outputs; ++m) {
      for (int64_t v = 1; v <= KernelTable::max_w_vectors; ++v) {
        if (!request.kernels->w_lanes[m - 1][v - 1]) continue;
        const Split p = Split::at_most(shape.out_channels_per_group(), m), l = Split::at_most(in_line, v);
        double sum = 0;
        p.each_size([&](int64_t outputs, int64_t panel_count) {
          l.each_size([&](int64_t vector_count, int64_t tile_count) {
            sum += static_cast<double>(panel_count) * static_cast<double>(tile_count) *
                   cycles_of_tile(outputs, vector_count, lanes);
          });
        });
        if (sum * lines < cycles) {
          cycles = sum * lines;
          panels = p;
          vectors = v;
        }
      }
    }
  }
};

// [groups][panels][channels][taps][outputs]: packed weights, and the bias, shared by all plans of one layer whose
// panels agree.
struct PackedPanels {
  AlignedFloats weight, bias;
  Split panels;

  explicit operator bool() const { return weight && bias; }
};

std::shared_ptr<PackedPanels> pack(const PlanRequest& request, const Split& panels) {
  const ConvShape& shape = request.shape;
  const int64_t channels = shape.in_channels_per_group(), outputs = shape.out_channels_per_group(), taps = shape.taps();
  std::shared_ptr<PackedPanels> packed(
      new (std::nothrow) PackedPanels{AlignedFloats(shape.weight_size()), AlignedFloats(shape.out_channels), panels});
  if (!packed || !*packed) return nullptr;

  const bool last = shape.layout == Layout::channels_last;
  const int64_t output_stride = last ? 1 : channels * taps;
  const int64_t channel_stride = last ? shape.out_channels : taps;
  const int64_t tap_stride = last ? channels * shape.out_channels : 1;
  float* to = packed->weight.data();
  for (int64_t group = 0; group < shape.groups; ++group) {
    for (int64_t panel = 0; panel < panels.parts; ++panel) {
      const float* from = request.weight + (group * outputs + panels.begin(panel)) * output_stride;
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t t = 0; t < taps; ++t) {
          for (int64_t m = 0; m < panels.size(panel); ++m) {
            *to++ = from[m * output_stride + c * channel_stride + t * tap_stride];
          }
        }
      }
    }
  }
  if (request.bias) {
    std::copy_n(request.bias, shape.out_channels, packed->bias.data());
  } else {
    std::fill_n(packed->bias.data(), shape.out_channels, 0.0f);
  }
  return packed;
}

// Outputs of one item of work along height and width.
struct TileSize {
  int64_t rows, columns;
};

// 256 KiB of input: a quarter of a 1 MiB L2, so that a tile stays there while all weights pass by. Half of it loses up
// to 5 % to more frequent overlaps between tiles.
constexpr int64_t tile_floats = 64 * 1024;

int64_t floats_of_tile(const ConvShape& shape, int64_t rows, int64_t columns) {
  return shape.in_channels_per_group() * AxisTile(axis_of(shape, 0), 1, false).slots() *
         AxisTile(axis_of(shape, 1), rows, false).slots() * AxisTile(axis_of(shape, 2), columns, true).slots();
}

TileSize tile_size(const PlanRequest& request, const RegisterTiles& tiles, int threads) {
  const ConvShape& shape = request.shape;
  const int64_t lanes = request.kernels->lanes;
  const int64_t height = shape.output[1], width = shape.output[2];
  const int64_t other_items = int64_t{shape.batch} * shape.groups * shape.output[0];
  // Items wanted along height and width: four a thread even out differences.
  const int64_t wanted = threads > 1 ? ceil_div(4 * threads, other_items) : 1;

  int64_t columns = width;
  if (!tiles.vectors_are_rows) {
    const int64_t run = tiles.vectors * lanes;
    const int64_t runs = ceil_div(width, run);
    int64_t runs_per_tile = runs;
    while (runs_per_tile > 1 && floats_of_tile(shape, 1, std::min(width, runs_per_tile * run)) > tile_floats) {
      runs_per_tile = ceil_div(runs_per_tile, 2);
    }
    if (height == 1) runs_per_tile = std::max<int64_t>(1, std::min(runs_per_tile, runs / wanted));
    columns = std::min(width, Split::at_most(runs, runs_per_tile).largest() * run);
  }
  const int64_t rows_limit = std::max<int64_t>(1, height / wanted);
  int64_t rows = std::min<int64_t>(rows_limit, tiles.vectors_are_rows ? tiles.vectors : 1);
  while (rows < rows_limit) {
    const int64_t more = std::min(rows_limit, 2 * rows);
    if (floats_of_tile(shape, more, columns) > tile_floats) break;
    rows = more;
  }
  return {rows, columns};
}

class WLanesPlan final : public ConvPlan {
 public:
  WLanesPlan(const PlanRequest& request, const RegisterTiles& tiles, std::shared_ptr<PackedPanels> packed)
      : WLanesPlan(request, tiles, std::move(packed), threads_for(request)) {}

  bool complete() const { return static_cast<bool>(tap_offset_); }

  const char* algorithm() const override { return w_lanes_candidate.name; }
  size_t workspace_bytes() const override { return sizeof(float) * threads_ * thread_floats_; }
  size_t weight_bytes() const override { return packed_->weight.size_bytes() + packed_->bias.size_bytes(); }
  const std::shared_ptr<PackedPanels>& packed() const { return packed_; }

 private:
  WLanesPlan(const PlanRequest& request, const RegisterTiles& tiles, std::shared_ptr<PackedPanels> packed, int threads)
      : WLanesPlan(request, tiles, std::move(packed), threads, tile_size(request, tiles, threads)) {}

  WLanesPlan(const PlanRequest& request, const RegisterTiles& tiles, std::shared_ptr<PackedPanels> packed, int threads,
             const TileSize& size)
      : ConvPlan(request),
        packed_(std::move(packed)),
        tiles_(tiles),
        threads_(threads),
        axes_{AxisTile(axis_of(request.shape, 0), 1, false), AxisTile(axis_of(request.shape, 1), size.rows, false),
              AxisTile(axis_of(request.shape, 2), size.columns, true)},
        tap_offset_(request.shape.taps()) {
    const ConvShape& shape = request.shape;
    slot_stride_[2] = 1;
    slot_stride_[1] = axes_[2].slots();
    slot_stride_[0] = slot_stride_[1] * axes_[1].slots();
    channel_stride_ = slot_stride_[0] * axes_[0].slots();
    // Channels a multiple of 256 bytes apart share cache sets: 64 bytes more spread them.
    if (channel_stride_ % 64 == 0 && shape.in_channels_per_group() > 1) channel_stride_ += 16;
    // The last vector of a row reads up to a vector beyond it.
    thread_floats_ = ceil_div(channel_stride_ * shape.in_channels_per_group() + request.kernels->lanes, 16) * 16;

    row_tiles_ = ceil_div(shape.output[1], size.rows);
    column_tiles_ = ceil_div(shape.output[2], size.columns);
    const int64_t items = int64_t{shape.batch} * shape.groups * shape.output[0] * row_tiles_ * column_tiles_;
    panel_parts_ =
        Split::at_most(tiles_.panels.parts, threads_ > 1 && items < 4 * threads_
                                                ? ceil_div(tiles_.panels.parts * items, int64_t{4} * threads_)
                                                : tiles_.panels.parts);
    if (!tap_offset_) return;
    int64_t t = 0;
    for (int64_t tz = 0; tz < shape.kernel[0]; ++tz) {
      for (int64_t ty = 0; ty < shape.kernel[1]; ++ty) {
        for (int64_t tx = 0; tx < shape.kernel[2]; ++tx) {
          tap_offset_[t++] = tz * axes_[0].tap_step() * slot_stride_[0] + ty * axes_[1].tap_step() * slot_stride_[1] +
                             tx * axes_[2].tap_step();
        }
      }
    }
  }

  static int threads_for(const PlanRequest& request) {
    const ConvShape& shape = request.shape;
    return useful_threads(request.threads, static_cast<double>(shape.output_size()) * shape.in_channels_per_group() *
                                               static_cast<double>(shape.taps()));
  }

  // First output and number of outputs along an axis.
  struct Range {
    int64_t begin, size;
  };

  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    const int64_t items = int64_t{s.batch} * s.groups * s.output[0] * row_tiles_ * column_tiles_ * panel_parts_.parts;
    parallel_for(threads_, items, [&](int64_t item, int worker) {
      int64_t rest = item;
      const auto next = [&rest](int64_t count) {
        const int64_t index = rest % count;
        rest /= count;
        return index;
      };
      const int64_t part = next(panel_parts_.parts);
      const Range columns = range(axes_[2], next(column_tiles_), s.output[2]);
      const Range rows = range(axes_[1], next(row_tiles_), s.output[1]);
      const Range plane{next(s.output[0]), 1};
      const int64_t group = next(s.groups), n = rest;

      float* tile = workspace + worker * thread_floats_;
      fill_tile(input + n * s.in_channels * s.in_pixels(), group, plane, rows, columns, tile);
      run_tile(tile, output + n * s.out_channels * s.out_pixels(), group, part, plane, rows, columns);
    });
    return true;
  }

  static Range range(const AxisTile& axis, int64_t tile, int64_t outputs) {
    const int64_t begin = tile * axis.outputs;
    return {begin, std::min(axis.outputs, outputs - begin)};
  }

  void fill_tile(const float* input, int64_t group, const Range& plane, const Range& rows, const Range& columns,
                 float* tile) const {
    const ConvShape& s = shape();
    const bool last = s.layout == Layout::channels_last;
    const float* base = input + group * s.in_channels_per_group() * (last ? 1 : s.in_pixels());
    const int64_t pixel_stride = last ? s.in_channels : 1;
    each_element(axes_[0], plane, [&](int64_t z_slot, int64_t z) {
      each_element(axes_[1], rows, [&](int64_t y_slot, int64_t y) {
        const int64_t source_z = source_element(s.padding_mode, z, s.input[0]);
        const int64_t source_y = source_element(s.padding_mode, y, s.input[1]);
        const float* row = source_z < 0 || source_y < 0
                               ? nullptr
                               : base + (source_z * s.input[1] + source_y) * s.input[2] * pixel_stride;
        float* target = tile + z_slot * slot_stride_[0] + y_slot * slot_stride_[1];
        for (int64_t run = 0; run < axes_[2].runs(); ++run) {
          fill_run(row, axes_[2].run_coordinate(columns.begin, run), axes_[2].run_length(columns.size),
                   target + axes_[2].run_slot(run));
        }
      });
    });
  }

  template <class Body>
  static void each_element(const AxisTile& axis, const Range& outputs, Body body) {
    for (int64_t run = 0; run < axis.runs(); ++run) {
      const int64_t coordinate = axis.run_coordinate(outputs.begin, run);
      for (int64_t i = 0; i < axis.run_length(outputs.size); ++i) {
        body(axis.run_slot(run) + i, coordinate + i * axis.run_step());
      }
    }
  }

  // `count` slots of every channel of the group from one input row, which is null where the row itself is padding.
  void fill_run(const float* row, int64_t coordinate, int64_t count, float* target) const {
    const ConvShape& s = shape();
    const int64_t channels = s.in_channels_per_group(), width = s.input[2], step = axes_[2].run_step();
    if (!row) {
      for (int64_t c = 0; c < channels; ++c) std::fill_n(target + c * channel_stride_, count, 0.0f);
      return;
    }
    // Slots [begin, end) lie inside the row, the others in the padding.
    const int64_t begin = std::min(count, coordinate >= 0 ? 0 : ceil_div(-coordinate, step));
    const int64_t end = std::max(begin, std::min(count, width > coordinate ? ceil_div(width - coordinate, step) : 0));
    const bool last = s.layout == Layout::channels_last;
    const int64_t pixel_stride = last ? s.in_channels : 1, channel_stride = last ? 1 : s.in_pixels();
    if (last && end > begin) {
      kernels().transpose(row + (coordinate + begin * step) * pixel_stride, step * pixel_stride, target + begin,
                          channel_stride_, end - begin, channels);
    }
    for (int64_t c = 0; c < channels; ++c) {
      const float* from = row + c * channel_stride;
      float* to = target + c * channel_stride_;
      const auto pad = [&](int64_t i) {
        const int64_t source = source_element(s.padding_mode, coordinate + i * step, width);
        to[i] = source < 0 ? 0.0f : from[source * pixel_stride];
      };
      for (int64_t i = 0; i < begin; ++i) pad(i);
      if (!last && end > begin) {
        if (step == 1) {
          std::memcpy(to + begin, from + coordinate + begin, static_cast<size_t>(end - begin) * sizeof(float));
        } else {
          for (int64_t i = begin; i < end; ++i) to[i] = from[coordinate + i * step];
        }
      }
      for (int64_t i = end; i < count; ++i) pad(i);
    }
  }

  void run_tile(const float* tile, float* output, int64_t group, int64_t part, const Range& plane, const Range& rows,
                const Range& columns) const {
    const ConvShape& s = shape();
    const int64_t lanes = kernels().lanes;
    const bool rows_in_vectors = tiles_.vectors_are_rows;
    const int64_t row_step = axes_[1].output_step() * slot_stride_[1];
    WLanesTile call{};
    call.channel_stride = channel_stride_;
    call.tap_offset = tap_offset_.data();
    call.taps = static_cast<int32_t>(s.taps());
    call.channels = s.in_channels_per_group();
    call.relu = s.activation == Activation::relu;
    call.input_vector_stride = rows_in_vectors ? row_step : lanes;

    // Vectors follow each other along the row, or, in a map no wider than a vector, down the column.
    const Split runs = Split::at_most(rows_in_vectors ? rows.size : ceil_div(columns.size, lanes), tiles_.vectors);
    const int64_t lines = rows_in_vectors ? 1 : rows.size;
    // Panel by panel, so that outputs are written along rows: the other order, in which inputs would stay in L1, is
    // slower by a twentieth where the output comes from beyond L2.
    for (int64_t panel = panel_parts_.begin(part); panel < panel_parts_.end(part); ++panel) {
      for (int64_t line = 0; line < lines; ++line) {
        for (int64_t run = 0; run < runs.parts; ++run) {
          const int64_t vectors = runs.size(run);
          const int64_t x = rows_in_vectors ? 0 : runs.begin(run) * lanes;
          const int64_t y = rows_in_vectors ? runs.begin(run) : line;
          const int64_t last_lanes = std::min(lanes, columns.size - (rows_in_vectors ? 0 : x + (vectors - 1) * lanes));
          const int64_t pixel = (plane.begin * s.output[1] + rows.begin + y) * s.output[2] + columns.begin + x;
          call.input = tile + y * row_step + x;
          call.last_lanes_to_store = static_cast<int32_t>(last_lanes);
          call.lanes_to_store = static_cast<int32_t>(rows_in_vectors ? last_lanes : lanes);
          run_panel(call, output, group, panel, vectors, pixel);
        }
      }
    }
  }

  void run_panel(WLanesTile call, float* output, int64_t group, int64_t panel, int64_t vectors, int64_t pixel) const {
    const ConvShape& s = shape();
    const int64_t lanes = kernels().lanes, outputs = tiles_.panels.size(panel);
    const int64_t channel = group * s.out_channels_per_group() + tiles_.panels.begin(panel);
    const int64_t pixels_a_vector = tiles_.vectors_are_rows ? s.output[2] : lanes;
    const WLanesKernel kernel = kernels().w_lanes[outputs - 1][vectors - 1];
    call.weight = packed_->weight.data() + channel * s.in_channels_per_group() * s.taps();
    call.bias = packed_->bias.data() + channel;
    if (s.layout == Layout::channels_first) {
      call.output = output + channel * s.out_pixels() + pixel;
      call.output_channel_stride = s.out_pixels();
      call.output_vector_stride = pixels_a_vector;
      kernel(call);
      return;
    }
    alignas(64) float result[KernelTable::max_w_outputs * KernelTable::max_w_vectors * max_lanes];
    call.output = result;
    call.output_channel_stride = KernelTable::max_w_vectors * max_lanes;
    call.output_vector_stride = lanes;
    kernel(call);
    for (int64_t v = 0; v < vectors; ++v) {
      kernels().transpose(result + v * lanes, call.output_channel_stride,
                          output + (pixel + v * pixels_a_vector) * s.out_channels + channel, s.out_channels, outputs,
                          v + 1 < vectors ? call.lanes_to_store : call.last_lanes_to_store);
    }
  }

  static constexpr int64_t max_lanes = 16;

  std::shared_ptr<PackedPanels> packed_;
  RegisterTiles tiles_;
  int threads_;
  AxisTile axes_[3];
  AlignedBuffer<ptrdiff_t> tap_offset_;  // [taps], in floats
  int64_t slot_stride_[3];
  int64_t channel_stride_, thread_floats_;
  int64_t row_tiles_, column_tiles_;
  Split panel_parts_{};  // of the panels, where there are too few tiles for the threads
};

// The tile holds the padding zeros; a kernel counts its taps in 32 bits.
bool accepts(const PlanRequest& request) { return request.shape.taps() <= INT32_MAX && may_multiply_padding(request); }

double cost(const PlanRequest& request) {
  const ConvShape& shape = request.shape;
  if (shape.output_size() == 0) return 0;
  const RegisterTiles tiles(request);
  const TileSize size = tile_size(request, tiles, 1);
  const double planes = static_cast<double>(shape.batch) * shape.groups * shape.output[0];
  const double calls = static_cast<double>(tiles.panels.parts) * static_cast<double>(shape.out_pixels()) /
                       shape.output[0] /
                       (static_cast<double>(request.kernels->lanes) * static_cast<double>(tiles.vectors));
  double cycles =
      planes * (tiles.cycles * shape.in_channels_per_group() * static_cast<double>(shape.taps()) + 60 * calls);
  // Filling the tile takes about 0.25 cycles an element.
  const double tile_count = planes * static_cast<double>(ceil_div(shape.output[1], size.rows)) *
                            static_cast<double>(ceil_div(shape.output[2], size.columns));
  cycles += 0.25 * tile_count * static_cast<double>(floats_of_tile(shape, size.rows, size.columns));
  // Channels-last results are transposed tile by tile.
  return shape.layout == Layout::channels_last ? cycles + 0.5 * static_cast<double>(shape.output_size()) : cycles;
}

std::shared_ptr<ConvPlan> create(const PlanRequest& request, const ConvPlan* sibling) {
  const RegisterTiles tiles(request);
  std::shared_ptr<PackedPanels> packed;
  if (sibling && sibling->algorithm() == w_lanes_candidate.name && sibling->isa() == request.kernels->name) {
    packed = static_cast<const WLanesPlan*>(sibling)->packed();
    if (packed->panels.parts != tiles.panels.parts) packed = nullptr;
  }
  if (!packed) packed = pack(request, tiles.panels);
  if (!packed) return nullptr;
  std::shared_ptr<WLanesPlan> plan(new (std::nothrow) WLanesPlan(request, tiles, std::move(packed)));
  return plan && plan->complete() ? plan : nullptr;
}

}  // namespace

const Candidate w_lanes_candidate{"direct-w-lanes", accepts, cost, create};

}  // namespace atrous
