#include "plan/choose.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace atrous {
namespace {

// In order of preference where estimates are equal. The first accepts every problem.
const Candidate* const candidates[] = {&k_lanes_candidate, &w_lanes_candidate, &depthwise_candidate,
                                       &winograd_candidate};

}  // namespace

bool may_multiply_padding(const PlanRequest& request) {
  const ConvShape& shape = request.shape;
  if (shape.padding_mode != PaddingMode::zeros) return true;
  bool padded = false;
  for (int axis = 0; axis < 3; ++axis) padded |= shape.padding_begin[axis] > 0 || shape.padding_end[axis] > 0;
  if (!padded) return true;
  return std::all_of(request.weight, request.weight + shape.weight_size(), [](float w) { return std::isfinite(w); });
}

const Candidate& choose(const PlanRequest& request) {
  if (request.family == AlgorithmFamily::winograd && winograd_candidate.accepts(request)) return winograd_candidate;
  const Candidate* best = candidates[0];
  double best_cost = best->cost(request);
  for (const Candidate* candidate : candidates) {
    if (candidate == best || !candidate->accepts(request)) continue;
    const double cost = candidate->cost(request);
    if (cost < best_cost) {
      best = candidate;
      best_cost = cost;
    }
  }
  return *best;
}

const Candidate* find_candidate(const char* name) {
  for (const Candidate* candidate : candidates) {
    if (std::strcmp(candidate->name, name) == 0) return candidate;
  }
  return nullptr;
}

}  // namespace atrous
