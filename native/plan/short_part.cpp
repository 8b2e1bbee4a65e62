#include "plan/short_part.hpp"

#include <algorithm>

#include "kernels/table.hpp"
#include "plan/channel_blocks.hpp"
#include "plan/channels_last_image.hpp"

namespace atrous {

ShortPart::ShortPart(const PlanRequest& request, const ShortScheme& nest, const ShortPiece (&pieces)[3],
                     std::shared_ptr<TransformedWeights> packed, const float* zeros)
    : shape_(with_padding_applied(request.shape)),
      kernels_(request.kernels),
      nest_(nest),
      packed_(std::move(packed)),
      zeros_(zeros),
      blocks_(channel_blocks(request)),
      axes_{ShortAxis(pieces[0], axis_of(shape_, 0), 1, nest.region[0]),
            ShortAxis(pieces[1], axis_of(shape_, 1), 1, nest.region[1]),
            ShortAxis(pieces[2], axis_of(shape_, 2), nest.tap_groups, nest.region[2])} {
  for (int i = 0; i < 3; ++i) {
    nest.axis[i]->input_constants(input_matrix_[i]);
    nest.axis[i]->output_constants(output_matrix_[i]);
  }
  const int64_t lanes = kernels_->lanes;
  const int64_t most_tiles = axes_[0].most_tiles() * axes_[1].most_tiles() * axes_[2].most_tiles();
  input_pitch_ = spread(ceil_div(shape_.in_channels_per_group(), lanes) * lanes);
  product_pitch_ = spread(blocks_.total * lanes);
  // Tap groups of the last tile read beyond it. 64 bytes more spread the points over the cache sets.
  input_point_stride_ = (most_tiles + nest.tap_groups - 1) * input_pitch_ + 16;
  product_point_stride_ = most_tiles * product_pitch_ + 16;
}

int64_t ShortPart::zero_floats(const PlanRequest& request) {
  const int64_t lanes = request.kernels->lanes;
  return std::max(ceil_div(request.shape.in_channels_per_group(), lanes), channel_blocks(request).largest()) * lanes;
}

int64_t ShortPart::tiles(const int64_t (&region)[3]) const {
  return axes_[0].tiles(region[0]) * axes_[1].tiles(region[1]) * axes_[2].tiles(region[2]);
}

double ShortPart::multiply_adds() const {
  double tiles = 1;
  for (const ShortAxis& axis : axes_) tiles *= static_cast<double>(axis.most_tiles() * axis.regions());
  return tiles * static_cast<double>(nest_.points() * nest_.tap_groups) * shape_.in_channels_per_group() *
         shape_.out_channels;
}

// Values between the stages of a transform, per lane.
int64_t ShortPart::transform_floats() const {
  const auto [depth, height, width] = nest_.axis;
  const int64_t input = int64_t{depth->inputs()} * (height->inputs() + height->products) * width->products;
  const int64_t output = int64_t{depth->products} * (height->products + height->outputs) * width->outputs;
  return whole_lines(std::max(input, output) * kernels_->lanes);
}

void ShortPart::tile_at(const ShortRegion& region, int64_t tile, int64_t (&index)[3]) const {
  const int64_t rows = axes_[1].tiles(region.index[1]), columns = axes_[2].tiles(region.index[2]);
  index[2] = tile % columns;
  index[1] = tile / columns % rows;
  index[0] = tile / columns / rows;
}

ShortTransform ShortPart::maps(bool inputs, Scratch scratch) const {
  ShortTransform transform{};
  transform.in = scratch.from;
  transform.out = scratch.to;
  transform.scratch = scratch.transform;
  for (int i = 0; i < 3; ++i) {
    const ShortAlgorithm& a = *nest_.axis[i];
    transform.matrix[i] = inputs ? input_matrix_[i] : output_matrix_[i];
    transform.structure[i] = inputs ? a.input_structure() : a.output_structure();
    transform.from[i] = inputs ? a.inputs() : a.products;
    transform.to[i] = inputs ? a.products : a.outputs;
  }
  return transform;
}

void ShortPart::transform_inputs(const ShortRegion& region, int64_t group, int64_t begin, int64_t end,
                                 Scratch scratch) const {
  const int64_t lanes = kernels_->lanes, channels = shape_.in_channels_per_group();
  ShortTransform transform = maps(true, scratch);
  transform.vectors = static_cast<int32_t>(ceil_div(channels, lanes));
  transform.last_lanes = static_cast<int32_t>(lanes);
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
          *from++ = z < 0 || y < 0 || x < 0 ? zeros_ : base + region.in.offset(z, y, x);
        }
      }
    }
    for (int64_t p = 0; p < nest_.points(); ++p) {
      scratch.to[p] = region.inputs + p * input_point_stride_ + tile * input_pitch_;
    }
    kernels_->short_transform(transform);
  }
}

