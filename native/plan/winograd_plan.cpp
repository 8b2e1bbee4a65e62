// Short bilinear algorithms (short_algorithm.hpp) with channels in lanes: fewer multiplications than a direct convolution has.
//
//   image     [pixels][pitch]: a region of the input with channels contiguous. A dilation needs no copy:
//             tiles read pixels a dilation apart, and a pixel of zeros where they reach into the padding.
//   inputs    [point][tile][pitch]: B applied to every tile, a point being one product of the nested algorithms
//   weights   [group][block of channels][point][tap group][channels][block lanes]: G applied to every kernel
//   products  [point][tile][block lanes]: for each point a matrix product over the channels (kernels/k_lanes.hpp)
//   result    [pixels][pitch]: A applied to the products; transposed to channels first, or the output itself
#include "plan/winograd_plan.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/cache_size.hpp"
#include "plan/candidate.hpp"
#include "plan/channel_blocks.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/direct_fallback.hpp"
#include "plan/memory.hpp"
#include "plan/short_axis.hpp"
#include "plan/short_scheme.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"
#include "plan/transformed_weights.hpp"

namespace atrous {
namespace {

// Floats from one pixel or tile to the next: 64 bytes more where a multiple of 256 bytes would crowd few cache sets.
int64_t spread(int64_t floats) { return floats % 64 == 0 ? floats + 16 : floats; }

// A box of pixels [depth][height][width][pitch] and the coordinates of its first.
struct Box {
  Interval axis[3];
  int64_t pitch;

  int64_t pixels() const { return axis[0].size * axis[1].size * axis[2].size; }
  // Floats from the box's first pixel to the one at these coordinates.
  int64_t offset(int64_t z, int64_t y, int64_t x) const {
    return (((z - axis[0].begin) * axis[1].size + y - axis[1].begin) * axis[2].size + x - axis[2].begin) * pitch;
  }
};

class WinogradPlan final : public ConvPlan {
 public:
  WinogradPlan(const PlanRequest& request, const ShortScheme& scheme, std::shared_ptr<TransformedWeights> packed)
      : ConvPlan(request),
        scheme_(scheme),
        packed_(std::move(packed)),
        padded_(with_padding_applied(request.shape)),
        image_(request.shape, request.kernels->lanes),
        blocks_(channel_blocks(request)),
        axes_{ShortAxis(*scheme.axis[0], axis_of(padded_, 0), 1, scheme.region[0]),
              ShortAxis(*scheme.axis[1], axis_of(padded_, 1), 1, scheme.region[1]),
              ShortAxis(*scheme.axis[2], axis_of(padded_, 2), scheme.tap_groups, scheme.region[2])},
        zeros_(std::max(ceil_div(request.shape.in_channels_per_group(), request.kernels->lanes), blocks_.largest()) *
               request.kernels->lanes),
        fallback_(request, scheme, packed_->largest_sum) {
    if (!complete()) return;
    std::fill_n(zeros_.data(), zeros_.size(), 0.0f);
    for (int i = 0; i < 3; ++i) {
      const ShortAlgorithm& a = *scheme.axis[i];
      for (int j = 0; j < a.products * a.inputs(); ++j) input_matrix_[i][j] = static_cast<float>(a.b[j]);
      for (int j = 0; j < a.outputs * a.products; ++j) output_matrix_[i][j] = static_cast<float>(a.a[j]);
    }
    lay_out_workspace(request);
  }

  bool complete() const {
    return zeros_ && fallback_ && axes_[0].complete() && axes_[1].complete() && axes_[2].complete();
  }

  const char* algorithm() const override { return winograd_candidate.name; }
  const ShortScheme* short_scheme() const override { return &scheme_; }
  size_t workspace_bytes() const override { return sizeof(float) * (shared_floats_ + threads_ * thread_floats_); }
  size_t weight_bytes() const override {
    return packed_->weight.size_bytes() + packed_->bias.size_bytes() + fallback_.bytes();
  }
  const ShortScheme& scheme() const { return scheme_; }
  const std::shared_ptr<TransformedWeights>& packed() const { return packed_; }

 private:
  // One region, where its steps read and write.
  struct Region {
    int64_t index[3];
    int64_t tiles[3];
    Box in, out;
    const float* image;  // of `in`
    float* inputs;
    float* result;  // of `out`

