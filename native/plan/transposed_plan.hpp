// Transposed convolution: the adjoint of a convolution with the same stride, dilation and padding.
//
//   y[n, k, u] = act(bias[k] + Σ w[c, k, t] · x[n, c, j]) over all j, t with j·stride + t·dilation − padding_begin = u
//
// The request's integers mean the same as a convolution's, but for the output: its size is any, padding_begin counts
// outputs cut before it, and padding_end and padding_mode are not looked at. Weights are channels first
// [C, K/groups, kernel…] or channels last [kernel…, K/groups, C].
#pragma once
#include <memory>

#include "plan/plan.hpp"

namespace atrous {

// As ConvPlan::create.
std::shared_ptr<ConvPlan> create_transposed(const PlanRequest& request, const ConvPlan* sibling);

}  // namespace atrous
