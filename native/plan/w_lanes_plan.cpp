// Direct convolution with output pixels in lanes (kernels/w_lanes.hpp), for wide maps, signals, and few or odd channel
// counts.
//
// Each item of work copies the input elements that a tile of outputs needs into scratch of its thread:
//
//   tile     [channels of the group][depth slots][height slots][width slots]
//   weights  [group][panel of output channels][taps][input channels][outputs of the panel]
//
// so that every tap of every lane is a constant offset whatever the stride, dilation, padding or layout, and rows that
// lie pages apart in the input lie side by side.
//
// Of zero padding only what a run of vectors needs is copied and multiplied: the taps of a run are those that lie inside
// the input for any of its outputs. Rows and planes of a map thus have exactly theirs; along a row whole runs do.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/cache_size.hpp"
#include "plan/candidate.hpp"
#include "plan/core_speed.hpp"
#include "plan/memory.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"
#include "plan/workspace.hpp"

namespace atrous {
namespace {

// Where the input elements of a tile's outputs lie in it, along one axis. The tile's outputs are `phases` neighbours,
// and of each the `outputs` that follow it `spacing` apart:
//
//   output  first + phase + i·spacing     slot of its tap t  phase·phase_slots() + i·output_step() + tap_slot(t)
//
// Outputs a dilation apart share their inputs: tiles of these need few more rows than they have.
//
// The slots of a phase are runs of input elements `unit` apart. In steps of the stride neighbouring outputs are neighbours,
// too, and the taps fall into runs by what is left of them: with a stride of 2 odd and even columns, unless the dilation
// is even. Far taps of few outputs have a run each.
struct AxisTile {
  Axis axis;
  int64_t phases, outputs, spacing;
  int64_t unit;    // input elements from one slot to the next
  int64_t common;  // greatest common divisor of `unit` and the dilation
  bool per_tap;    // a run for every tap

  // Neighbouring outputs; `in_lanes`: in neighbouring slots.
  static AxisTile neighbours(const Axis& axis, int64_t outputs, bool in_lanes) {
    return AxisTile(axis, 1, outputs, 1, in_lanes ? axis.stride : 1);
  }

  // Outputs whose inputs lie whole dilations apart.
  static AxisTile phased(const Axis& axis, int64_t phases, int64_t outputs) {
    return AxisTile(axis, phases, outputs, phase_count(axis), axis.dilation);
  }
  static int64_t phase_count(const Axis& axis) { return axis.dilation / std::gcd(axis.stride, axis.dilation); }

  int64_t span(int64_t n) const {
    return (n - 1) * (axis.stride * spacing / unit) + (axis.kernel - 1) * axis.dilation / unit + 1;
  }
  int64_t phase_slots() const { return runs() * run_length(outputs); }
  int64_t slots() const { return phases * phase_slots(); }
  int64_t output_step() const { return per_tap ? 1 : axis.stride * spacing / unit; }
  int64_t tap_slot(int64_t tap) const {
    const int64_t element = tap * axis.dilation;
    return per_tap ? run_slot(tap) : run_slot(element % unit / common) + element / unit;
  }

  // The tiles of the axis: groups of phases, each in pieces.
  int64_t pieces() const { return ceil_div(ceil_div(axis.output, spacing), outputs); }
  int64_t tiles() const { return ceil_div(std::min(spacing, axis.output), phases) * pieces(); }
  int64_t first_output(int64_t tile) const { return tile / pieces() * phases + tile % pieces() * outputs * spacing; }
  // Of the tile whose first output is `first`: phases there are, and outputs of one.
  int64_t phases_at(int64_t first) const {
    return std::clamp<int64_t>(std::min(spacing - first % spacing, axis.output - first), 0, phases);
  }
  int64_t outputs_at(int64_t first, int64_t phase) const {
    return std::clamp<int64_t>(ceil_div(axis.output - first - phase, spacing), 0, outputs);
  }

  // The slots of the first `n` outputs of a phase are runs of evenly spaced input elements.
  int64_t runs() const { return per_tap ? axis.kernel : unit / common; }
  int64_t run_length(int64_t n) const { return per_tap ? n : span(n); }
  int64_t run_slot(int64_t run) const { return run * run_length(outputs); }
  int64_t run_coordinate(int64_t output, int64_t run) const {
    return per_tap ? axis.coordinate(output, run) : axis.coordinate(output, 0) + run * common;
  }
  int64_t run_step() const { return per_tap ? axis.stride * spacing : unit; }