    int64_t tile_count() const { return tiles[0] * tiles[1] * tiles[2]; }
  };

  // What one thread works in besides.
  struct ThreadScratch {
    float* products;
    float* transform;
    const float** from;
    float** to;
    float *image, *inputs, *result;  // of a region of its own
  };

  void lay_out_workspace(const PlanRequest& request) {
    const ConvShape& s = request.shape;
    const int64_t lanes = request.kernels->lanes, points = scheme_.points();
    int64_t tiles = 1, all_tiles = 1, in_pixels = 1, out_pixels = 1;
    for (int i = 0; i < 3; ++i) {
      tiles *= axes_[i].most_tiles();
      all_tiles *= axes_[i].most_tiles() * axes_[i].regions();
      int64_t most = 0;
      for (int64_t r = 0; r < axes_[i].regions(); ++r) most = std::max(most, axes_[i].inputs(r).size);
      in_pixels *= most;
      out_pixels *= axes_[i].outputs(0).size;
    }
    regions_ = axes_[0].regions() * axes_[1].regions() * axes_[2].regions();
    threads_ = useful_threads(request.threads, static_cast<double>(all_tiles * points) * s.in_channels_per_group() *
                                                   scheme_.tap_groups * s.out_channels);

    input_pitch_ = spread(ceil_div(s.in_channels_per_group(), lanes) * lanes);
    // Tap groups of the last tile read beyond it. 64 bytes more spread the points over the cache sets.
    input_point_stride_ = (tiles + scheme_.tap_groups - 1) * input_pitch_ + 16;
    const int64_t input_floats = whole_lines(points * input_point_stride_);

    // A single region: few blocks of output channels for the threads, or products that would not stay in L2.
    product_tiles_ = tiles;
    if (regions_ == 1) {
      const int64_t block_bytes = points * blocks_.largest() * lanes * static_cast<int64_t>(sizeof(float));
      const int64_t in_l2 = std::max<int64_t>(12, cache_sizes().l2_bytes / block_bytes);
      const int64_t for_threads = threads_ > 1 ? ceil_div(2 * threads_, int64_t{s.groups} * blocks_.parts) : 1;
      product_tiles_ = ceil_div(tiles, std::min(tiles, std::max(for_threads, ceil_div(tiles, in_l2))));
    }
    product_point_stride_ = product_tiles_ * blocks_.largest() * lanes + 16;

    result_pitch_ = s.layout == Layout::channels_last ? s.out_channels : spread(s.out_channels);
    const int64_t result_floats = s.layout == Layout::channels_last ? 0 : whole_lines(out_pixels * result_pitch_);
    // Whole vectors are read of the last pixel too.
    const int64_t image_floats =
        regions_ == 1 ? whole_lines(image_.floats() + lanes) : whole_lines(in_pixels * image_.pitch() + lanes);

    product_floats_ = whole_lines(points * product_point_stride_);
    transform_floats_ = whole_lines(transform_scratch() * lanes);
    const auto lines_of_pointers = [](int64_t count) {
      return whole_lines(ceil_div(count * static_cast<int64_t>(sizeof(void*)), 4));
    };
    from_floats_ = lines_of_pointers(std::max(points, scheme_.inputs()));
    to_floats_ = lines_of_pointers(std::max(points, scheme_.outputs()));
    thread_floats_ = product_floats_ + transform_floats_ + from_floats_ + to_floats_;
    image_floats_ = image_floats;
    input_floats_ = input_floats;
    if (regions_ == 1) {
      shared_floats_ = image_floats + result_floats + s.groups * input_floats;
    } else {
      thread_floats_ += image_floats + result_floats + input_floats;
    }
  }

  // Values between the stages of a transform, per lane.
  int64_t transform_scratch() const {
    const ShortAlgorithm* const* a = scheme_.axis;
    const int64_t input = int64_t{a[0]->inputs()} * (a[1]->inputs() + a[1]->products) * a[2]->products;
    const int64_t output = int64_t{a[0]->products} * (a[1]->products + a[1]->outputs) * a[2]->outputs;
    return std::max(input, output);
  }

  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    for (int64_t n = 0; n < s.batch; ++n) {
      const float* from = input + n * s.in_channels * s.in_pixels();
      float* to = output + n * s.out_channels * s.out_pixels();
      if (!fallback_.within_limit(from, threads_)) {
        if (!fallback_.run(from, to)) return false;
      } else if (regions_ == 1) {
        run_whole(from, to, workspace);
      } else {
        run_regions(from, to, workspace);
      }
    }
    return true;
  }

