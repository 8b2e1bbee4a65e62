// What a kernel family must tell to be considered for a convolution.
#pragma once
#include <cmath>
#include <memory>

#include "plan/plan.hpp"

namespace atrous {

// Whether padding zeros may be multiplied instead of skipped: there are none, or every weight is finite.
bool may_multiply_padding(const PlanRequest& request);

// Whether all values are finite: |value| ≤ limit, which NaN is not.
bool all_within(const float* values, int64_t count, float limit);

struct Candidate {
  const char* name;
  // Estimated cycles of one core for one image; making the plan too where it runs once. Infinite where the family does
  // not give the right result. Only the order of the candidates' estimates matters. It must not depend on batch or
  // threads: neither may change a result's bits.
  double (*cost)(const PlanRequest& request);
  // Of a finite cost. Null when memory ran out.
  std::shared_ptr<ConvPlan> (*create)(const PlanRequest& request, const ConvPlan* sibling);
};

constexpr double not_accepted = HUGE_VAL;

extern const Candidate k_lanes_candidate;
extern const Candidate w_lanes_candidate;
extern const Candidate depthwise_candidate;
extern const Candidate winograd_candidate;
extern const Candidate winograd_w_lanes_candidate;

}  // namespace atrous