 private:
  AxisTile(const Axis& a, int64_t phase_limit, int64_t n, int64_t apart, int64_t slot_unit)
      : axis(a),
        phases(phase_limit),
        outputs(n),
        spacing(apart),
        unit(slot_unit),
        common(std::gcd(unit, a.dilation)),
        per_tap(a.kernel * n < unit / common * span(n)) {}
};

// Cycles of one channel and tap for a tile of outputs × vectors. With 64-byte vectors, measured on Zen 4: an unaligned
// load takes about 2.25 cycles. With shorter ones, measured on Zen 3: 0.6 cycles for each load and broadcast, a load at
// the border of two lines counting twice. Short tiles wait for the latency of the multiply-add.
double cycles_of_tile(int64_t outputs, int64_t vectors, const CoreSpeed& speed) {
  const double m = static_cast<double>(outputs), v = static_cast<double>(vectors);
  const double loads = speed.multiply_adds > 1 ? 0.6 * (m + 1.5 * v) : speed.unaligned_load * v;
  return std::max({m * v / speed.multiply_adds, loads, 4.0}) + 0.5;
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
    const CoreSpeed speed(*request.kernels);
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
                   cycles_of_tile(outputs, vector_count, speed);
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

// [groups][panels][taps][channels][outputs]: packed weights, and the bias, shared by all plans of one layer whose
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
      for (int64_t t = 0; t < taps; ++t) {
        for (int64_t c = 0; c < channels; ++c) {
          for (int64_t m = 0; m < panels.size(panel); ++m) {
            *to++ = from[m * output_stride + c * channel_stride + t * tap_stride];
          }
        }
      }
    }
  }
  // Adding 0 turns −0 into it: which zeros of the padding are added to a sum must not show.
  for (int64_t k = 0; k < shape.out_channels; ++k) packed->bias[k] = request.bias ? request.bias[k] + 0.0f : 0.0f;
  return packed;
}

// Half of L2, and at most 256 KiB: a tile stays there while the panels of weights pass by. On Zen 4, with 1 MiB of L2,
// half as much loses up to 5 % to more frequent overlaps between tiles.
int64_t tile_floats() {
  return std::min<int64_t>(cache_sizes().l2_bytes / 2, 256 * 1024) / static_cast<int64_t>(sizeof(float));
}

// Setting and storing a tile's sums, and what stands around it: 3 → 32 channels on Zen 3, 27 terms a sum, take 194 cycles
// a call where the multiply-adds take 150.
constexpr double call_cycles = 40;

// Outputs of one item of work: AxisTile's along height and width.
struct TileSize {
  int64_t phases, rows, columns;
};

AxisTile row_tile(const ConvShape& shape, const RegisterTiles& tiles, int64_t phases, int64_t rows) {
  return tiles.vectors_are_rows ? AxisTile::neighbours(axis_of(shape, 1), rows, false)
                                : AxisTile::phased(axis_of(shape, 1), phases, rows);
}

int64_t floats_of_tile(const ConvShape& shape, const RegisterTiles& tiles, const TileSize& size) {
  const AxisTile rows = row_tile(shape, tiles, size.phases, size.rows);
  // Rows of zeros are not in it.
  const int64_t filled = std::min(rows.slots(), rows.phases * ceil_div(rows.axis.input, rows.unit));
  return shape.in_channels_per_group() * AxisTile::neighbours(axis_of(shape, 0), 1, false).slots() *
         (rows.per_tap ? rows.slots() : filled) * AxisTile::neighbours(axis_of(shape, 2), size.columns, true).slots();
}

