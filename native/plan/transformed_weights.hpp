// Kernels in the domain of a short algorithm's products: G of every axis applied, in double precision.
#pragma once
#include <memory>

#include "plan/memory.hpp"
#include "plan/plan.hpp"
#include "plan/short_scheme.hpp"
#include "plan/split.hpp"

namespace atrous {

struct TransformedWeights {
  AlignedFloats weight;    // [groups][blocks of output channels][points][tap groups][channels][outputs of the block]
  AlignedFloats bias;      // [groups][outputs of all blocks]
  double largest_sum = 0;  // of |weight| over channels and tap groups, at any point and output channel

  explicit operator bool() const { return weight && bias; }
};

// `blocks` of a group's output channels, counted in units of `unit` channels; what they have beyond the last is zero.
// Null when memory ran out.
std::shared_ptr<TransformedWeights> transform_weights(const PlanRequest& request, const ShortScheme& scheme,
                                                      const Split& blocks, int64_t unit);

}  // namespace atrous
