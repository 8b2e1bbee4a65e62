// Short bilinear algorithms (short_algorithm.hpp) with channels in lanes: fewer multiplications than a direct
// convolution has.
//
//   image     [pixels][pitch]: the input with channels contiguous. A dilation needs no copy: tiles read pixels a
//   dilation apart. inputs    [point][tile][pitch]: B applied to every tile, a point being one product of the nested
//   algorithms weights   [group][block of channels][point][channels][block lanes]: G applied to every kernel, in double
//   precision products  [point][tile][block lanes] per thread: for each point a matrix product over the channels
//   (kernels/k_lanes.hpp) result    [pixels][pitch]: A applied to the products; transposed to channels first, or the
//   output itself
//
// A transform mixes the elements of a tile, so a NaN or an infinity would reach outputs that no tap of theirs touches,
// and huge values could overflow on the way. An image that holds any beyond a limit (computed from weights and
// matrices) is convolved by the direct plan instead.
#include <algorithm>
#include <atomic>
#include <cfloat>
#include <cmath>
#include <mutex>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/channel_blocks.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/memory.hpp"
#include "plan/short_axis.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// The algorithms of the three axes.
struct Nest {
  const ShortAlgorithm* axis[3];

  bool operator==(const Nest& other) const { return std::equal(axis, axis + 3, other.axis); }

  int64_t points() const { return int64_t{axis[0]->products} * axis[1]->products * axis[2]->products; }
  int64_t inputs() const { return int64_t{axis[0]->inputs()} * axis[1]->inputs() * axis[2]->inputs(); }
  int64_t outputs() const { return int64_t{axis[0]->outputs} * axis[1]->outputs * axis[2]->outputs; }

  // Measured errors are of two nested axes; the third adds about half of it again.
  double error() const {
    double largest = 0;
    int nested = 0;
    for (const ShortAlgorithm* a : axis) {
      largest = std::max(largest, a->error);
      nested += a->products > 1;
    }
    return nested == 3 ? 1.5 * largest : largest;
  }
};

// Multiply-adds of the three stages of a transform (kernels/short_transform.hpp), for one vector of channels.
double transform_work(const int (&from)[3], const int (&to)[3]) {
  return static_cast<double>(from[0]) * from[1] * to[2] * from[2] +
         static_cast<double>(from[0]) * to[1] * to[2] * from[1] + static_cast<double>(to[0]) * to[1] * to[2] * from[0];
}

int64_t transform_scratch(const Nest& nest, int64_t lanes) {
  const ShortAlgorithm* const* a = nest.axis;
  const int64_t input = int64_t{a[0]->inputs()} * (a[1]->inputs() + a[1]->products) * a[2]->products;
  const int64_t output = int64_t{a[0]->products} * (a[1]->products + a[1]->outputs) * a[2]->outputs;
  return std::max(input, output) * lanes;
}

// How many tiles are transformed and multiplied together.
struct Chunking {
  // All tiles of an image at once, the blocks of output channels shared among threads: the weights pass by once.
  // Otherwise each chunk of tiles goes through all steps on one thread, and its inputs and products stay in L2.
  bool whole_image;
  int64_t tiles;
};

Chunking chunking(const Nest& nest, int64_t tiles, int64_t channels, int64_t block_width, double weight_bytes,
                  int threads) {
  const int64_t bytes_per_tile = nest.points() * (channels + block_width) * static_cast<int64_t>(sizeof(float));
  // 768 KiB of a 1 MiB L2, in whole register tiles of six.
  const int64_t in_l2 = std::max<int64_t>(12, 768 * 1024 / bytes_per_tile / 6 * 6);
  if (weight_bytes <= 1024 * 1024 || tiles > 256) {
    const int64_t even = ceil_div(tiles, threads > 1 ? 4 * threads : 1);
    // Weights beyond L2 are worth more tiles at a time.
    const int64_t wanted = weight_bytes <= 1024 * 1024 ? in_l2 : std::max<int64_t>(48, in_l2);
    return {false, std::max<int64_t>(1, std::min(wanted, even))};
  }
  return {true, tiles};
}

double weight_bytes_of(const PlanRequest& request, const Nest& nest) {
  const double vectors = static_cast<double>(channel_blocks(request).total) * request.kernels->lanes;
  return sizeof(float) * static_cast<double>(nest.points()) * request.shape.groups *
         request.shape.in_channels_per_group() * vectors;
}