TileSize tile_size(const PlanRequest& request, const RegisterTiles& tiles, int threads) {
  const ConvShape& shape = request.shape;
  const int64_t lanes = request.kernels->lanes;
  const int64_t height = shape.output[1], width = shape.output[2];
  const int64_t other_items = int64_t{shape.batch} * shape.groups * shape.output[0];
  // Items wanted along height and width: four a thread even out differences.
  const int64_t wanted = threads > 1 ? ceil_div(4 * threads, other_items) : 1;
  const int64_t most_floats = tile_floats();
  TileSize size{1, 1, width};

  if (!tiles.vectors_are_rows) {
    const int64_t run = tiles.vectors * lanes;
    const int64_t runs = ceil_div(width, run);
    int64_t runs_per_tile = runs;
    const auto fits = [&] {
      return floats_of_tile(shape, tiles, {1, 1, std::min(width, runs_per_tile * run)}) <= most_floats;
    };
    while (runs_per_tile > 1 && !fits()) runs_per_tile = ceil_div(runs_per_tile, 2);
    if (height == 1) runs_per_tile = std::max<int64_t>(1, std::min(runs_per_tile, runs / wanted));
    size.columns = std::min(width, Split::at_most(runs, runs_per_tile).largest() * run);
  }

  const int64_t limit = std::max<int64_t>(1, height / wanted);
  // Doubles `count` up to `most` while the tile may grow.
  const auto grow = [&](int64_t& count, int64_t most) {
    while (count < most) {
      const int64_t before = count;
      count = std::min(most, 2 * count);
      if (size.phases * size.rows > limit || floats_of_tile(shape, tiles, size) > most_floats) {
        count = before;
        return;
      }
    }
  };
  if (tiles.vectors_are_rows) {
    size.rows = std::min(limit, tiles.vectors);
    grow(size.rows, limit);
  } else {
    const int64_t phases = std::min<int64_t>(AxisTile::phase_count(axis_of(shape, 1)), height);
    const int64_t of_phase = ceil_div(height, phases);
    grow(size.rows, of_phase);
    size.rows = Split::at_most(of_phase, size.rows).largest();
    if (size.rows == of_phase) grow(size.phases, phases);
    size.phases = Split::at_most(phases, size.phases).largest();
  }
  return size;
}

// Neighbouring vectors that one call of a kernel computes, and the taps along their axis that lie inside the input.
struct Run {
  int32_t begin, vectors;  // first output
  int32_t last_outputs;    // of the last vector
  int32_t tap_begin, tap_end;
};

// How the tiles of an axis are cut into runs.
struct Runs {
  AlignedBuffer<Run> runs;
  AlignedBuffer<int64_t> tile_begin;  // [tiles + 1]: first run of each tile

  explicit operator bool() const { return runs && tile_begin; }
};

// What run lengths cost: cycles of one tap of `vectors` vectors, and of a call.
struct RunCost {
  double tap[KernelTable::max_w_vectors + 1], call;
};

// `in_vector` outputs a vector, at most `most` vectors a run. Where taps differ along a tile, as few as possible are
// computed: the cheapest cut, by dynamic programming over the vectors.
Runs cut_runs(const AxisTile& tile, bool zero_padded, int64_t in_vector, int64_t most, const RunCost& cost) {
  const Axis& axis = tile.axis;
  const int64_t tiles = tile.tiles(), in_tile = ceil_div(std::min(tile.outputs, axis.output), in_vector);
  Runs cut{AlignedBuffer<Run>(tiles * in_tile), AlignedBuffer<int64_t>(tiles + 1)};
  AlignedBuffer<double> least(in_tile + 1);
  AlignedBuffer<int32_t> last_run(in_tile + 1);
  if (!cut || !least || !last_run) return {};

  int64_t count = 0;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t begin = tile.first_output(t), end = begin + tile.outputs_at(begin, 0);
    const Split vectors = Split::at_most(ceil_div(end - begin, in_vector), 1);
    const auto taps = [&](int64_t first, int64_t last) { return taps_seen(axis, zero_padded, first, last - 1); };
    const auto add = [&](int64_t first_vector, int64_t some) {
      // The last run ends with the tile and overlaps the one before: storing part of a vector takes longer.
      const int64_t first = begin + first_vector * in_vector, whole = end - some * in_vector;
      const int64_t from = whole < first && whole >= begin ? whole : first;
      const TapRange range = taps(from, std::min(end, from + some * in_vector));
      const int64_t last = std::min(in_vector, end - from - (some - 1) * in_vector);
      cut.runs[count++] = {static_cast<int32_t>(from), static_cast<int32_t>(some), static_cast<int32_t>(last),
                           static_cast<int32_t>(range.begin), static_cast<int32_t>(range.end)};
    };
    cut.tile_begin[t] = count;
    const TapRange all = taps(begin, end), at_begin = taps(begin, begin + 1), at_end = taps(end - 1, end);
    if (at_begin.begin == at_end.begin && at_begin.end == at_end.end && all.end > all.begin) {
      const Split equal = Split::at_most(vectors.total, most);
      for (int64_t part = 0; part < equal.parts; ++part) add(equal.begin(part), equal.size(part));
      continue;
    }
    least[0] = 0;
    for (int64_t i = 1; i <= vectors.total; ++i) {
      least[i] = HUGE_VAL;
      for (int64_t some = 1; some <= std::min(i, most); ++some) {
        const TapRange range = taps(begin + (i - some) * in_vector, std::min(end, begin + i * in_vector));
        const double sum = least[i - some] + static_cast<double>(range.end - range.begin) * cost.tap[some] + cost.call;
        if (sum < least[i]) least[i] = sum, last_run[i] = static_cast<int32_t>(some);
      }
    }
    // Backwards, then into order.
    const int64_t first = count;
    for (int64_t i = vectors.total; i > 0; i -= last_run[i]) add(i - last_run[i], last_run[i]);
    std::reverse(cut.runs.data() + first, cut.runs.data() + count);
  }
  cut.tile_begin[tiles] = count;
  return cut;
}

