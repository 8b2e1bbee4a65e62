// The plan of one given scheme of short algorithms with tiles in lanes; winograd_w_lanes_candidate chooses the scheme.
#pragma once
#include "plan/lane_scheme.hpp"
#include "plan/plan.hpp"

namespace atrous {

// `scheme` must fit the request's shape, and its tolerance is not looked at. Null when memory ran out.
std::shared_ptr<ConvPlan> create_winograd_w_lanes(const PlanRequest& request, const LaneScheme& scheme,
                                                  const ConvPlan* sibling);

}  // namespace atrous
