#include "plan/channel_blocks.hpp"

#include "kernels/table.hpp"

namespace atrous {
namespace {

// The width of a block of output channels with the most arithmetic per load: pixels · vectors FMAs take pixels +
// vectors loads.
int64_t vectors_per_block(const KernelTable& kernels) {
  int64_t best = 1;
  double best_ratio = 0;
  for (int64_t vectors = 1; vectors <= KernelTable::max_k_vectors; ++vectors) {
    const double pixels = static_cast<double>(largest_pixel_tile(kernels, vectors));
    const double ratio = pixels * vectors / (pixels + vectors);
    if (ratio > best_ratio) best_ratio = ratio, best = vectors;
  }
  return best;
}

}  // namespace

int64_t largest_pixel_tile(const KernelTable& kernels, int64_t vectors) {
  int64_t pixels = KernelTable::max_k_pixels;
  while (pixels > 0 && !kernels.k_lanes[vectors - 1][pixels - 1]) --pixels;
  return pixels;
}

Split channel_blocks(const PlanRequest& request) {
  const int64_t vectors = ceil_div(request.shape.out_channels_per_group(), request.kernels->lanes);
  return Split::at_most(vectors, vectors_per_block(*request.kernels));
}

}  // namespace atrous