// Share of all taps that runs of vectors compute where each has the taps of all its outputs: about one vector more for
// each tap than there are outputs with it inside.
double covered_tap_fraction(const Axis& axis, int64_t in_vector) {
  double covered = 0;
  for (int64_t t = 0; t < axis.kernel; ++t) {
    const int64_t inside = outputs_inside(axis, t);
    covered += static_cast<double>(std::min(axis.output, inside > 0 ? inside + in_vector : 0));
  }
  return covered / (static_cast<double>(axis.kernel) * static_cast<double>(axis.output));
}

class WLanesPlan final : public ConvPlan {
 public:
  WLanesPlan(const PlanRequest& request, const RegisterTiles& tiles, std::shared_ptr<PackedPanels> packed)
      : WLanesPlan(request, tiles, std::move(packed), threads_for(request)) {}

  bool complete() const { return tap_offset_ && runs_; }

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
        axes_{AxisTile::neighbours(axis_of(request.shape, 0), 1, false),
              row_tile(request.shape, tiles, size.phases, size.rows),
              AxisTile::neighbours(axis_of(request.shape, 2), size.columns, true)},
        zero_padded_(request.shape.padding_mode == PaddingMode::zeros),
        tap_offset_(request.shape.taps()) {
    const ConvShape& s = request.shape;
    const int64_t channels = s.in_channels_per_group(), lanes = request.kernels->lanes;
    // Rows and channels begin at cache lines, channels an odd number of them apart: so they spread over the cache sets.
    slot_stride_[2] = 1;
    slot_stride_[1] = whole_lines(axes_[2].slots());
    slot_stride_[0] = slot_stride_[1] * axes_[1].slots();
    channel_stride_ = slot_stride_[0] * axes_[0].slots();
    if (channels > 1 && channel_stride_ / line % 2 == 0) channel_stride_ += line;
    // The last vector of a row reads up to a vector beyond it.
    tile_floats_ = whole_lines(channel_stride_ * channels + lanes);
    thread_floats_ = tile_floats_ + floats_for<SourceRow>(axes_[0].slots() * axes_[1].slots()) +
                     floats_for<ptrdiff_t>(s.taps()) + floats_for<int32_t>(s.taps());

    const int64_t items = int64_t{s.batch} * s.groups * s.output[0] * axes_[1].tiles() * axes_[2].tiles();
    panel_parts_ =
        Split::at_most(tiles_.panels.parts, threads_ > 1 && items < 4 * threads_
                                                ? ceil_div(tiles_.panels.parts * items, int64_t{4} * threads_)
                                                : tiles_.panels.parts);
    if (!tap_offset_) return;
    int64_t t = 0;
    for (int64_t tz = 0; tz < s.kernel[0]; ++tz) {
      for (int64_t ty = 0; ty < s.kernel[1]; ++ty) {
        for (int64_t tx = 0; tx < s.kernel[2]; ++tx) {
          tap_offset_[t++] =
              axes_[0].tap_slot(tz) * slot_stride_[0] + axes_[1].tap_slot(ty) * slot_stride_[1] + axes_[2].tap_slot(tx);
        }
      }
    }

    const int64_t run_axis = tiles_.vectors_are_rows ? 1 : 2;
    RunCost cost{};
    for (int64_t v = 1; v <= tiles_.vectors; ++v) {
      cost.tap[v] = cycles_of_tile(tiles_.panels.largest(), v, CoreSpeed(kernels())) * static_cast<double>(channels) *
                    static_cast<double>(s.taps() / s.kernel[run_axis]);
    }
    cost.call = call_cycles;
    runs_ = cut_runs(axes_[run_axis], zero_padded_, tiles_.vectors_are_rows ? 1 : lanes, tiles_.vectors, cost);

    // Runs whose inputs stay in L1 while the panels pass by: they take half of it.
    const AxisTile& x = axes_[2];
    const auto block_bytes = [&](int64_t runs) {
      const int64_t outputs = runs * tiles_.vectors * lanes, span = outputs + (x.axis.kernel - 1) * x.axis.dilation;
      return static_cast<int64_t>(sizeof(float)) * channels * s.kernel[0] * s.kernel[1] *
             std::min(span, x.axis.kernel * outputs);
    };
    while (block_runs_ < 64 && block_bytes(2 * block_runs_) <= cache_sizes().l1_bytes / 2) block_runs_ *= 2;
  }

