#include "plan/lane_scheme.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/table.hpp"
#include "plan/cache_size.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/core_speed.hpp"
#include "plan/lane_axis.hpp"
#include "plan/short_axis.hpp"

namespace atrous {
namespace {

struct Problem {
  explicit Problem(const PlanRequest& request)
      : shape(with_padding_applied(request.shape)),
        axes{axis_of(shape, 0), axis_of(shape, 1), axis_of(shape, 2)},
        zero_padded(request.shape.padding_mode == PaddingMode::zeros),
        staged(!zero_padded || shape.layout == Layout::channels_last),
        once(request.once),
        kernels(*request.kernels),
        lanes(request.kernels->lanes),
        speed(*request.kernels),
        channels(shape.in_channels_per_group()),
        outputs(shape.out_channels_per_group()),
        l1_bytes(static_cast<double>(cache_sizes().l1_bytes)),
        l2_bytes(static_cast<double>(cache_sizes().l2_bytes)) {}

  ConvShape shape;
  Axis axes[3];
  bool zero_padded, staged, once;
  const KernelTable& kernels;
  int64_t lanes;
  CoreSpeed speed;
  int64_t channels, outputs;
  double l1_bytes, l2_bytes;
};

int64_t rows_of_tiles(const Problem& problem, const ShortScheme& nest) {
  return ShortAxis::count_tiles(ShortPiece(*nest.axis[0]), problem.axes[0], 1, problem.axes[0].output) *
         ShortAxis::count_tiles(ShortPiece(*nest.axis[1]), problem.axes[1], 1, problem.axes[1].output);
}

// Bytes of one lane: of the points of a line, and of all that an item of work holds. Results take the place of inputs, but
// where products read these themselves.
double line_bytes(const Problem& problem, const ShortScheme& nest) {
  return sizeof(float) * static_cast<double>(nest.axis[2]->products * problem.channels);
}
double item_bytes(const Problem& problem, const ShortScheme& nest) {
  const bool pointwise = nest.axis[2]->products == 1;
  const int64_t channels = pointwise ? problem.channels + problem.outputs : std::max(problem.channels, problem.outputs);
  const double lines = static_cast<double>(nest.axis[0]->products) * nest.axis[1]->products;
  return sizeof(float) * lines * nest.axis[2]->outputs * static_cast<double>(channels) + line_bytes(problem, nest);
}

// Pieces of about `budget` lanes, and as many as the threads need.
void choose_pieces(const Problem& problem, int threads, int64_t budget, LaneScheme* scheme) {
  const ShortScheme& nest = scheme->nest;
  const Axis& width = problem.axes[2];
  const int64_t tiles = LaneAxis::count_tiles(*nest.axis[2], width), phases = LaneAxis::count_phases(width);
  const int64_t rows = rows_of_tiles(problem, nest), halo = nest.tap_groups - 1;
  // All phases, or, where these are too many, some whole vectors of them: fewer where tiles must lend their inputs.
  scheme->phases = phases;
  if (phases * (2 * halo + 1) > budget) {
    const int64_t wanted = std::max(problem.lanes, budget / (2 * halo + 1) / problem.lanes * problem.lanes);
    if (wanted < phases)
      scheme->phases = ceil_div(ceil_div(phases, ceil_div(phases, wanted)), problem.lanes) * problem.lanes;
  }
  scheme->tiles = std::clamp<int64_t>(budget / scheme->phases - halo, 1, tiles);
  scheme->tiles = Split::at_most(tiles, scheme->tiles).largest();
  scheme->rows = std::clamp<int64_t>(budget / ((scheme->tiles + halo) * scheme->phases), 1, rows);
  if (threads > 1) {
    // Four items a thread even out differences.
    const int64_t columns = ceil_div(tiles, scheme->tiles) * ceil_div(phases, scheme->phases);
    const int64_t wanted = ceil_div(4 * threads, problem.shape.groups * columns);
    scheme->rows = std::clamp<int64_t>(rows / wanted, 1, scheme->rows);
    if (rows < wanted) {
      scheme->tiles = std::clamp<int64_t>(tiles / ceil_div(wanted, rows), std::min(tiles, std::max<int64_t>(1, halo)),
                                          scheme->tiles);
      scheme->tiles = Split::at_most(tiles, scheme->tiles).largest();
    }
  }
  scheme->rows = Split::at_most(rows, scheme->rows).largest();
}

// Cycles of one term of the sums of outputs × vectors: as those of a direct kernel with pixels in lanes.
double cycles_of_tile(int64_t outputs, int64_t vectors, const CoreSpeed& speed) {
  return std::max({static_cast<double>(outputs * vectors) / speed.multiply_adds + 0.5,
                   speed.unaligned_load * static_cast<double>(vectors), 4.0});
}

// The register tile with the fewest cycles for one term of all sums of `vectors` vectors of lanes.
double choose_panels(const Problem& problem, int64_t vectors, LaneScheme* scheme) {
  double best = HUGE_VAL;
  for (int64_t m = 1; m <= KernelTable::max_w_outputs; ++m) {
    for (int64_t v = 1; v <= KernelTable::max_w_vectors; ++v) {
      if (!problem.kernels.point_products[m - 1][v - 1]) continue;
      const Split panels = Split::at_most(problem.outputs, m);
      double cycles = 0;
      panels.each_size([&](int64_t outputs, int64_t count) {
        double line = static_cast<double>(vectors / v) * cycles_of_tile(outputs, v, problem.speed);
        if (vectors % v > 0) line += cycles_of_tile(outputs, vectors % v, problem.speed);
        cycles += static_cast<double>(count) * line;
      });
      if (cycles < best) {
        best = cycles;
        scheme->panels = panels;
        scheme->vectors = v;
      }
    }
  }
  return best;
}

// Operations of the maps of depth and height on one vector of each row, `work` those of a line.
double rows_work(const int (&from)[3], const int (&to)[3], const int (&work)[3]) {
  double sum = static_cast<double>(from[0]) * work[1];
  if (from[0] > 1 || to[0] > 1) sum += static_cast<double>(to[1]) * work[0];
  return sum;
}

// No scheme of these algorithms takes fewer: the multiply-adds of its products.
double least_cycles(const Problem& problem, const ShortScheme& nest) {
  const double lanes = static_cast<double>(LaneAxis::count_tiles(*nest.axis[2], problem.axes[2]) *
                                           LaneAxis::count_phases(problem.axes[2]) * rows_of_tiles(problem, nest));
  const double terms = static_cast<double>(problem.channels * nest.tap_groups) * static_cast<double>(problem.outputs);
  return problem.shape.groups * static_cast<double>(nest.points()) * terms * lanes /
         static_cast<double>(problem.lanes) / problem.speed.multiply_adds;
}

double cycles_of(const Problem& problem, LaneScheme* scheme) {
  const ShortScheme& nest = scheme->nest;
  const ShortAlgorithm& width = *nest.axis[2];
  const double lanes = static_cast<double>(problem.lanes);
  int inputs[3], products[3], outputs[3], input_work[3], output_work[3];
  for (int i = 0; i < 3; ++i) {
    inputs[i] = nest.axis[i]->inputs();
    products[i] = nest.axis[i]->products;
    outputs[i] = nest.axis[i]->outputs;
    input_work[i] = nest.axis[i]->input_work();
    output_work[i] = nest.axis[i]->output_work();
  }
  const int64_t all_tiles = LaneAxis::count_tiles(width, problem.axes[2]);
  const double pieces = static_cast<double>(ceil_div(all_tiles, scheme->tiles) *
                                            ceil_div(LaneAxis::count_phases(problem.axes[2]), scheme->phases));
  const double rows = static_cast<double>(rows_of_tiles(problem, nest));
  const bool flat = nest.tap_groups == 1;
  const int64_t line_lanes = scheme->tiles * scheme->phases;
  const int64_t vectors = ceil_div(flat ? scheme->rows * line_lanes : line_lanes, problem.lanes);
  const double lines = flat ? std::ceil(rows / static_cast<double>(scheme->rows)) : rows;

  const double points = static_cast<double>(nest.points());
  const double depth = static_cast<double>(problem.channels * nest.tap_groups);
  const double term = choose_panels(problem, vectors, scheme);
  const double tile_calls = static_cast<double>(scheme->panels.parts) *
                            std::ceil(static_cast<double>(vectors) / static_cast<double>(scheme->vectors));
  // Inputs of products that don't stay in L1 with the weights beside them, or not even in L2.
  const double held = static_cast<double>(scheme->rows * (scheme->tiles + nest.tap_groups - 1) * scheme->phases);
  const double far = held * line_bytes(problem, nest) <= 0.75 * problem.l1_bytes   ? 1
                     : held * item_bytes(problem, nest) <= 0.75 * problem.l2_bytes ? 1.05
                                                                                   : 1.25;
  const double multiply = lines * pieces * points * (depth * term * far + tile_calls * 14);

  // A vector of each line: its operations, and what is loaded and stored.
  const bool pointwise = products[2] == 1 && inputs[2] == 1;
  const double in_tiles = static_cast<double>(scheme->tiles + nest.tap_groups - 1),
               phases = static_cast<double>(scheme->phases);
  const double in_vectors = std::ceil(((in_tiles - 1) * outputs[2] + inputs[2]) * phases / lanes);
  const double out_vectors = std::ceil(static_cast<double>(scheme->tiles) * outputs[2] * phases / lanes);
  const double in_lanes = std::ceil(in_tiles * phases / lanes),
               out_lanes = std::ceil(static_cast<double>(line_lanes) / lanes);
  // Beside their loads, stores and shuffles, operations on 64 bytes begin one in a cycle on every CPU.
  const double operations_per_cycle = problem.lanes >= 16 ? 1 : 2;
  const auto vector = [&](double work, double loads, double stores) {
    return std::max(work / operations_per_cycle + stores * 0.5, (loads + 2 * stores) * 0.5) * 1.2 + 2;
  };
  const double in_lines = static_cast<double>(products[0]) * products[1];
  double input = in_vectors * vector(rows_work(inputs, products, input_work), inputs[0] * inputs[1], in_lines) + 20;
  double output =
      out_vectors * vector(rows_work(products, outputs, output_work), in_lines, outputs[0] * outputs[1]) + 20;
  input += in_lines * problem.speed.input_line;
  output += in_lines * problem.speed.output_line;
  if (!pointwise) {
    // Cycles a vector: two or three shuffles, and where they are not done in registers a load and a store.
    const double deal = scheme->phases < problem.lanes && problem.lanes % scheme->phases == 0 ? 0.75 : 1.25;
    input += in_lines * (in_vectors * deal + in_lanes * vector(input_work[2], inputs[2], products[2]));
    output += in_lines * (out_vectors * deal + out_lanes * vector(output_work[2], products[2], outputs[2]));
  }
  // Rows of channels-last images are gathered and scattered by transposition, from lines that lie apart: of 64 → 64 channels
  // of 64² it takes 6e5 cycles, about 8 for each vector that is read and 12 for each that is written.
  if (problem.staged) input += inputs[0] * inputs[1] * in_vectors * 8;
  if (problem.shape.layout == Layout::channels_last) output += outputs[0] * outputs[1] * out_vectors * 12;
  // Chunks and results that L2 does not hold: 256 → 64 channels of 12 lines took 1.13 times as long in pieces of 128 tiles
  // (10 MB) as of 16, although the weights pass by less often.
  const double spilled = std::clamp(held * item_bytes(problem, nest) / problem.l2_bytes - 1, 0.0, 4.0);
  const double transforms =
      (1 + 0.15 * spilled) * rows * pieces *
      (static_cast<double>(problem.channels) * input + static_cast<double>(problem.outputs) * output);

  // Weights beyond half of L2 come at about 16 bytes a cycle from L3 and 6 from memory each time an item passes by, which
  // products hide a part of.
  const double weights = sizeof(float) * points * depth * static_cast<double>(problem.outputs);
  const double items = std::ceil(rows / static_cast<double>(scheme->rows)) * pieces;
  const double stream = weights <= problem.l2_bytes / 2 ? 0
                        : weights <= l3_bytes           ? items * weights / 16 * 0.3
                                                        : items * weights / 6 * 0.6;
  const double once = problem.once ? weights / sizeof(float) * 1.5 * problem.shape.groups : 0;
  return problem.shape.groups * (multiply + transforms + stream) + image_cycles(problem.shape) + once;
}

}  // namespace

bool choose_lane_scheme(const PlanRequest& request, LaneScheme* scheme) {
  const Problem problem(request);
  int count;
  const ShortAlgorithm* const all = short_algorithms(&count);
  constexpr int most = 64;
  const ShortAlgorithm* fitting[3][most];
  int groups[most];
  int fits[3] = {0, 0, 0};
  for (int i = 0; i < 3; ++i) {
    const Axis& axis = problem.axes[i];
    if (axis.stride != 1) return false;
    const auto add = [&](const ShortAlgorithm& algorithm, int64_t tap_groups) {
      if (i == 2) groups[fits[i]] = static_cast<int>(tap_groups);
      fitting[i][fits[i]++] = &algorithm;
    };
    if (axis.kernel == 1 || (i == 2 && axis.kernel <= 64 && LaneAxis::fits(pointwise_algorithm, axis, axis.kernel))) {
      add(pointwise_algorithm, axis.kernel);
    }
    for (int j = 0; j < count && fits[i] < most && axis.kernel > 1; ++j) {
      const int64_t needed = ceil_div(axis.kernel, all[j].taps);
      if (needed > (i == 2 ? 64 : 1)) continue;
      if (i == 2 ? LaneAxis::fits(all[j], axis, static_cast<int>(needed))
                 : ShortAxis::fits(all[j], axis, 1, problem.zero_padded)) {
        add(all[j], needed);
      }
    }
    if (fits[i] == 0) return false;
  }
  // What direct kernels do in 20 µs is not worth a transform.
  const double multiply_adds = static_cast<double>(problem.shape.out_channels) *
                               static_cast<double>(problem.shape.out_pixels()) * static_cast<double>(problem.channels) *
                               static_cast<double>(problem.shape.taps());
  if (multiply_adds < 1e6) return false;
  scheme->nest.cycles = HUGE_VAL;
  int64_t best_budget = 0;
  for (int z = 0; z < fits[0]; ++z) {
    for (int y = 0; y < fits[1]; ++y) {
      for (int x = 0; x < fits[2]; ++x) {
        LaneScheme candidate{};
        candidate.nest = {{fitting[0][z], fitting[1][y], fitting[2][x]}, groups[x], {}, 0};
        if (candidate.nest.points() == 1 || candidate.nest.error(problem.channels) > request.tolerance) continue;
        if (least_cycles(problem, candidate.nest) >= scheme->nest.cycles) continue;
        // Longer pieces where tiles lend inputs to each other.
        const int64_t most_lanes = candidate.nest.tap_groups == 1 ? 128 : 1024;
        for (int64_t budget = 2 * problem.lanes; budget <= most_lanes; budget *= 2) {
          choose_pieces(problem, 1, budget, &candidate);
          candidate.nest.cycles = cycles_of(problem, &candidate);
          if (candidate.nest.cycles < scheme->nest.cycles) {
            *scheme = candidate;
            best_budget = budget;
          }
        }
      }
    }
  }
  if (scheme->nest.cycles == HUGE_VAL) return false;
  choose_pieces(problem, request.threads, best_budget, scheme);  // no bit of a result depends on them
  return true;
}

}  // namespace atrous
