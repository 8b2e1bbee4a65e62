// The tiles of an image that one nest of short algorithms computes, channels in lanes: their way from pixels to pixels
// in three steps.
//
//   inputs    [point][tile][pitch]: B applied to every tile, a point being one product of the nested algorithms
//   products  [point][tile][pitch]: for each point a matrix product over the channels (kernels/k_lanes.hpp)
//   outputs   A applied to the products
//
// Each step takes one point or one tile after the other, so that transformed inputs and weights pass by once: with
// blocks of output channels outermost, which keeps their products in L2, 19 MB of transformed inputs passed 22 times
// and 144 points of 64 tiles with 512 channels took 1.35 times as long.
#pragma once
#include <algorithm>
#include <memory>

#include "plan/axis.hpp"
#include "plan/memory.hpp"
#include "plan/plan.hpp"
#include "plan/short_axis.hpp"
#include "plan/short_scheme.hpp"
#include "plan/split.hpp"
#include "plan/transformed_weights.hpp"

namespace atrous {

// Floats from one pixel or tile to the next: 64 bytes more where a multiple of 256 bytes would crowd few cache sets.
inline int64_t spread(int64_t floats) { return floats % 64 == 0 ? floats + 16 : floats; }

// A box of pixels [depth][height][width][pitch] and the coordinates of its first.
struct Box {
  Interval axis[3];
  int64_t pitch;

  // Floats from the box's first pixel to the one at these coordinates.
  int64_t offset(int64_t z, int64_t y, int64_t x) const {
    return (((z - axis[0].begin) * axis[1].size + y - axis[1].begin) * axis[2].size + x - axis[2].begin) * pitch;
  }
};

// One region of an image, and where its steps read and write.
struct ShortRegion {
  int64_t index[3];
  Box in, out;
  const float* image;  // of `in`
  float *inputs, *products;
  float* result;  // of `out`
};

class ShortPart {
 public:
  // What a step of one thread works in besides.
  struct Scratch {
    float* transform;
    const float** from;
    float** to;
  };

  // `nest`: of one algorithm along each axis. `pieces`: the tiles of each axis. `zeros`: what a pixel in the padding
  // holds, zero_floats() of them that outlive the part.
  ShortPart(const PlanRequest& request, const ShortScheme& nest, const ShortPiece (&pieces)[3],
            std::shared_ptr<TransformedWeights> packed, const float* zeros);
  static int64_t zero_floats(const PlanRequest& request);

  bool complete() const { return axes_[0].complete() && axes_[1].complete() && axes_[2].complete(); }
  const ShortScheme& nest() const { return nest_; }
  const std::shared_ptr<TransformedWeights>& packed() const { return packed_; }
  const ShortAxis& axis(int i) const { return axes_[i]; }
  int64_t tiles(const int64_t (&region)[3]) const;
  // Points of one block of output channels each, those of a point following each other.
  int64_t panels() const { return nest_.points() * blocks_.parts; }
  // Of all regions and output channels.
  double multiply_adds() const;

  // Memory for a group of a region's channels, and for a step, in floats.
  int64_t input_floats() const { return whole_lines(nest_.points() * input_point_stride_); }
  int64_t product_floats() const { return whole_lines(nest_.points() * product_point_stride_); }
  int64_t transform_floats() const;
  int64_t from_pointers() const { return std::max(nest_.points(), nest_.inputs()); }
  int64_t to_pointers() const { return std::max(nest_.points(), nest_.outputs()); }

  // The steps: of tiles, panels and tiles [begin, end).
  void transform_inputs(const ShortRegion& region, int64_t group, int64_t begin, int64_t end, Scratch scratch) const;
  void multiply(const ShortRegion& region, int64_t group, int64_t begin, int64_t end) const;
  void transform_products(const ShortRegion& region, int64_t group, int64_t begin, int64_t end, Scratch scratch) const;

 private:
  // Those of the inputs, or of the products: all but which channels, and what becomes of results.
  ShortTransform maps(bool inputs, Scratch scratch) const;
  // A tile's number along each axis: width fastest.
  void tile_at(const ShortRegion& region, int64_t tile, int64_t (&index)[3]) const;

  ConvShape shape_;
  const KernelTable* kernels_;
  ShortScheme nest_;
  std::shared_ptr<TransformedWeights> packed_;
  const float* zeros_;
  Split blocks_;  // of a group's output channels
  ShortAxis axes_[3];
  float input_matrix_[3][ShortAlgorithm::max_products * ShortAlgorithm::max_inputs];
  float output_matrix_[3][ShortAlgorithm::max_outputs * ShortAlgorithm::max_products];
  int64_t input_pitch_, input_point_stride_, product_pitch_, product_point_stride_;
};

}  // namespace atrous