  static int threads_for(const PlanRequest& request) {
    const ConvShape& shape = request.shape;
    return useful_threads(request.threads, static_cast<double>(shape.output_size()) * shape.in_channels_per_group() *
                                               static_cast<double>(shape.taps()));
  }

  // A row of the tile and the row of the input that it holds: depth · input height + height.
  struct SourceRow {
    int64_t slot, source;  // source −1: zeros
  };

  // What one thread works in.
  struct Scratch {
    float* tile;
    SourceRow* rows;
    ptrdiff_t* tap_offset;
    int32_t* tap_index;
  };

  // Outputs of an item of work.
  struct Item {
    int64_t group, part, plane, first_row, column_tile, first_column;
  };

  // The taps that a call sums up, along each axis; their list is written when they change.
  struct Taps {
    TapRange range[3]{};
    bool operator==(const Taps& other) const {
      for (int i = 0; i < 3; ++i) {
        if (range[i].begin != other.range[i].begin || range[i].end != other.range[i].end) return false;
      }
      return true;
    }
  };

  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    const int64_t row_tiles = axes_[1].tiles(), column_tiles = axes_[2].tiles();
    const int64_t items = int64_t{s.batch} * s.groups * s.output[0] * row_tiles * column_tiles * panel_parts_.parts;
    parallel_for(threads_, items, [&](int64_t item, int worker) {
      int64_t rest = item;
      const auto next = [&rest](int64_t count) {
        const int64_t index = rest % count;
        rest /= count;
        return index;
      };
      Item here{};
      here.part = next(panel_parts_.parts);
      here.column_tile = next(column_tiles);
      here.first_column = axes_[2].first_output(here.column_tile);
      const int64_t row_tile = next(row_tiles);
      here.first_row = axes_[1].first_output(row_tile);
      here.plane = next(s.output[0]);
      here.group = next(s.groups);
      if (axes_[1].outputs_at(here.first_row, 0) == 0) return;  // phases differ in length by one
      const Scratch scratch = scratch_of(workspace, worker);
      fill_tile(input + rest * s.in_channels * s.in_pixels(), here, scratch);
      float* const image = output + rest * s.out_channels * s.out_pixels();
      if (tiles_.vectors_are_rows) {
        run_line(scratch, image, here, row_tile, 0, 0);
      } else {
        for (int64_t phase = 0; phase < axes_[1].phases_at(here.first_row); ++phase) {
          for (int64_t i = 0; i < axes_[1].outputs_at(here.first_row, phase); ++i) {
            run_line(scratch, image, here, here.column_tile, phase, i);
          }
        }
      }
    });
    for (int worker = 0; worker < threads_; ++worker) {
      float* const memory = workspace + worker * thread_floats_;
      clear_list(memory + tile_floats_, memory + thread_floats_);
    }
    return true;
  }

  Scratch scratch_of(float* workspace, int worker) const {
    const ConvShape& s = shape();
    float* memory = workspace + worker * thread_floats_;
    Scratch scratch{};
    scratch.tile = memory;
    memory += tile_floats_;
    scratch.rows = reinterpret_cast<SourceRow*>(memory);
    memory += floats_for<SourceRow>(axes_[0].slots() * axes_[1].slots());
    scratch.tap_offset = reinterpret_cast<ptrdiff_t*>(memory);
    memory += floats_for<ptrdiff_t>(s.taps());
    scratch.tap_index = reinterpret_cast<int32_t*>(memory);
    return scratch;
  }

  // Copies what the item's outputs need of the input.
  void fill_tile(const float* input, const Item& item, const Scratch& scratch) const {
    const ConvShape& s = shape();
    const bool last = s.layout == Layout::channels_last;
    const float* base = input + item.group * s.in_channels_per_group() * (last ? 1 : s.in_pixels());

    int64_t rows = 0;
    each_slot(axes_[0], item.plane, [&](int64_t z_slot, int64_t z) {
      const int64_t source_z = source_element(s.padding_mode, z, s.input[0]);
      if (source_z < 0) return;  // no tap of this plane is there
      each_slot(axes_[1], item.first_row, [&](int64_t y_slot, int64_t y) {
        const int64_t source_y = source_element(s.padding_mode, y, s.input[1]);
        const int64_t slot = z_slot * slot_stride_[0] + y_slot * slot_stride_[1];
        if (source_y >= 0) {
          scratch.rows[rows++] = {slot, source_z * s.input[1] + source_y};
        } else if (tiles_.vectors_are_rows) {
          scratch.rows[rows++] = {slot, -1};  // a run's other rows may have a tap there
        }
      });
    });

    const AxisTile& x = axes_[2];
    const int64_t columns = x.outputs_at(item.first_column, 0), channels = s.in_channels_per_group();
    for (int64_t run = 0; run < x.runs(); ++run) {
      const RowPart part(x, x.run_coordinate(item.first_column, run), x.run_length(columns));
      float* const tile = scratch.tile + x.run_slot(run);
      if (last) {
        for (int64_t r = 0; r < rows; ++r) {
          const auto [slot, source] = scratch.rows[r];
          const float* from = source < 0 ? nullptr : base + source * s.input[2] * s.in_channels;
          if (from && part.end > part.begin) {
            kernels().transpose(from + part.element(part.begin) * s.in_channels, part.step * s.in_channels,
                                tile + slot + part.begin, channel_stride_, part.end - part.begin, channels);
          }
          for (int64_t c = 0; c < channels; ++c) {
            fill_padding(part, from ? from + c : nullptr, s.in_channels, tile + c * channel_stride_ + slot);
          }
        }
        continue;
      }
      // Channel by channel: rows that follow each other in the input are read as one stream.
      for (int64_t c = 0; c < channels; ++c) {
        const float* const plane = base + c * s.in_pixels();
        for (int64_t r = 0; r < rows; ++r) {
          const auto [slot, source] = scratch.rows[r];
          const float* const from = source < 0 ? nullptr : plane + source * s.input[2];
          float* const to = tile + c * channel_stride_ + slot;
          if (from) copy_inside(part, from, to);
          fill_padding(part, from, 1, to);
        }
      }
    }
  }

  template <class Body>
  static void each_slot(const AxisTile& axis, int64_t first, Body body) {
    for (int64_t phase = 0; phase < axis.phases_at(first); ++phase) {
      const int64_t outputs = axis.outputs_at(first, phase);
      for (int64_t run = 0; run < axis.runs() && outputs > 0; ++run) {
        const int64_t coordinate = axis.run_coordinate(first + phase, run);
        const int64_t slot = phase * axis.phase_slots() + axis.run_slot(run);
        for (int64_t i = 0; i < axis.run_length(outputs); ++i) body(slot + i, coordinate + i * axis.run_step());
      }
    }
  }

  // Evenly spaced elements of a row, of which [begin, end) lie inside it and the others in the padding.
  struct RowPart {
    int64_t coordinate, count, step, begin, end;

    RowPart(const AxisTile& x, int64_t first, int64_t n) : coordinate(first), count(n), step(x.run_step()) {
      const int64_t width = x.axis.input;
      begin = std::min(count, coordinate >= 0 ? 0 : ceil_div(-coordinate, step));
      end = std::max(begin, std::min(count, width > coordinate ? ceil_div(width - coordinate, step) : 0));
    }
    int64_t element(int64_t i) const { return coordinate + i * step; }
  };

  void copy_inside(const RowPart& part, const float* from, float* to) const {
    const int64_t count = part.end - part.begin;
    from += part.element(part.begin);
    to += part.begin;
    if (part.step != 1) {
      kernels().strided_copy(from, part.step, count, to);
    } else if (count < 8 || count > 128) {
      std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
    } else {
      // Short rows: a call of memcpy takes as long as their copying.
      for (int64_t i = 0; i + 8 < count; i += 8) std::memcpy(to + i, from + i, 8 * sizeof(float));
      std::memcpy(to + count - 8, from + count - 8, 8 * sizeof(float));
    }
  }

  // A few, without the call of memset that a loop would become.
  static void fill_zeros(float* to, int64_t count) {
    for (; count >= 4; count -= 4, to += 4) std::memset(to, 0, 4 * sizeof(float));
    if (count & 2) std::memset(to, 0, 2 * sizeof(float)), to += 2;
    if (count & 1) *to = 0;
  }

  // `from`: the row's first element of the channel; null: the row itself is padding.
  void fill_padding(const RowPart& part, const float* from, int64_t pixel_stride, float* to) const {
    if (!from) {
      fill_zeros(to, part.count);
    } else if (zero_padded_) {
      fill_zeros(to, part.begin);
      fill_zeros(to + part.end, part.count - part.end);
    } else {
      const auto pad = [&](int64_t i) {
        to[i] = from[source_element(shape().padding_mode, part.element(i), shape().input[2]) * pixel_stride];
      };
      for (int64_t i = 0; i < part.begin; ++i) pad(i);
      for (int64_t i = part.end; i < part.count; ++i) pad(i);
    }
  }

  TapRange taps_of(int axis, int64_t first, int64_t last) const {
    return taps_seen(axes_[axis].axis, zero_padded_, first, last);
  }

  // A row of the tile, or, in a map no wider than a vector, all its rows: vectors follow each other along the row or
  // down the column.
  void run_line(const Scratch& scratch, float* output, const Item& item, int64_t run_tile, int64_t phase,
                int64_t i) const {
    const ConvShape& s = shape();
    const int64_t lanes = kernels().lanes;
    const bool down = tiles_.vectors_are_rows;
    const AxisTile& rows = axes_[1];
    const int64_t row = item.first_row + phase + i * rows.spacing, row_step = rows.output_step() * slot_stride_[1];
    const int64_t columns = axes_[2].outputs_at(item.first_column, 0);

    Taps taps, listed;
    taps.range[0] = taps_of(0, item.plane, item.plane);
    taps.range[1] = taps_of(1, row, row);
    taps.range[2] = taps_of(2, item.first_column, item.first_column + columns - 1);

    WLanesTile call{};
    call.channel_stride = channel_stride_;
    call.channels = s.in_channels_per_group();
    call.relu = s.activation == Activation::relu;
    call.input_vector_stride = down ? row_step : lanes;
    call.lanes_to_store = static_cast<int32_t>(down ? columns : lanes);
    call.output_channel_stride = s.out_pixels();
    call.output_vector_stride = down ? s.output[2] : lanes;
    const float* const line = scratch.tile + phase * rows.phase_slots() * slot_stride_[1] + i * row_step;
    const int64_t line_pixel = (item.plane * s.output[1] + row) * s.output[2] + item.first_column;
    const int64_t first = down ? item.first_row : item.first_column, input_step = down ? row_step : 1;
    const int64_t output_step = down ? s.output[2] : 1;

    const Run* run = runs_.runs.data() + runs_.tile_begin[run_tile];
    const Run* const runs_end = runs_.runs.data() + runs_.tile_begin[run_tile + 1];
    while (run != runs_end) {
      const Run* end = run;
      while (end != runs_end && end - run < block_runs_ && end->tap_begin == run->tap_begin &&
             end->tap_end == run->tap_end) {
        ++end;
      }
      taps.range[down ? 1 : 2] = {run->tap_begin, run->tap_end};
      if (!call.tap_offset || !(taps == listed)) {
        list_taps(taps, scratch, &call);
        listed = taps;
      }
      // Panel by panel: a block's inputs stay in L1, and its outputs are written along rows.
      for (int64_t panel = panel_parts_.begin(item.part); panel < panel_parts_.end(item.part); ++panel) {
        const int64_t outputs = tiles_.panels.size(panel);
        const int64_t channel = item.group * s.out_channels_per_group() + tiles_.panels.begin(panel);
        const WLanesKernel* const kernel = kernels().w_lanes[outputs - 1] - 1;
        call.weight = packed_->weight.data() + channel * s.in_channels_per_group() * s.taps();
        call.bias = packed_->bias.data() + channel;
        for (const Run* r = run; r != end; ++r) {
          const int64_t offset = r->begin - first;
          call.input = line + offset * input_step;
          call.last_lanes_to_store = static_cast<int32_t>(down ? columns : r->last_outputs);
          const int64_t pixel = line_pixel + offset * output_step;
          if (s.layout == Layout::channels_first) {
            call.output = output + channel * s.out_pixels() + pixel;
            kernel[r->vectors](call);
          } else {
            run_transposed(kernel[r->vectors], call, r->vectors, outputs, output + pixel * s.out_channels + channel);
          }
        }
      }
      run = end;
    }
  }

  // The list of the taps in these ranges: the whole one, or one of its own.
  void list_taps(const Taps& taps, const Scratch& scratch, WLanesTile* call) const {
    const ConvShape& s = shape();
    const TapRange *z = taps.range, *y = z + 1, *x = y + 1;
    const int64_t count = (z->end - z->begin) * (y->end - y->begin) * (x->end - x->begin);
    call->taps = static_cast<int32_t>(count);
    call->tap_offset = tap_offset_.data();
    call->tap_index = nullptr;
    if (count == s.taps()) return;
    call->tap_offset = scratch.tap_offset;
    call->tap_index = scratch.tap_index;
    int64_t n = 0;
    for (int64_t tz = z->begin; tz < z->end; ++tz) {
      for (int64_t ty = y->begin; ty < y->end; ++ty) {
        for (int64_t tx = x->begin; tx < x->end; ++tx, ++n) {
          const int64_t t = (tz * s.kernel[1] + ty) * s.kernel[2] + tx;
          scratch.tap_offset[n] = tap_offset_[t];
          scratch.tap_index[n] = static_cast<int32_t>(t);
        }
      }
    }
  }

  void run_transposed(WLanesKernel kernel, WLanesTile call, int64_t vectors, int64_t outputs, float* output) const {
    const ConvShape& s = shape();
    const int64_t lanes = kernels().lanes, pixels_a_vector = call.output_vector_stride;
    alignas(64) float result[KernelTable::max_w_outputs * KernelTable::max_w_vectors * max_lanes];
    call.output = result;
    call.output_channel_stride = KernelTable::max_w_vectors * max_lanes;
    call.output_vector_stride = lanes;
    kernel(call);
    for (int64_t v = 0; v < vectors; ++v) {
      kernels().transpose(result + v * lanes, call.output_channel_stride, output + v * pixels_a_vector * s.out_channels,
                          s.out_channels, outputs, v + 1 < vectors ? call.lanes_to_store : call.last_lanes_to_store);
    }
  }

  static constexpr int64_t max_lanes = 16, line = 16;

  template <class T>
  static int64_t floats_for(int64_t count) {
    return whole_lines(ceil_div(count * static_cast<int64_t>(sizeof(T)), sizeof(float)));
  }

  std::shared_ptr<PackedPanels> packed_;
  RegisterTiles tiles_;
  int threads_;
  AxisTile axes_[3];
  bool zero_padded_;
  AlignedBuffer<ptrdiff_t> tap_offset_;  // [taps], in floats
  Runs runs_;                            // of rows, or of columns where vectors are rows
  int64_t block_runs_ = 1;
  int64_t slot_stride_[3];
  int64_t channel_stride_, tile_floats_, thread_floats_;
  Split panel_parts_{};  // of the panels, where there are too few tiles for the threads
};

