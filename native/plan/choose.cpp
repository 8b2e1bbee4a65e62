#include "plan/choose.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <iterator>

namespace atrous {
namespace {

// In order of preference where estimates are equal. The first accepts every problem.
const Candidate* const candidates[] = {&k_lanes_candidate, &w_lanes_candidate, &depthwise_candidate,
                                       &winograd_candidate, &winograd_w_lanes_candidate};
const Candidate* const short_candidates[] = {&winograd_candidate, &winograd_w_lanes_candidate};

// The cheapest of those that accept the problem; null where there is none.
template <size_t Count>
const Candidate* cheapest(const Candidate* const (&list)[Count], const PlanRequest& request) {
  const Candidate* best = nullptr;
  double best_cost = not_accepted;
  for (const Candidate* candidate : list) {
    const double cost = candidate->cost(request);
    if (cost < best_cost) best = candidate, best_cost = cost;
  }
  return best;
}

}  // namespace

bool may_multiply_padding(const PlanRequest& request) {
  const ConvShape& shape = request.shape;
  if (shape.padding_mode != PaddingMode::zeros) return true;
  bool padded = false;
  for (int axis = 0; axis < 3; ++axis) padded |= shape.padding_begin[axis] > 0 || shape.padding_end[axis] > 0;
  if (!padded) return true;
  return all_within(request.weight, shape.weight_size(), FLT_MAX);
}

bool all_within(const float* values, int64_t count, float limit) {
  // In pieces without a way out: the compiler makes vectors of them.
  constexpr int64_t piece = 4096;
  for (int64_t begin = 0; begin < count; begin += piece) {
    const int64_t end = std::min(count, begin + piece);
    int32_t beyond = 0;
    for (int64_t i = begin; i < end; ++i) beyond |= !(std::fabs(values[i]) <= limit);
    if (beyond) return false;
  }
  return true;
}

const Candidate& choose(const PlanRequest& request) {
  // One image and one thread, whatever is asked: the same bits for any number of them.
  PlanRequest one = request;
  one.shape.batch = std::min(1, request.shape.batch);
  one.threads = 1;
  if (request.family == AlgorithmFamily::winograd) {
    if (const Candidate* best = cheapest(short_candidates, one)) return *best;
  }
  return *cheapest(candidates, one);
}

const Candidate* const* all_candidates(int* count) {
  *count = static_cast<int>(std::size(candidates));
  return candidates;
}

const Candidate* find_candidate(const char* name) {
  for (const Candidate* candidate : candidates) {
    if (std::strcmp(candidate->name, name) == 0) return candidate;
  }
  return nullptr;
}

}  // namespace atrous