// Estimated cycles of one core.
double cost_of(const PlanRequest& request, const Nest& nest) {
  const ConvShape padded = with_padding_applied(request.shape);
  const double lanes = request.kernels->lanes, multiply_adds_per_cycle = lanes >= 16 ? 1 : 2;
  double tiles = 1;
  int inputs[3], products[3], outputs[3];
  for (int i = 0; i < 3; ++i) {
    tiles *= static_cast<double>(ShortAxis::tile_count(*nest.axis[i], axis_of(padded, i)));
    inputs[i] = nest.axis[i]->inputs();
    products[i] = nest.axis[i]->products;
    outputs[i] = nest.axis[i]->outputs;
  }
  const double points = static_cast<double>(nest.points()), groups = request.shape.groups;
  const double channels = request.shape.in_channels_per_group(), in_vectors = std::ceil(channels / lanes);
  const Split blocks = channel_blocks(request);
  const double out_vectors = static_cast<double>(blocks.total);

  const double multiply = groups * points * tiles * channels * out_vectors / multiply_adds_per_cycle;
  // A call of the product kernel costs about 40 cycles and two for each sum that is set and stored.
  const double calls = groups * points * (tiles / 6 * static_cast<double>(blocks.parts) * 40 + tiles * out_vectors * 2);
  // Weights beyond L2 come at about 20 bytes a cycle from L3 and 6 from memory, each time a chunk of tiles passes by.
  const double bytes = weight_bytes_of(request, nest);
  const Chunking chunks = chunking(nest, static_cast<int64_t>(tiles), static_cast<int64_t>(channels),
                                   blocks.largest() * static_cast<int64_t>(lanes), bytes, 1);
  const double passes = std::ceil(tiles / static_cast<double>(chunks.tiles));
  const double stream = bytes <= 1024 * 1024 ? 0 : passes * bytes / (bytes <= 24 * 1024 * 1024 ? 20 : 6);
  // Dense matrices: a broadcast and an FMA an entry, and two cycles for each value gathered or scattered.
  const auto transform = [&](const int (&from)[3], const int (&to)[3]) {
    return 1.2 * transform_work(from, to) / multiply_adds_per_cycle +
           2.0 * (static_cast<double>(from[0]) * from[1] * from[2] + static_cast<double>(to[0]) * to[1] * to[2]) + 20;
  };
  const double transforms =
      groups * tiles * (in_vectors * transform(inputs, products) + out_vectors * transform(products, outputs));
  constexpr double l2_floats = 256 * 1024;
  const double input = static_cast<double>(request.shape.in_channels) * static_cast<double>(padded.in_pixels());
  const double output =
      static_cast<double>(request.shape.out_channels) * static_cast<double>(request.shape.out_pixels());
  const double copies = input * (input > l2_floats ? 1.5 : 0.3) + output * (output > l2_floats ? 2.5 : 0.5);
  return request.shape.batch * (std::max(multiply, stream) + 0.3 * stream + calls + transforms + copies);
}

// The cheapest nest within the tolerance; false where there is none.
bool choose_nest(const PlanRequest& request, Nest* best, double* best_cost) {
  const ConvShape padded = with_padding_applied(request.shape);
  const bool zero_padded = request.shape.padding_mode == PaddingMode::zeros;
  int count;
  const ShortAlgorithm* const all = short_algorithms(&count);
  const ShortAlgorithm* fitting[3][64];
  int fits[3] = {0, 0, 0};
  bool any = false;
  for (int i = 0; i < 3; ++i) {
    const Axis axis = axis_of(padded, i);
    if (axis.kernel == 1) {
      if (axis.stride != 1) return false;
      fitting[i][fits[i]++] = &pointwise_algorithm;
      continue;
    }
    for (int j = 0; j < count && fits[i] < 64; ++j) {
      if (all[j].error <= request.tolerance && ShortAxis::fits(all[j], axis, zero_padded))
        fitting[i][fits[i]++] = &all[j];
    }
    if (fits[i] == 0) return false;
    any = true;
  }
  if (!any) return false;
  *best_cost = HUGE_VAL;
  for (int z = 0; z < fits[0]; ++z) {
    for (int y = 0; y < fits[1]; ++y) {
      for (int x = 0; x < fits[2]; ++x) {
        const Nest nest{{fitting[0][z], fitting[1][y], fitting[2][x]}};
        if (nest.error() > request.tolerance) continue;
        const double cost = cost_of(request, nest);
        if (cost < *best_cost) {
          *best_cost = cost;
          *best = nest;
        }
      }
    }
  }
  return *best_cost < HUGE_VAL;
}

