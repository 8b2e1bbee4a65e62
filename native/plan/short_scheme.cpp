#include "plan/short_scheme.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/table.hpp"
#include "plan/cache_size.hpp"
#include "plan/channel_blocks.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/core_speed.hpp"
#include "plan/short_axis.hpp"
#include "plan/split.hpp"

namespace atrous {
namespace {

// What all schemes of a problem have in common.
struct Problem {
  explicit Problem(const PlanRequest& request)
      : shape(with_padding_applied(request.shape)),
        axes{axis_of(shape, 0), axis_of(shape, 1), axis_of(shape, 2)},
        zero_padded(request.shape.padding_mode == PaddingMode::zeros),
        in_place(ChannelsLastImage(request.shape, request.kernels->lanes).floats() == 0),
        once(request.once),
        lanes(request.kernels->lanes),
        speed(*request.kernels),
        blocks(channel_blocks(request)),
        channels(shape.in_channels_per_group()),
        in_vectors(ceil_div(channels, lanes)),
        l2_bytes(static_cast<double>(cache_sizes().l2_bytes)) {}

  ConvShape shape;
  Axis axes[3];
  bool zero_padded;
  bool in_place;  // the input is the image
  bool once;
  int64_t lanes;
  CoreSpeed speed;
  Split blocks;  // of one group's output vectors
  int64_t channels, in_vectors;
  double l2_bytes;
};

double weight_bytes(const Problem& problem, const ShortScheme& scheme) {
  return sizeof(float) * static_cast<double>(scheme.points() * scheme.tap_groups * problem.shape.groups) *
         static_cast<double>(problem.channels * problem.blocks.total * problem.lanes);
}

double all_weight_bytes(const Problem& problem, const ShortScheme& scheme) {
  double bytes = 0;
  for (int part = 0; part < ShortScheme::most_parts; ++part) {
    if (scheme.has_part(part)) bytes += weight_bytes(problem, scheme.part(part));
  }
  return bytes;
}

double tiles_of(const Problem& problem, const ShortScheme& scheme, int part) {
  double tiles = 1;
  for (int i = 0; i < 3; ++i) {
    const int groups = i == 2 ? scheme.tap_groups : 1;
    tiles *=
        static_cast<double>(ShortAxis::count_tiles(scheme.piece(part, i), problem.axes[i], groups, scheme.region[i]));
  }
  return tiles;
}

double regions_of(const Problem& problem, const ShortScheme& scheme) {
  double regions = 1;
  for (int i = 0; i < 3; ++i) regions *= static_cast<double>(ceil_div(problem.axes[i].output, scheme.region[i]));
  return regions;
}

// Image, transformed inputs, products and result of one region.
double region_bytes(const Problem& problem, const ShortScheme& scheme) {
  double tiles = 1, inputs = 1, outputs = 1;
  for (int i = 0; i < 3; ++i) {
    Axis one = problem.axes[i];
    one.output = scheme.region[i];
    tiles *= static_cast<double>(
        ShortAxis::count_tiles(ShortPiece(*scheme.axis[i]), one, i == 2 ? scheme.tap_groups : 1, one.output));
    inputs *= static_cast<double>(std::min(one.input, one.output + one.dilation * (one.kernel - 1)));
    outputs *= static_cast<double>(one.output);
  }
  const double in_width = static_cast<double>(problem.in_vectors * problem.lanes);
  const double out_width = static_cast<double>(problem.blocks.total * problem.lanes);
  return sizeof(float) * (tiles * static_cast<double>(scheme.points()) * (in_width + out_width) +
                          inputs * problem.shape.in_channels + outputs * problem.shape.out_channels);
}

// Regions of twice what L2 holds, since steps read one thing and write another; with weights that don't stay there
// themselves twice as large, to be worth their passing by.
void choose_regions(const Problem& problem, int threads, ShortScheme* scheme) {
  int64_t whole[3];
  for (int i = 0; i < 3; ++i) whole[i] = scheme->region[i] = problem.axes[i].output;
  for (const ShortAlgorithm* second : scheme->second) {
    if (second) return;  // mixed tiles are for whole axes
  }
  const double weights = weight_bytes(problem, *scheme);
  const bool heavy = weights > problem.l2_bytes;
  if (!problem.zero_padded || (heavy && tiles_of(problem, *scheme, 0) <= 256)) return;
  const double budget = (heavy ? 4 : 2) * problem.l2_bytes;
  const double wanted = threads > 1 ? 3.0 * threads : 1;
  for (int i = 0; i < 3; ++i) {
    scheme->region[i] =
        std::min<int64_t>(whole[i], int64_t{scheme->axis[i]->outputs} * std::min(problem.axes[i].dilation, whole[i]));
  }
  // Wider first (rows are contiguous), then higher, then deeper.
  for (int i = 2; i >= 0; --i) {
    while (scheme->region[i] < whole[i]) {
      ShortScheme larger = *scheme;
      larger.region[i] = std::min(whole[i], 2 * scheme->region[i]);
      if (region_bytes(problem, larger) > budget || regions_of(problem, larger) < wanted) break;
      *scheme = larger;
    }
    // Regions of one size rather than large ones and a sliver.
    const int64_t unit = scheme->axis[i]->outputs * problem.axes[i].dilation;
    if (scheme->region[i] < whole[i]) {
      const int64_t parts = ceil_div(whole[i], scheme->region[i]);
      scheme->region[i] = std::min(whole[i], ceil_div(ceil_div(whole[i], parts), unit) * unit);
    }
  }
}

double volume(const int (&sizes)[3]) { return static_cast<double>(sizes[0]) * sizes[1] * sizes[2]; }

// Operations of the three stages of a transform (kernels/short_transform.hpp) on one vector of channels, `work` those
// of a line.
double transform_work(const int (&from)[3], const int (&to)[3], const int (&work)[3]) {
  double sum = static_cast<double>(from[0]) * from[1] * work[2];
  if (from[1] > 1 || to[1] > 1) sum += static_cast<double>(from[0]) * to[2] * work[1];
  if (from[0] > 1 || to[0] > 1) sum += static_cast<double>(to[1]) * to[2] * work[0];
  return sum;
}

// Of one group of channels, but for what is copied in and out.
double cycles_of_part(const Problem& problem, const ShortScheme& mixed, int part) {
  const ShortScheme scheme = mixed.part(part);
  const double multiply_adds_per_cycle = problem.speed.multiply_adds;
  int inputs[3], products[3], outputs[3], input_work[3], output_work[3];
  for (int i = 0; i < 3; ++i) {
    inputs[i] = scheme.axis[i]->inputs();
    products[i] = scheme.axis[i]->products;
    outputs[i] = scheme.axis[i]->outputs;
    input_work[i] = scheme.axis[i]->input_work();
    output_work[i] = scheme.axis[i]->output_work();
  }
  const double tiles = tiles_of(problem, mixed, part), points = static_cast<double>(scheme.points());
  const double in_vectors = static_cast<double>(problem.in_vectors),
               out_vectors = static_cast<double>(problem.blocks.total);

  const double depth = static_cast<double>(problem.channels * scheme.tap_groups);
  const double multiply = points * tiles * depth * out_vectors / multiply_adds_per_cycle;
  // A call of the product kernel costs about 40 cycles and two for each sum that is set and stored.
  const double calls = points * (tiles / 6 * static_cast<double>(problem.blocks.parts) * 40 + tiles * out_vectors * 2);
  // A kernel takes about 1.5 cycles a value to transform and to store. Weights beyond L2 come at about 20 bytes a cycle
  // from L3 and 6 from memory, each time a region passes by.
  const double regions = regions_of(problem, scheme);
  const double bytes = weight_bytes(problem, scheme), all_bytes = all_weight_bytes(problem, mixed);
  const double stream = all_bytes <= problem.l2_bytes ? 0 : regions * bytes / (all_bytes <= l3_bytes ? 20 : 6);
  // A broadcast and an FMA an entry of a matrix, three cycles for each value gathered or scattered; what lies between
  // the stages beyond L1 (32 KiB) comes at half the speed.
  const auto transform = [&](const int (&from)[3], const int (&to)[3], const int (&work)[3]) {
    const double between =
        static_cast<double>(from[0]) * (from[1] + to[1]) * to[2] * static_cast<double>(problem.lanes) * sizeof(float);
    return (between > 24 * 1024 ? 3.2 : 1.6) * transform_work(from, to, work) / multiply_adds_per_cycle +
           3.0 * (volume(from) + volume(to)) + 20;
  };
  const double transforms = tiles * (in_vectors * transform(inputs, products, input_work) +
                                     out_vectors * transform(products, outputs, output_work));
  // Finding where a tile's values lie: about 270 cycles for each of the two transforms of a tile of 36 inputs and 16
  // outputs, whether it has 16 or 64 channels (Emerald Rapids).
  const double finding = 10 * tiles * (volume(inputs) + volume(outputs));
  // Transformed inputs and products that L2 does not hold are fetched, written back and read once more.
  const double held = sizeof(float) * points * tiles * static_cast<double>(problem.lanes) * (in_vectors + out_vectors);
  const double beyond = std::max(0.0, held / regions - problem.l2_bytes);
  const double pass = 3 * regions * beyond / (beyond <= l3_bytes ? 20 : 6);
  // A plan that is kept pays for its memory all the same: as if it ran a few dozen times.
  const double making = bytes / sizeof(float) * (problem.once ? 1.5 : 0.1) / problem.shape.groups;
  // Twice the stream, since threads share what memory gives. The few tiles of a region hide none of it: 512 → 128 channels
  // of 128² took 1.3 to 1.6 times what they would if they did.
  const double waiting = regions > 1 ? stream : 0.3 * stream;
  return std::max(multiply, 2 * stream) + waiting + pass + calls + finding + transforms + making;
}

double cycles_of(const Problem& problem, const ShortScheme& scheme) {
  const ConvShape& shape = problem.shape;
  double cycles = 0;
  for (int part = 0; part < ShortScheme::most_parts; ++part) {
    if (scheme.has_part(part)) cycles += cycles_of_part(problem, scheme, part);
  }
  // Transposing, within L2 or through memory: of channels-last images only the input, where its channels leave part of a
  // vector. That saves 32 to 256 channels mostly 20 to 40 cycles for each vector on Emerald Rapids.
  const bool last = shape.layout == Layout::channels_last;
  const double inputs = static_cast<double>(shape.in_channels) * static_cast<double>(shape.in_pixels());
  const double outputs = static_cast<double>(shape.out_channels) * static_cast<double>(shape.out_pixels());
  const double input = problem.in_place ? 0 : inputs, output = last ? 0 : outputs;
  const bool far = sizeof(float) * (inputs + outputs) > 2 * problem.l2_bytes;
  const double copies = regions_of(problem, scheme) > 1 ? (far ? 2.0 : 0.7) * (input + output)
                        : far                           ? 1.5 * input + 2.5 * output
                                                        : 0.3 * input + 0.5 * output;
  return shape.groups * cycles + copies + (last ? image_cycles(shape) : 0);
}

}  // namespace

bool ShortScheme::has_part(int part) const {
  for (int i = 0; i < 3; ++i) {
    if (part >> i & 1 && !second[i]) return false;
  }
  return true;
}

ShortScheme ShortScheme::part(int part) const {
  ShortScheme nest = *this;
  for (int i = 0; i < 3; ++i) {
    if (part >> i & 1) nest.axis[i] = second[i];
    nest.second[i] = nullptr;
  }
  return nest;
}

ShortPiece ShortScheme::piece(int part, int i) const {
  return ShortFit{axis[i], second[i], first_tiles[i], i == 2 ? tap_groups : 1}.piece(part >> i & 1);
}

bool ShortScheme::same_weights(const ShortScheme& other) const {
  return std::equal(axis, axis + 3, other.axis) && tap_groups == other.tap_groups;
}

// An algorithm's figure is that of two equal axes: each multiplies the error of a plain sum by the root of what they do
// together. Sums err in proportion to the root of their length, transforms whatever the length; the fewer terms, the
// further the largest error is from the usual one. Of 254 nests of one to three axes with 16 to 1024 channels, the
// measured errors are 0.46 to 1.34 times this, at the median 0.77; of 15,000 with 1 to 16 channels, at most 1.47 times.
double ShortScheme::error(int64_t channels) const {
  constexpr double plain_sum = 3.5e-6;  // over 512 channels
  double error = plain_sum;
  for (int i = 0; i < 3; ++i) {
    const double of_axis = std::max(axis[i]->error, second[i] ? second[i]->error : 0);
    if (axis[i]->products > 1) error *= std::sqrt(of_axis / plain_sum);
  }
  const double terms = static_cast<double>(channels * tap_groups);
  return error * std::sqrt((terms + 36) / (512 + 36)) * (1 + 0.5 / terms);
}

bool choose_scheme(const PlanRequest& request, ShortScheme* scheme) {
  // Asked for what it costs and then to be made: the search, which takes up to a millisecond, is done once.
  struct Search {
    ConvShape shape;
    const KernelTable* kernels;
    bool once;
    double tolerance;
    bool found;
    ShortScheme scheme;
  };
  thread_local Search last{};
  ConvShape shape = request.shape;
  shape.batch = 1;  // no scheme depends on it
  if (std::memcmp(&shape, &last.shape, sizeof shape) != 0 || request.kernels != last.kernels ||
      request.once != last.once || request.tolerance != last.tolerance) {
    last = {shape, request.kernels, request.once, request.tolerance, false, {}};
    last.found = cheapest_schemes(request, &last.scheme, 1) == 1;
  }
  if (!last.found) return false;
  *scheme = last.scheme;
  // No bit of a result depends on the regions.
  choose_regions(Problem(request), request.threads, scheme);
  return true;
}

int cheapest_schemes(const PlanRequest& request, ShortScheme* schemes, int most) {
  const Problem problem(request);
  constexpr int most_fits = 64;
  ShortFit fitting[3][most_fits];
  int fits[3];
  bool any = false;
  for (int i = 0; i < 3; ++i) {
    const Axis& axis = problem.axes[i];
    fits[i] = ShortAxis::list_fits(axis, i == 2, problem.zero_padded, fitting[i], most_fits);
    if (fits[i] == 0) return 0;
    any |= axis.kernel > 1;
  }
  // What direct kernels do in 20 µs is not worth a transform.
  const double multiply_adds = static_cast<double>(problem.shape.out_channels) *
                               static_cast<double>(problem.shape.out_pixels()) * static_cast<double>(problem.channels) *
                               static_cast<double>(problem.shape.taps());
  if (!any || multiply_adds < 1e6) return 0;
  int found = 0;
  for (int z = 0; z < fits[0]; ++z) {
    for (int y = 0; y < fits[1]; ++y) {
      for (int x = 0; x < fits[2]; ++x) {
        const ShortFit of[3] = {fitting[0][z], fitting[1][y], fitting[2][x]};
        ShortScheme candidate{{}, of[2].tap_groups, {}, 0};
        for (int i = 0; i < 3; ++i) {
          candidate.axis[i] = of[i].algorithm;
          candidate.second[i] = of[i].second;
          candidate.first_tiles[i] = of[i].first_tiles;
        }
        if (candidate.error(problem.channels) > request.tolerance) continue;
        choose_regions(problem, 1, &candidate);
        candidate.cycles = cycles_of(problem, candidate);
        // Into its place, behind equals.
        ShortScheme* const place =
            std::upper_bound(schemes, schemes + found, candidate,
                             [](const ShortScheme& a, const ShortScheme& b) { return a.cycles < b.cycles; });
        if (place == schemes + most) continue;
        found = std::min(most, found + 1);
        std::copy_backward(place, schemes + found - 1, schemes + found);
        *place = candidate;
      }
    }
  }
  for (int i = 0; i < found; ++i) choose_regions(problem, request.threads, &schemes[i]);
  return found;
}

}  // namespace atrous