// The tile holds padding zeros; a kernel counts its taps in 32 bits.
bool accepts(const PlanRequest& request) { return request.shape.taps() <= INT32_MAX && may_multiply_padding(request); }

double cost(const PlanRequest& request) {
  if (!accepts(request)) return not_accepted;
  const ConvShape& shape = request.shape;
  if (shape.output_size() == 0) return 0;
  const RegisterTiles tiles(request);
  const TileSize size = tile_size(request, tiles, 1);
  const double planes = static_cast<double>(shape.batch) * shape.groups * shape.output[0];
  const double calls = static_cast<double>(tiles.panels.parts) * static_cast<double>(shape.out_pixels()) /
                       shape.output[0] /
                       (static_cast<double>(request.kernels->lanes) * static_cast<double>(tiles.vectors));
  double valid = 1;
  if (shape.padding_mode == PaddingMode::zeros) {
    for (int axis = 0; axis < 3; ++axis) {
      const bool exact = axis == 0 || (axis == 1 && !tiles.vectors_are_rows);
      valid *= exact ? valid_tap_fraction(axis_of(shape, axis))
                     : covered_tap_fraction(axis_of(shape, axis), axis == 1 ? 1 : request.kernels->lanes);
    }
  }
  const double products =
      planes * tiles.cycles * valid * shape.in_channels_per_group() * static_cast<double>(shape.taps());
  double cycles = products + planes * call_cycles * calls;
  // Filling the tile takes about 0.25 cycles an element, from every second one of the input twice as much, and one by one
  // four times.
  const double element = shape.stride[2] == 1 ? 0.25 : shape.stride[2] == 2 ? 0.5 : 1;
  const double tile_count = planes * static_cast<double>(row_tile(shape, tiles, size.phases, size.rows).tiles()) *
                            static_cast<double>(ceil_div(shape.output[2], size.columns));
  cycles += element * tile_count * static_cast<double>(floats_of_tile(shape, tiles, size));
  // The image comes and goes while sums are taken, as far as these last: 3 → 32 channels of 512² take 1.1e7 cycles on
  // Emerald Rapids, of which 7e6 are multiplications and 8e6 would pass with the image alone.
  const double image = shape.batch * image_cycles(shape);
  cycles += std::max(0.3 * image, image - products);
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

const Candidate w_lanes_candidate{"direct-w-lanes", cost, create};

}  // namespace atrous