// [groups][blocks][points][channels][block lanes], [groups][vectors·lanes].
struct TransformedWeights {
  AlignedFloats weight, bias;
  double largest_sum = 0;  // of |weight| over the channels, at any point and output channel

  explicit operator bool() const { return weight && bias; }
};

// G of every axis applied to the kernels of 16 output channels and one input channel, in double precision.
class WeightTransform {
 public:
  static constexpr int64_t width = 16;

  explicit WeightTransform(const Nest& nest) : nest_(nest) {
    const int64_t taps = int64_t{nest.axis[0]->taps} * nest.axis[1]->taps * nest.axis[2]->taps;
    const int64_t largest =
        std::max({taps, nest.points(), int64_t{nest.axis[0]->taps} * nest.axis[1]->taps * nest.axis[2]->products,
                  int64_t{nest.axis[0]->taps} * nest.axis[1]->products * nest.axis[2]->products});
    for (AlignedBuffer<double>& values : values_) values = AlignedBuffer<double>(largest * width);
  }
  bool complete() const { return values_[0] && values_[1]; }

  double* taps() { return values_[0].data(); }  // [taps][16], to be filled
  // [points][16]; taps() is overwritten.
  const double* apply() {
    int64_t size[3] = {nest_.axis[0]->taps, nest_.axis[1]->taps, nest_.axis[2]->taps};
    double *from = values_[0].data(), *to = values_[1].data();
    for (int i = 2; i >= 0; --i) {
      const ShortAlgorithm& a = *nest_.axis[i];
      const int64_t inner = i == 2   ? 1
                            : i == 1 ? size[2]
                                     : size[1] * size[2],
                    outer = i == 2   ? size[0] * size[1]
                            : i == 1 ? size[0]
                                     : 1;
      for (int64_t o = 0; o < outer; ++o) {
        for (int p = 0; p < a.products; ++p) {
          for (int64_t n = 0; n < inner; ++n) {
            double sum[width] = {};
            for (int t = 0; t < a.taps; ++t) {
              const double g = a.g[p * a.taps + t];
              const double* x = from + ((o * a.taps + t) * inner + n) * width;
              for (int64_t k = 0; k < width; ++k) sum[k] += g * x[k];
            }
            std::copy_n(sum, width, to + ((o * a.products + p) * inner + n) * width);
          }
        }
      }
      size[i] = a.products;
      std::swap(from, to);
    }
    return from;
  }

 private:
  Nest nest_;
  AlignedBuffer<double> values_[2];
};

