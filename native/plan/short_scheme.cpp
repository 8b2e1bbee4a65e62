#include "plan/short_scheme.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/table.hpp"
#include "plan/cache_size.hpp"
#include "plan/channel_blocks.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/short_axis.hpp"
#include "plan/split.hpp"

namespace atrous {
namespace {

// Weights that L3 holds beside everything else.
constexpr double l3_bytes = 24 * 1024 * 1024;

// What all schemes of a problem have in common.
struct Problem {
  explicit Problem(const PlanRequest& request)
      : shape(with_padding_applied(request.shape)),
        axes{axis_of(shape, 0), axis_of(shape, 1), axis_of(shape, 2)},
        zero_padded(request.shape.padding_mode == PaddingMode::zeros),
        once(request.once),
        lanes(request.kernels->lanes),
        blocks(channel_blocks(request)),
        channels(shape.in_channels_per_group()),
        in_vectors(ceil_div(channels, lanes)),
        l2_bytes(static_cast<double>(cache_sizes().l2_bytes)) {}

  ConvShape shape;
  Axis axes[3];
  bool zero_padded;
  bool once;
  int64_t lanes;
  Split blocks;  // of one group's output vectors
  int64_t channels, in_vectors;
  double l2_bytes;
};

double weight_bytes(const Problem& problem, const ShortScheme& scheme) {
  return sizeof(float) * static_cast<double>(scheme.points() * scheme.tap_groups * problem.shape.groups) *
         static_cast<double>(problem.channels * problem.blocks.total * problem.lanes);
}

double tiles_of(const Problem& problem, const ShortScheme& scheme) {
  double tiles = 1;
  for (int i = 0; i < 3; ++i) {
    const int groups = i == 2 ? scheme.tap_groups : 1;
    tiles *= static_cast<double>(ShortAxis::count_tiles(*scheme.axis[i], problem.axes[i], groups, scheme.region[i]));
  }
  return tiles;
}

double regions_of(const Problem& problem, const ShortScheme& scheme) {
  double regions = 1;
  for (int i = 0; i < 3; ++i) regions *= static_cast<double>(ceil_div(problem.axes[i].output, scheme.region[i]));
  return regions;
}

// Image, transformed inputs, products of a block and result of one region.
double region_bytes(const Problem& problem, const ShortScheme& scheme) {
  double tiles = 1, inputs = 1, outputs = 1;
  for (int i = 0; i < 3; ++i) {
    Axis one = problem.axes[i];
    one.output = scheme.region[i];
    tiles *=
        static_cast<double>(ShortAxis::count_tiles(*scheme.axis[i], one, i == 2 ? scheme.tap_groups : 1, one.output));
    inputs *= static_cast<double>(std::min(one.input, one.output + one.dilation * (one.kernel - 1)));
    outputs *= static_cast<double>(one.output);
  }
  const double in_width = static_cast<double>(problem.in_vectors * problem.lanes);
  const double block_width = static_cast<double>(problem.blocks.largest() * problem.lanes);
  return sizeof(float) * (tiles * static_cast<double>(scheme.points()) * (in_width + block_width) +
                          inputs * problem.shape.in_channels + outputs * problem.shape.out_channels);
}

// Regions as large as L2 holds; with weights that don't stay there themselves, large enough to be worth their passing
// by.
void choose_regions(const Problem& problem, int threads, ShortScheme* scheme) {
  int64_t whole[3];
  for (int i = 0; i < 3; ++i) whole[i] = scheme->region[i] = problem.axes[i].output;
  const double weights = weight_bytes(problem, *scheme);
  const bool heavy = weights > problem.l2_bytes;
  if (!problem.zero_padded || (heavy && tiles_of(problem, *scheme) <= 256)) return;
  const double budget =
      heavy ? std::min(4 * problem.l2_bytes, std::max(2 * problem.l2_bytes, weights / 4)) : problem.l2_bytes;
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

// Operations of the three stages of a transform (kernels/short_transform.hpp) on one vector of channels, `work` those
// of a line.
double transform_work(const int (&from)[3], const int (&to)[3], const int (&work)[3]) {
  double sum = static_cast<double>(from[0]) * from[1] * work[2];
  if (from[1] > 1 || to[1] > 1) sum += static_cast<double>(from[0]) * to[2] * work[1];
  if (from[0] > 1 || to[0] > 1) sum += static_cast<double>(to[1]) * to[2] * work[0];
  return sum;
}

double cycles_of(const Problem& problem, const ShortScheme& scheme) {
  const ConvShape& shape = problem.shape;
  const double multiply_adds_per_cycle = problem.lanes >= 16 ? 1 : 2;
  int inputs[3], products[3], outputs[3], input_work[3], output_work[3];
  for (int i = 0; i < 3; ++i) {
    inputs[i] = scheme.axis[i]->inputs();
    products[i] = scheme.axis[i]->products;
    outputs[i] = scheme.axis[i]->outputs;
    input_work[i] = scheme.axis[i]->input_work();
    output_work[i] = scheme.axis[i]->output_work();
  }
  const double tiles = tiles_of(problem, scheme), points = static_cast<double>(scheme.points());
  const double in_vectors = static_cast<double>(problem.in_vectors),
               out_vectors = static_cast<double>(problem.blocks.total);

  const double depth = static_cast<double>(problem.channels * scheme.tap_groups);
  const double multiply = points * tiles * depth * out_vectors / multiply_adds_per_cycle;
  // A call of the product kernel costs about 40 cycles and two for each sum that is set and stored.
  const double calls = points * (tiles / 6 * static_cast<double>(problem.blocks.parts) * 40 + tiles * out_vectors * 2);
  // A kernel takes about 1.5 cycles a value to transform and to store. Weights beyond L2 come at about 20 bytes a cycle
  // from L3 and 6 from memory, each time a region passes by.
  const double bytes = weight_bytes(problem, scheme);
  const double stream =
      bytes <= problem.l2_bytes ? 0 : regions_of(problem, scheme) * bytes / (bytes <= l3_bytes ? 20 : 6);
  // A broadcast and an FMA an entry of a matrix, three cycles for each value gathered or scattered; what lies between
  // the stages beyond L1 (32 KiB) comes at half the speed.
  const auto transform = [&](const int (&from)[3], const int (&to)[3], const int (&work)[3]) {
    const double between =
        static_cast<double>(from[0]) * (from[1] + to[1]) * to[2] * static_cast<double>(problem.lanes) * sizeof(float);
    return (between > 24 * 1024 ? 3.2 : 1.6) * transform_work(from, to, work) / multiply_adds_per_cycle +
           3.0 * (static_cast<double>(from[0]) * from[1] * from[2] + static_cast<double>(to[0]) * to[1] * to[2]) + 20;
  };
  const double transforms = tiles * (in_vectors * transform(inputs, products, input_work) +
                                     out_vectors * transform(products, outputs, output_work));
  // Transposing, within L2 or through memory.
  double input = shape.in_channels, output = shape.out_channels;
  for (const Axis& axis : problem.axes) {
    input *= static_cast<double>(axis.input);
    output *= static_cast<double>(axis.output);
  }
  const bool far = sizeof(float) * (input + output) > 2 * problem.l2_bytes;
  const double copies = regions_of(problem, scheme) > 1 ? (far ? 2.0 : 0.7) * (input + output)
                        : far                           ? 1.5 * input + 2.5 * output
                                                        : 0.3 * input + 0.5 * output;
  // Twice the stream, since threads share what memory gives.
  const double once = problem.once ? bytes / sizeof(float) * 1.5 : 0;
  return shape.groups * (std::max(multiply, 2 * stream) + 0.3 * stream + calls + transforms) + copies + once;
}

}  // namespace

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
  for (const ShortAlgorithm* a : axis) {
    if (a->products > 1) error *= std::sqrt(a->error / plain_sum);
  }
  const double terms = static_cast<double>(channels * tap_groups);
  return error * std::sqrt((terms + 36) / (512 + 36)) * (1 + 0.5 / terms);
}

bool choose_scheme(const PlanRequest& request, ShortScheme* scheme) {
  return cheapest_schemes(request, scheme, 1) == 1;
}

int cheapest_schemes(const PlanRequest& request, ShortScheme* schemes, int most) {
  const Problem problem(request);
  int count;
  const ShortAlgorithm* const all = short_algorithms(&count);
  constexpr int most_fits = 64;
  const ShortAlgorithm* fitting[3][most_fits];
  int groups[3][most_fits];
  int fits[3] = {0, 0, 0};
  bool any = false;
  for (int i = 0; i < 3; ++i) {
    const Axis& axis = problem.axes[i];
    if (axis.kernel == 1) {
      if (axis.stride != 1) return 0;
      fitting[i][0] = &pointwise_algorithm;
      groups[i][0] = fits[i] = 1;
      continue;
    }
    for (int j = 0; j < count && fits[i] < most_fits; ++j) {
      const int64_t needed = ceil_div(axis.kernel, all[j].taps);
      if ((needed > 1 && i < 2) || needed > 64) continue;
      if (!ShortAxis::fits(all[j], axis, static_cast<int>(needed), problem.zero_padded)) continue;
      fitting[i][fits[i]] = &all[j];
      groups[i][fits[i]++] = static_cast<int>(needed);
    }
    if (fits[i] == 0) return 0;
    any = true;
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
        ShortScheme candidate{{fitting[0][z], fitting[1][y], fitting[2][x]}, groups[2][x], {}, 0};
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
  // No bit of a result depends on the regions.
  for (int i = 0; i < found; ++i) choose_regions(problem, request.threads, &schemes[i]);
  return found;
}

}  // namespace atrous