  ThreadScratch thread_scratch(float* workspace, int worker) const {
    float* memory = workspace + shared_floats_ + worker * thread_floats_;
    ThreadScratch scratch{};
    scratch.products = memory;
    scratch.transform = memory += product_floats_;
    scratch.from = reinterpret_cast<const float**>(memory += transform_floats_);
    scratch.to = reinterpret_cast<float**>(memory += from_floats_);
    scratch.image = memory += to_floats_;
    scratch.inputs = memory += image_floats_;
    scratch.result = memory + input_floats_;
    return scratch;
  }

  Region region_at(int64_t index) const {
    Region region{};
    region.index[2] = index % axes_[2].regions();
    region.index[1] = index / axes_[2].regions() % axes_[1].regions();
    region.index[0] = index / axes_[2].regions() / axes_[1].regions();
    for (int i = 0; i < 3; ++i) {
      region.tiles[i] = axes_[i].tiles(region.index[i]);
      region.in.axis[i] = axes_[i].inputs(region.index[i]);
      region.out.axis[i] = axes_[i].outputs(region.index[i]);
    }
    region.in.pitch = image_.pitch();
    region.out.pitch = result_pitch_;
    return region;
  }

  // The image as one region: each step shared among the threads.
  void run_whole(const float* input, float* output, float* workspace) const {
    const ConvShape& s = shape();
    Region region = region_at(0);
    float* const inputs = workspace + image_floats_;
    region.image = image_.fill(input, workspace, kernels(), threads_);
    for (int i = 0; i < 3; ++i) region.in.axis[i] = {0, padded_.input[i]};
    region.result = s.layout == Layout::channels_last ? output : inputs + s.groups * input_floats_;
    const auto of_group = [&](int64_t group) {
      Region of = region;
      of.inputs = inputs + group * input_floats_;
      return of;
    };
    // Six tiles an item: a transform of 256 channels takes about 20 µs.
    const Split parts = Split::at_most(region.tile_count(), 6);
    parallel_for(threads_, s.groups * parts.parts, [&](int64_t item, int worker) {
      const int64_t group = item / parts.parts, part = item % parts.parts;
      transform_inputs(of_group(group), group, parts.begin(part), parts.end(part), thread_scratch(workspace, worker));
    });
    const Split products = Split::at_most(region.tile_count(), product_tiles_);
    parallel_for(threads_, s.groups * blocks_.parts * products.parts, [&](int64_t item, int worker) {
      const int64_t part = item % products.parts, block = item / products.parts % blocks_.parts;
      const int64_t group = item / products.parts / blocks_.parts;
      multiply(of_group(group), group, block, products.begin(part), products.end(part),
               thread_scratch(workspace, worker));
    });
    if (s.layout == Layout::channels_last) return;
    const Split chunks = Split::at_most(s.out_pixels(), 128);
    parallel_for(threads_, chunks.parts, [&](int64_t chunk, int) {
      const int64_t first = chunks.begin(chunk);
      kernels().transpose(region.result + first * result_pitch_, result_pitch_, output + first, s.out_pixels(),
                          chunks.size(chunk), s.out_channels);
    });
  }

  // Region by region, each on one thread.
  void run_regions(const float* input, float* output, float* workspace) const {
    const ConvShape& s = shape();
    const bool in_place = image_.floats() == 0, last = s.layout == Layout::channels_last;
    parallel_for(threads_, regions_, [&](int64_t item, int worker) {
      const ThreadScratch scratch = thread_scratch(workspace, worker);
      Region region = region_at(item);
      region.inputs = scratch.inputs;
      if (in_place) {
        region.image = input;
        for (int i = 0; i < 3; ++i) region.in.axis[i] = {0, s.input[i]};
      } else {
        fill_image(input, region.in, scratch.image);
        region.image = scratch.image;
      }
      region.result = last ? output : scratch.result;
      if (last) {
        for (int i = 0; i < 3; ++i) region.out.axis[i] = {0, s.output[i]};
      }
      for (int64_t group = 0; group < s.groups; ++group) {
        transform_inputs(region, group, 0, region.tile_count(), scratch);
        for (int64_t block = 0; block < blocks_.parts; ++block) {
          multiply(region, group, block, 0, region.tile_count(), scratch);
        }
      }
      if (!last) transpose_result(region, output);
    });
  }