std::shared_ptr<TransformedWeights> transform_weights(const PlanRequest& request, const Nest& nest) {
  const ConvShape& shape = request.shape;
  const int64_t lanes = request.kernels->lanes;
  const int64_t channels = shape.in_channels_per_group(), outputs = shape.out_channels_per_group(), taps = shape.taps();
  const Split blocks = channel_blocks(request);
  const int64_t padded_outputs = blocks.total * lanes, points = nest.points();
  std::shared_ptr<TransformedWeights> packed(new (std::nothrow) TransformedWeights{
      AlignedFloats(shape.groups * padded_outputs * channels * points), AlignedFloats(shape.groups * padded_outputs)});
  if (!packed || !*packed) return nullptr;

  const bool last = shape.layout == Layout::channels_last;
  const int64_t output_stride = last ? 1 : channels * taps;
  const int64_t channel_stride = last ? shape.out_channels : taps;
  const int64_t tap_stride = last ? channels * shape.out_channels : 1;
  const int threads = useful_threads(request.threads, static_cast<double>(packed->weight.size()) * 4);
  std::atomic<bool> failed{false};
  const Split parts = Split::at_most(padded_outputs, WeightTransform::width);
  parallel_for(threads, shape.groups * parts.parts, [&](int64_t item, int) {
    WeightTransform transform(nest);
    if (!transform.complete()) {
      failed = true;
      return;
    }
    const int64_t group = item / parts.parts, first = parts.begin(item % parts.parts),
                  size = parts.size(item % parts.parts);
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t t = 0; t < taps; ++t) {
        const float* from =
            request.weight + (group * outputs + first) * output_stride + c * channel_stride + t * tap_stride;
        for (int64_t k = 0; k < WeightTransform::width; ++k) {
          transform.taps()[t * WeightTransform::width + k] =
              k < size && first + k < outputs ? from[k * output_stride] : 0;
        }
      }
      const double* values = transform.apply();
      for (int64_t k = 0; k < size;) {
        // A part may end in another block than it begins.
        int64_t block = 0;
        while (blocks.end(block) * lanes <= first + k) ++block;
        const int64_t width = blocks.size(block) * lanes, lane = first + k - blocks.begin(block) * lanes;
        const int64_t count = std::min(size - k, width - lane);
        float* to =
            packed->weight.data() + (group * padded_outputs + blocks.begin(block) * lanes) * channels * points + lane;
        for (int64_t p = 0; p < points; ++p) {
          for (int64_t i = 0; i < count; ++i) {
            to[(p * channels + c) * width + i] = static_cast<float>(values[p * WeightTransform::width + k + i]);
          }
        }
        k += count;
      }
    }
  });
  if (failed) return nullptr;

  for (int64_t group = 0; group < shape.groups; ++group) {
    for (int64_t block = 0; block < blocks.parts; ++block) {
      const int64_t width = blocks.size(block) * lanes;
      const float* from =
          packed->weight.data() + (group * padded_outputs + blocks.begin(block) * lanes) * channels * points;
      for (int64_t p = 0; p < points; ++p) {
        double sum[KernelTable::max_k_vectors * 16] = {};
        for (int64_t c = 0; c < channels; ++c, from += width) {
          for (int64_t k = 0; k < width; ++k) sum[k] += std::fabs(from[k]);
        }
        for (int64_t k = 0; k < width; ++k) packed->largest_sum = std::max(packed->largest_sum, sum[k]);
      }
    }
    float* bias = packed->bias.data() + group * padded_outputs;
    std::fill(bias, bias + padded_outputs, 0.0f);
    if (request.bias) std::copy_n(request.bias + group * outputs, outputs, bias);
  }
  return packed;
}

// Parts of the workspace begin at cache lines.
int64_t whole_lines(int64_t floats) { return ceil_div(floats, 16) * 16; }

// Σ of |entries| of the worst row.
double row_sum(const double* matrix, int rows, int columns) {
  double worst = 0;
  for (int r = 0; r < rows; ++r) {
    double sum = 0;
    for (int c = 0; c < columns; ++c) sum += std::fabs(matrix[r * columns + c]);
    worst = std::max(worst, sum);
  }
  return worst;
}

