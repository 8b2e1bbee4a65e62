// What a plan of short algorithms does with inputs that it can't compute: NaN, infinities, and values so huge that they
// would overflow on the way. A transform mixes the elements of a tile, so any of these would reach outputs that no tap of
// theirs touches; an image that holds one is convolved by a direct plan instead.
#pragma once
#include <memory>
#include <mutex>

#include "plan/memory.hpp"
#include "plan/plan.hpp"

namespace atrous {

// Whether short algorithms are wanted, there is anything to compute, and weights and bias are such that any input can be
// computed by them: G of three axes makes a weight up to 75 times as large, and the bias is added to sums below a
// quarter of the largest float.
bool may_transform(const PlanRequest& request);

class DirectFallback {
 public:
  explicit DirectFallback(const PlanRequest& request);

  // Whether there was memory for copies of weight and bias, which are made unless these stay as they are.
  explicit operator bool() const { return weight_ && bias_; }
  size_t bytes() const { return weight_.size_bytes() + bias_.size_bytes(); }

  // One image by the direct kernels, planned when it is first needed. False: no memory.
  bool run(const float* image, float* output) const;

 private:
  PlanRequest request_;  // of one image
  AlignedFloats weight_, bias_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<ConvPlan> plan_;
};

}  // namespace atrous
