// Which kernel family computes a convolution.
#pragma once
#include "plan/candidate.hpp"

namespace atrous {

// The cheapest, by its own estimate, of the candidates that accept the problem; the short algorithms wherever they do
// when the request names their family.
const Candidate& choose(const PlanRequest& request);

// All of them, in order of preference.
const Candidate* const* all_candidates(int* count);

// By its name; null where there is none such.
const Candidate* find_candidate(const char* name);

}  // namespace atrous