class WinogradPlan final : public ConvPlan {
 public:
  WinogradPlan(const PlanRequest& request, const Nest& nest, std::shared_ptr<TransformedWeights> packed)
      : ConvPlan(request),
        nest_(nest),
        packed_(std::move(packed)),
        padded_(with_padding_applied(request.shape)),
        image_(request.shape, request.kernels->lanes),
        blocks_(channel_blocks(request)),
        axes_{ShortAxis(*nest.axis[0], axis_of(padded_, 0)), ShortAxis(*nest.axis[1], axis_of(padded_, 1)),
              ShortAxis(*nest.axis[2], axis_of(padded_, 2))},
        zeros_(std::max<int64_t>(
            ceil_div(request.shape.in_channels_per_group(), request.kernels->lanes) * request.kernels->lanes,
            blocks_.largest() * request.kernels->lanes)),
        raw_weight_(request.shape.weight_size()),
        raw_bias_(request.bias ? request.shape.out_channels : 0) {
    if (!complete()) return;
    const ConvShape& s = request.shape;
    const int64_t lanes = request.kernels->lanes;
    std::fill_n(zeros_.data(), zeros_.size(), 0.0f);
    std::copy_n(request.weight, s.weight_size(), raw_weight_.data());
    if (request.bias) std::copy_n(request.bias, s.out_channels, raw_bias_.data());

    double growth = packed_->largest_sum;
    for (int i = 0; i < 3; ++i) {
      const ShortAlgorithm& a = *nest.axis[i];
      for (int j = 0; j < a.products * a.inputs(); ++j) input_matrix_[i][j] = static_cast<float>(a.b[j]);
      for (int j = 0; j < a.outputs * a.products; ++j) output_matrix_[i][j] = static_cast<float>(a.a[j]);
      growth *=
          std::max(1.0, row_sum(a.b, a.products, a.inputs())) * std::max(1.0, row_sum(a.a, a.outputs, a.products));
    }
    // A quarter of the largest float leaves room for rounding and the bias.
    limit_ = static_cast<float>(std::min<double>(FLT_MAX, FLT_MAX / 4 / std::max(growth, 1e-30)));

    tiles_ = axes_[0].tiles() * axes_[1].tiles() * axes_[2].tiles();
    const int64_t points = nest.points();
    threads_ = useful_threads(request.threads,
                              static_cast<double>(tiles_ * points) * s.in_channels_per_group() * s.out_channels);
    chunk_ = chunking(nest, tiles_, s.in_channels_per_group(), blocks_.largest() * lanes,
                      weight_bytes_of(request, nest), threads_);
    input_pitch_ = ceil_div(s.in_channels_per_group(), lanes) * lanes;
    if (input_pitch_ % 64 == 0) input_pitch_ += 16;
    // 64 bytes more spread the points over the cache sets.
    input_point_stride_ = chunk_.tiles * input_pitch_ + 16;
    input_floats_ = whole_lines(points * input_point_stride_);

    // Few blocks of output channels for the threads: each block's tiles are shared out too.
    product_tiles_ = chunk_.tiles;
    if (chunk_.whole_image) {
      const int64_t items = int64_t{s.groups} * blocks_.parts;
      const int64_t parts = threads_ > 1 ? ceil_div(2 * threads_, items) : 1;
      const int64_t in_l2 =
          std::max<int64_t>(12, 1024 * 1024 / (points * blocks_.largest() * lanes * int64_t{sizeof(float)}));
      product_tiles_ =
          std::max<int64_t>(1, std::min(ceil_div(tiles_, parts), ceil_div(tiles_, ceil_div(tiles_, in_l2))));
    }
    product_point_stride_ = product_tiles_ * blocks_.largest() * lanes + 16;
    product_floats_ = whole_lines(points * product_point_stride_);
    scratch_floats_ = whole_lines(transform_scratch(nest, lanes));
    // Pointers of a transform: from inputs to points, from points to outputs.
    pointer_count_ = std::max(points, nest.inputs()) + std::max(points, nest.outputs());
    thread_floats_ = product_floats_ + scratch_floats_ + (chunk_.whole_image ? 0 : input_floats_) +
                     whole_lines(ceil_div(pointer_count_ * static_cast<int64_t>(sizeof(void*)), 4));
    result_pitch_ =
        s.layout == Layout::channels_last ? s.out_channels : s.out_channels + (s.out_channels % 64 == 0 ? 16 : 0);
    result_floats_ = s.layout == Layout::channels_last ? 0 : whole_lines(s.out_pixels() * result_pitch_);
    image_floats_ = whole_lines(image_.floats() + lanes);
    shared_floats_ = chunk_.whole_image ? s.groups * input_floats_ : 0;
  }

  bool complete() const {
    return packed_ && zeros_ && raw_weight_ && raw_bias_ && axes_[0].complete() && axes_[1].complete() &&
           axes_[2].complete();
  }

  const char* algorithm() const override { return winograd_candidate.name; }
  size_t workspace_bytes() const override {
    return sizeof(float) * (image_floats_ + result_floats_ + shared_floats_ + threads_ * thread_floats_);
  }
  size_t weight_bytes() const override {
    return packed_->weight.size_bytes() + packed_->bias.size_bytes() + raw_weight_.size_bytes() +
           raw_bias_.size_bytes();
  }
  const Nest& nest() const { return nest_; }
  const std::shared_ptr<TransformedWeights>& packed() const { return packed_; }

 private:
  // What one thread works in.
  struct ThreadScratch {
    float* products;
    float* transform;
    float* inputs;
    const float** from;
    float** to;
  };

