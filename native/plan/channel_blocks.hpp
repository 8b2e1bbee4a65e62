// Output channels in lanes: vectors of them, and blocks of vectors that one call of a kernel computes.
#pragma once
#include "plan/plan.hpp"
#include "plan/split.hpp"

namespace atrous {

// Most pixels that a register tile of `vectors` vectors has.
int64_t largest_pixel_tile(const KernelTable& kernels, int64_t vectors);

// Output channels of one group in vectors, and these in blocks.
Split channel_blocks(const PlanRequest& request);

}  // namespace atrous