  void fill_image(const float* input, const Box& box, float* image) const {
    const ConvShape& s = shape();
    const auto [planes, rows, columns] = box.axis;
    for (int64_t z = planes.begin; z < planes.begin + planes.size; ++z) {
      for (int64_t y = rows.begin; y < rows.begin + rows.size; ++y) {
        const int64_t pixel = (z * s.input[1] + y) * s.input[2] + columns.begin;
        float* to = image + box.offset(z, y, columns.begin);
        if (s.layout == Layout::channels_first) {
          kernels().transpose(input + pixel, s.in_pixels(), to, box.pitch, s.in_channels, columns.size);
        } else {
          for (int64_t x = 0; x < columns.size; ++x) {
            std::copy_n(input + (pixel + x) * s.in_channels, s.in_channels, to + x * box.pitch);
          }
        }
      }
    }
  }

  void transpose_result(const Region& region, float* output) const {
    const ConvShape& s = shape();
    const auto [planes, rows, columns] = region.out.axis;
    for (int64_t z = planes.begin; z < planes.begin + planes.size; ++z) {
      for (int64_t y = rows.begin; y < rows.begin + rows.size; ++y) {
        const int64_t pixel = (z * s.output[1] + y) * s.output[2] + columns.begin;
        kernels().transpose(region.result + region.out.offset(z, y, columns.begin), result_pitch_, output + pixel,
                            s.out_pixels(), columns.size, s.out_channels);
      }
    }
  }

  // A tile's number along each axis: width fastest.
  static void tile_at(const Region& region, int64_t tile, int64_t (&index)[3]) {
    index[2] = tile % region.tiles[2];
    index[1] = tile / region.tiles[2] % region.tiles[1];
    index[0] = tile / region.tiles[2] / region.tiles[1];
  }

  void transform_inputs(const Region& region, int64_t group, int64_t begin, int64_t end,
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
      if (scheme_.axis[i]->points_4_3) transform.structure[i] = ShortStructure::points_4_3_input;
      transform.from[i] = scheme_.axis[i]->inputs();
      transform.to[i] = scheme_.axis[i]->products;
    }
    const float* base = region.image + group * channels;
    for (int64_t tile = begin; tile < end; ++tile) {
      int64_t index[3];
      tile_at(region, tile, index);
      const float** from = scratch.from;
      for (int i = 0; i < transform.from[0]; ++i) {
        const int64_t z = axes_[0].input(region.index[0], index[0], i);
        for (int j = 0; j < transform.from[1]; ++j) {
          const int64_t y = axes_[1].input(region.index[1], index[1], j);
          for (int k = 0; k < transform.from[2]; ++k) {
            const int64_t x = axes_[2].input(region.index[2], index[2], k);
            *from++ = z < 0 || y < 0 || x < 0 ? zeros_.data() : base + region.in.offset(z, y, x);
          }
        }
      }
      for (int64_t p = 0; p < scheme_.points(); ++p) {
        scratch.to[p] = region.inputs + p * input_point_stride_ + tile * input_pitch_;
      }
      kernels().short_transform(transform);
    }
  }