  // A range of tiles, its transformed inputs [point][tile][pitch], and where the first of them stands.
  struct Tiles {
    int64_t begin, end;
    float* inputs;
  };

  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    float* const result_scratch = workspace + image_floats_;
    float* const shared = result_scratch + result_floats_;
    float* const threads = shared + shared_floats_;
    for (int64_t n = 0; n < s.batch; ++n) {
      const float* one = input + n * s.in_channels * s.in_pixels();
      float* target = output + n * s.out_channels * s.out_pixels();
      if (!within_limit(one)) {
        if (!run_direct(one, target)) return false;
        continue;
      }
      const float* image = image_.fill(one, workspace, kernels(), threads_);
      float* result = s.layout == Layout::channels_last ? target : result_scratch;
      const auto scratch_of = [&](int worker) { return thread_scratch(threads + worker * thread_floats_); };
      if (chunk_.whole_image) {
        run_whole(image, result, shared, scratch_of);
      } else {
        run_chunks(image, result, scratch_of);
      }
      if (s.layout == Layout::channels_first) transpose_result(result, target);
    }
    return true;
  }

  ThreadScratch thread_scratch(float* memory) const {
    ThreadScratch scratch{};
    scratch.products = memory;
    scratch.transform = scratch.products + product_floats_;
    scratch.inputs = scratch.transform + scratch_floats_;
    float* pointers = scratch.inputs + (chunk_.whole_image ? 0 : input_floats_);
    scratch.from = reinterpret_cast<const float**>(pointers);
    scratch.to = reinterpret_cast<float**>(pointers) + std::max(nest_.points(), nest_.inputs());
    return scratch;
  }

  template <class Scratch>
  void run_whole(const float* image, float* result, float* shared, Scratch scratch_of) const {
    const ConvShape& s = shape();
    // Six tiles an item: a transform of 256 channels takes about 20 µs.
    const Split parts = Split::at_most(tiles_, 6);
    parallel_for(threads_, s.groups * parts.parts, [&](int64_t item, int worker) {
      const int64_t group = item / parts.parts, part = item % parts.parts;
      transform_inputs(image, group, {0, tiles_, shared + group * input_floats_}, parts.begin(part), parts.end(part),
                       scratch_of(worker));
    });
    const Split products = Split::at_most(tiles_, product_tiles_);
    parallel_for(threads_, s.groups * blocks_.parts * products.parts, [&](int64_t item, int worker) {
      const int64_t part = item % products.parts, block = item / products.parts % blocks_.parts;
      const int64_t group = item / products.parts / blocks_.parts;
      multiply(group, block, {0, tiles_, shared + group * input_floats_}, products.begin(part), products.end(part),
               result, scratch_of(worker));
    });
  }

  template <class Scratch>
  void run_chunks(const float* image, float* result, Scratch scratch_of) const {
    const ConvShape& s = shape();
    const Split chunks = Split::at_most(tiles_, chunk_.tiles);
    parallel_for(threads_, s.groups * chunks.parts, [&](int64_t item, int worker) {
      const int64_t group = item / chunks.parts, chunk = item % chunks.parts;
      const ThreadScratch scratch = scratch_of(worker);
      const Tiles tiles{chunks.begin(chunk), chunks.end(chunk), scratch.inputs};
      transform_inputs(image, group, tiles, tiles.begin, tiles.end, scratch);
      for (int64_t block = 0; block < blocks_.parts; ++block) {
        multiply(group, block, tiles, tiles.begin, tiles.end, result, scratch);
      }
    });
  }

  // Index of a tile along each axis: width fastest.
  void axis_tiles(int64_t tile, int64_t (&index)[3]) const {
    index[2] = tile % axes_[2].tiles();
    index[1] = tile / axes_[2].tiles() % axes_[1].tiles();
    index[0] = tile / axes_[2].tiles() / axes_[1].tiles();
  }

  void transform_inputs(const float* image, int64_t group, const Tiles& tiles, int64_t begin, int64_t end,
                        const ThreadScratch& scratch) const {
    const int64_t lanes = kernels().lanes, channels = shape().in_channels_per_group();
    ShortTransform transform{};
    transform.in = scratch.from;
    transform.out = scratch.to;
    transform.vectors = static_cast<int32_t>(ceil_div(channels, lanes));
    transform.last_lanes = static_cast<int32_t>(lanes);
    transform.scratch = scratch.transform;
    for (int i = 0; i < 3; ++i) {
      transform.matrix[i] = input_matrix_[i];
      transform.from[i] = nest_.axis[i]->inputs();
      transform.to[i] = nest_.axis[i]->products;
    }
    const float* base = image + group * channels;
    for (int64_t tile = begin; tile < end; ++tile) {
      int64_t index[3];
      axis_tiles(tile, index);
      const float** from = scratch.from;
      for (int z = 0; z < transform.from[0]; ++z) {
        const int64_t in_z = axes_[0].input(index[0], z);
        for (int y = 0; y < transform.from[1]; ++y) {
          const int64_t in_y = axes_[1].input(index[1], y);
          const bool row = axes_[0].has_input(in_z) && axes_[1].has_input(in_y);
          const float* pixels = base + (in_z * padded_.input[1] + in_y) * padded_.input[2] * image_.pitch();
          for (int x = 0; x < transform.from[2]; ++x) {
            const int64_t in_x = axes_[2].input(index[2], x);
            *from++ = row && axes_[2].has_input(in_x) ? pixels + in_x * image_.pitch() : zeros_.data();
          }
        }
      }
      for (int64_t p = 0; p < nest_.points(); ++p) {
        scratch.to[p] = tiles.inputs + p * input_point_stride_ + (tile - tiles.begin) * input_pitch_;
      }
      kernels().short_transform(transform);
    }
  }

  // All points of the tiles [begin, end) for one block of output channels, and their results.
  void multiply(int64_t group, int64_t block, const Tiles& tiles, int64_t begin, int64_t end, float* result,
                const ThreadScratch& scratch) const {
    const ConvShape& s = shape();
    const int64_t lanes = kernels().lanes, channels = s.in_channels_per_group(), points = nest_.points();
    const int64_t vectors = blocks_.size(block), width = vectors * lanes;
    const int64_t first_vector = group * blocks_.total + blocks_.begin(block);

    KLanesTile tile{};
    tile.input_pixel_stride = input_pitch_;
    for (int i = 0; i < 3; ++i) tile.tap_count[i] = 1;
    tile.channels = static_cast<int32_t>(channels);
    tile.bias = zeros_.data();
    tile.output_pixel_stride = width;
    tile.last_lanes = static_cast<int32_t>(lanes);
    const Split calls = Split::at_most(end - begin, largest_pixel_tile(kernels(), vectors));
    for (int64_t p = 0; p < points; ++p) {
      tile.weight = packed_->weight.data() + (first_vector * points + p * vectors) * lanes * channels;
      for (int64_t call = 0; call < calls.parts; ++call) {
        tile.input = tiles.inputs + p * input_point_stride_ + (begin - tiles.begin + calls.begin(call)) * input_pitch_;
        tile.output = scratch.products + p * product_point_stride_ + calls.begin(call) * width;
        kernels().k_lanes[vectors - 1][calls.size(call) - 1](tile);
      }
    }

    const int64_t first_channel = blocks_.begin(block) * lanes;
    ShortTransform transform{};
    transform.in = scratch.from;
    transform.out = scratch.to;
    transform.vectors = static_cast<int32_t>(vectors);
    transform.last_lanes = static_cast<int32_t>(
        std::min<int64_t>(lanes, s.out_channels_per_group() - first_channel - (vectors - 1) * lanes));
    transform.bias = packed_->bias.data() + first_vector * lanes;
    transform.relu = s.activation == Activation::relu;
    transform.scratch = scratch.transform;
    for (int i = 0; i < 3; ++i) {
      transform.matrix[i] = output_matrix_[i];
      transform.from[i] = nest_.axis[i]->products;
      transform.to[i] = nest_.axis[i]->outputs;
    }
    float* base = result + group * s.out_channels_per_group() + first_channel;
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t p = 0; p < points; ++p)
        scratch.from[p] = scratch.products + p * product_point_stride_ + (t - begin) * width;
      int64_t index[3];
      axis_tiles(t, index);
      float** to = scratch.to;
      for (int z = 0; z < transform.to[0]; ++z) {
        const int64_t out_z = axes_[0].output(index[0], z);
        for (int y = 0; y < transform.to[1]; ++y) {
          const int64_t out_y = axes_[1].output(index[1], y);
          const bool row = axes_[0].has_output(out_z) && axes_[1].has_output(out_y);
          const int64_t pixel = (out_z * s.output[1] + out_y) * s.output[2];
          for (int x = 0; x < transform.to[2]; ++x) {
            const int64_t out_x = axes_[2].output(index[2], x);
            *to++ = row && axes_[2].has_output(out_x) ? base + (pixel + out_x) * result_pitch_ : nullptr;
          }
        }
      }
      kernels().short_transform(transform);
    }
  }

  void transpose_result(const float* result, float* output) const {
    const ConvShape& s = shape();
    const Split chunks = Split::at_most(s.out_pixels(), 128);
    parallel_for(threads_, chunks.parts, [&](int64_t chunk, int) {
      const int64_t first = chunks.begin(chunk);
      kernels().transpose(result + first * result_pitch_, result_pitch_, output + first, s.out_pixels(),
                          chunks.size(chunk), s.out_channels);
    });
  }

  bool within_limit(const float* input) const {
    const int64_t size = shape().in_channels * shape().in_pixels();
    const Split chunks = Split::at_most(size, 64 * 1024);
    std::atomic<bool> beyond{false};
    parallel_for(threads_, chunks.parts, [&](int64_t chunk, int) {
      int count = 0;
      for (int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) count += !(std::fabs(input[i]) <= limit_);
      if (count > 0) beyond.store(true, std::memory_order_relaxed);
    });
    return !beyond.load(std::memory_order_relaxed);
  }

  // One image by the direct kernels, planned when it is first needed.
  bool run_direct(const float* input, float* output) const {
    std::shared_ptr<ConvPlan> direct;
    {
      const std::lock_guard<std::mutex> lock(direct_mutex_);
      if (!direct_) {
        ConvShape one = shape();
        one.batch = 1;
        direct_ = k_lanes_candidate.create({one, raw_weight_.data(), raw_bias_.size() > 0 ? raw_bias_.data() : nullptr,
                                            &kernels(), threads_, AlgorithmFamily::direct, 0},
                                           nullptr);
      }
      direct = direct_;
    }
    return direct && direct->run(input, output);
  }

  Nest nest_;
  std::shared_ptr<TransformedWeights> packed_;
  ConvShape padded_;
  ChannelsLastImage image_;
  Split blocks_;
  ShortAxis axes_[3];
  AlignedFloats zeros_;  // a pixel outside the input; the bias of the products
  AlignedFloats raw_weight_, raw_bias_;
  mutable std::mutex direct_mutex_;
  mutable std::shared_ptr<ConvPlan> direct_;
  float input_matrix_[3][ShortAlgorithm::max_products * ShortAlgorithm::max_inputs];
  float output_matrix_[3][ShortAlgorithm::max_outputs * ShortAlgorithm::max_products];
  float limit_ = 0;  // of |input|
  int threads_ = 1;
  int64_t tiles_ = 0, product_tiles_ = 0;
  Chunking chunk_{};
  int64_t input_pitch_ = 0, input_point_stride_ = 0, product_point_stride_ = 0, pointer_count_ = 0, result_pitch_ = 0;
  // Parts of the workspace, in floats.
  int64_t image_floats_ = 0, result_floats_ = 0, shared_floats_ = 0, thread_floats_ = 0;
  int64_t input_floats_ = 0, product_floats_ = 0, scratch_floats_ = 0;  // parts of a thread's
};