void ShortPart::multiply(const ShortRegion& region, int64_t group, int64_t begin, int64_t end) const {
  const int64_t lanes = kernels_->lanes, channels = shape_.in_channels_per_group(), points = nest_.points();
  const int64_t depth = nest_.tap_groups * channels, tiles = this->tiles(region.index);
  if (tiles == 0) return;
  const auto weight_of = [&](int64_t panel) {
    const int64_t point = panel / blocks_.parts, block = panel % blocks_.parts;
    const int64_t first_vector = group * blocks_.total + blocks_.begin(block);
    return packed_->weight.data() + (first_vector * points + point * blocks_.size(block)) * lanes * depth;
  };

  // Each point is a convolution with one tap, or, over the tiles, one tap for each tap group.
  KLanesTile tile{};
  tile.input_pixel_stride = input_pitch_;
  tile.tap_count[0] = tile.tap_count[1] = 1;
  tile.tap_count[2] = nest_.tap_groups;
  tile.tap_input_stride[2] = input_pitch_;
  tile.channels = static_cast<int32_t>(channels);
  tile.bias = zeros_;
  tile.output_pixel_stride = product_pitch_;
  tile.last_lanes = static_cast<int32_t>(lanes);
  for (int64_t panel = begin; panel < end; ++panel) {
    const int64_t point = panel / blocks_.parts, block = panel % blocks_.parts;
    const int64_t vectors = blocks_.size(block), width = vectors * lanes;
    const Split calls = Split::at_most(tiles, largest_pixel_tile(*kernels_, vectors));
    tile.tap_weight_stride[2] = channels * width;
    tile.weight = weight_of(panel);
    // The next panel comes to L2 while the first calls work, and the next point's inputs while the others do.
    const float* const next = weight_of(std::min(panel + 1, end - 1));
    const int64_t fetch = KLanesTile::ahead_step * depth, fetches = ceil_div(width * depth, fetch);
    const float* const next_inputs = region.inputs + std::min(point + 1, points - 1) * input_point_stride_;
    for (int64_t call = 0; call < calls.parts; ++call) {
      if (call < fetches) {
        tile.ahead = next + call * fetch;
      } else {
        const int64_t offset = (block * (calls.parts - fetches) + call - fetches) * fetch;
        tile.ahead = offset < tiles * input_pitch_ ? next_inputs + offset : nullptr;
      }
      tile.input = region.inputs + point * input_point_stride_ + calls.begin(call) * input_pitch_;
      tile.output = region.products + point * product_point_stride_ + calls.begin(call) * product_pitch_ +
                    blocks_.begin(block) * lanes;
      kernels_->k_lanes[vectors - 1][calls.size(call) - 1](tile);
    }
  }
}

void ShortPart::transform_products(const ShortRegion& region, int64_t group, int64_t begin, int64_t end,
                                   Scratch scratch) const {
  const int64_t lanes = kernels_->lanes, outputs = shape_.out_channels_per_group();
  ShortTransform transform = maps(false, scratch);
  transform.vectors = static_cast<int32_t>(blocks_.total);
  transform.last_lanes = static_cast<int32_t>(outputs - (blocks_.total - 1) * lanes);
  transform.bias = packed_->bias.data() + group * blocks_.total * lanes;
  transform.relu = shape_.activation == Activation::relu;
  float* base = region.result + group * outputs;
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t index[3];
    tile_at(region, tile, index);
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
    for (int64_t p = 0; p < nest_.points(); ++p) {
      scratch.from[p] = region.products + p * product_point_stride_ + tile * product_pitch_;
    }
    kernels_->short_transform(transform);
  }
}

}  // namespace atrous