  // All points of the tiles [begin, end) for one block of output channels, and their results.
  void multiply(const Region& region, int64_t group, int64_t block, int64_t begin, int64_t end,
                const ThreadScratch& scratch) const {
    const ConvShape& s = shape();
    const int64_t lanes = kernels().lanes, channels = s.in_channels_per_group(), points = scheme_.points();
    const int64_t vectors = blocks_.size(block), width = vectors * lanes;
    const int64_t first_vector = group * blocks_.total + blocks_.begin(block);

    // Each point is a convolution with one tap, or, over the tiles, one tap for each tap group.
    KLanesTile tile{};
    tile.input_pixel_stride = input_pitch_;
    tile.tap_count[0] = tile.tap_count[1] = 1;
    tile.tap_count[2] = scheme_.tap_groups;
    tile.tap_input_stride[2] = input_pitch_;
    tile.tap_weight_stride[2] = channels * width;
    tile.channels = static_cast<int32_t>(channels);
    tile.bias = zeros_.data();
    tile.output_pixel_stride = width;
    tile.last_lanes = static_cast<int32_t>(lanes);
    const Split calls = Split::at_most(end - begin, largest_pixel_tile(kernels(), vectors));
    const int64_t depth = scheme_.tap_groups * channels;
    for (int64_t p = 0; p < points; ++p) {
      tile.weight = packed_->weight.data() + (first_vector * points + p * vectors) * lanes * depth;
      for (int64_t call = 0; call < calls.parts; ++call) {
        tile.input = region.inputs + p * input_point_stride_ + (begin + calls.begin(call)) * input_pitch_;
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
      if (scheme_.axis[i]->points_4_3) transform.structure[i] = ShortStructure::points_4_3_products;
      transform.from[i] = scheme_.axis[i]->products;
      transform.to[i] = scheme_.axis[i]->outputs;
    }
    float* base = region.result + group * s.out_channels_per_group() + first_channel;
    for (int64_t t = begin; t < end; ++t) {
      int64_t index[3];
      tile_at(region, t, index);
      float** to = scratch.to;
      bool wanted = false;
      for (int i = 0; i < transform.to[0]; ++i) {
        const int64_t z = axes_[0].output(region.index[0], index[0], i);
        for (int j = 0; j < transform.to[1]; ++j) {
          const int64_t y = axes_[1].output(region.index[1], index[1], j);
          for (int k = 0; k < transform.to[2]; ++k) {
            const int64_t x = axes_[2].output(region.index[2], index[2], k);
            const bool inside = z >= 0 && y >= 0 && x >= 0;
            *to++ = inside ? base + region.out.offset(z, y, x) : nullptr;
            wanted |= inside;
          }
        }
      }
      if (!wanted) continue;  // a tile that only lends its inputs to the tap groups of others
      for (int64_t p = 0; p < points; ++p) {
        scratch.from[p] = scratch.products + p * product_point_stride_ + (t - begin) * width;
      }
      kernels().short_transform(transform);
    }
  }

  ShortScheme scheme_;
  std::shared_ptr<TransformedWeights> packed_;
  ConvShape padded_;
  ChannelsLastImage image_;
  Split blocks_;
  ShortAxis axes_[3];
  AlignedFloats zeros_;  // a pixel outside the input; the bias of the products
  DirectFallback fallback_;
  float input_matrix_[3][ShortAlgorithm::max_products * ShortAlgorithm::max_inputs];
  float output_matrix_[3][ShortAlgorithm::max_outputs * ShortAlgorithm::max_products];
  int threads_ = 1;
  int64_t regions_ = 1, product_tiles_ = 0;
  int64_t input_pitch_ = 0, input_point_stride_ = 0, product_point_stride_ = 0, result_pitch_ = 0;
  // Parts of the workspace, in floats: shared by the threads, and of each.
  int64_t shared_floats_ = 0, thread_floats_ = 0;
  int64_t product_floats_ = 0, transform_floats_ = 0, from_floats_ = 0, to_floats_ = 0, image_floats_ = 0,
          input_floats_ = 0;
};

double cost(const PlanRequest& request) {
  if (!may_transform(request)) return not_accepted;
  ShortScheme scheme;
  return choose_scheme(request, &scheme) ? scheme.cycles : not_accepted;
}

std::shared_ptr<ConvPlan> create(const PlanRequest& request, const ConvPlan* sibling) {
  ShortScheme scheme;
  return choose_scheme(request, &scheme) ? create_winograd(request, scheme, sibling) : nullptr;
}

}  // namespace

std::shared_ptr<ConvPlan> create_winograd(const PlanRequest& request, const ShortScheme& scheme,
                                          const ConvPlan* sibling) {
  std::shared_ptr<TransformedWeights> packed;
  if (sibling && sibling->algorithm() == winograd_candidate.name && sibling->isa() == request.kernels->name) {
    const auto* plan = static_cast<const WinogradPlan*>(sibling);
    if (plan->scheme().same_weights(scheme)) packed = plan->packed();
  }
  if (!packed) packed = transform_weights(request, scheme, channel_blocks(request), request.kernels->lanes);
  if (!packed) return nullptr;
  std::shared_ptr<WinogradPlan> plan(new (std::nothrow) WinogradPlan(request, scheme, std::move(packed)));
  return plan && plan->complete() ? plan : nullptr;
}

const Candidate winograd_candidate{"winograd-k-lanes", cost, create};

}  // namespace atrous