bool finite(const float* values, int64_t count) {
  // The bias is added to sums below a quarter of the largest float.
  return std::all_of(values, values + count, [](float v) { return std::fabs(v) <= FLT_MAX / 2; });
}

bool accepts(const PlanRequest& request) {
  const ConvShape& shape = request.shape;
  if (request.family == AlgorithmFamily::direct || request.tolerance <= 0 || shape.output_size() == 0) return false;
  Nest nest;
  double cost;
  return choose_nest(request, &nest, &cost) && finite(request.weight, shape.weight_size()) &&
         (!request.bias || finite(request.bias, shape.out_channels));
}

double cost(const PlanRequest& request) {
  Nest nest;
  double cost;
  return choose_nest(request, &nest, &cost) ? cost : HUGE_VAL;
}

std::shared_ptr<ConvPlan> create(const PlanRequest& request, const ConvPlan* sibling) {
  Nest nest;
  double cost;
  if (!choose_nest(request, &nest, &cost)) return nullptr;
  std::shared_ptr<TransformedWeights> packed;
  if (sibling && sibling->algorithm() == winograd_candidate.name && sibling->isa() == request.kernels->name) {
    const auto* plan = static_cast<const WinogradPlan*>(sibling);
    if (plan->nest() == nest) packed = plan->packed();
  }
  if (!packed) packed = transform_weights(request, nest);
  if (!packed) return nullptr;
  std::shared_ptr<WinogradPlan> plan(new (std::nothrow) WinogradPlan(request, nest, std::move(packed)));
  return plan && plan->complete() ? plan : nullptr;
}

}  // namespace

const Candidate winograd_candidate{"winograd-k-lanes", accepts, cost, create};

}  // namespace atrous
