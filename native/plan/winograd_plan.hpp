// The plan of one given scheme of short algorithms; winograd_candidate chooses the scheme.
#pragma once
#include "plan/plan.hpp"
#include "plan/short_scheme.hpp"

namespace atrous {

// `scheme` must fit the request's shape, and its tolerance is not looked at. Null when memory ran out.
std::shared_ptr<ConvPlan> create_winograd(const PlanRequest& request, const ShortScheme& scheme,
                                          const ConvPlan* sibling);

}  // namespace atrous
