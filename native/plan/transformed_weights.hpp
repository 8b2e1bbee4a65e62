// Kernels in the domain of a short algorithm's products: G of every axis applied, in double precision.
#pragma once
#include <memory>

#include "plan/memory.hpp"
#include "plan/plan.hpp"
#include "plan/short_scheme.hpp"

namespace atrous {

struct TransformedWeights {
  AlignedFloats weight;    // [groups][blocks of output channels][points][tap groups][channels][block lanes]
  AlignedFloats bias;      // [groups][vectors·lanes]
  double largest_sum = 0;  // of |weight| over channels and tap groups, at any point and output channel

  explicit operator bool() const { return weight && bias; }
};

// Null when memory ran out.
std::shared_ptr<TransformedWeights> transform_weights(const PlanRequest& request, const ShortScheme& scheme);

}  // namespace atrous
