#include "plan/direct_fallback.hpp"

#include <algorithm>
#include <cfloat>

#include "plan/candidate.hpp"

namespace atrous {
namespace {

const float* copied(const float* values, AlignedFloats& copy) {
  std::copy_n(values, copy.size(), copy.data());
  return copy.data();
}

}  // namespace

bool may_transform(const PlanRequest& request) {
  if (request.family == AlgorithmFamily::direct || request.tolerance <= 0 || request.shape.output_size() == 0) {
    return false;
  }
  return all_within(request.weight, request.shape.weight_size(), FLT_MAX / 128) &&
         (!request.bias || all_within(request.bias, request.shape.out_channels, FLT_MAX / 2));
}

DirectFallback::DirectFallback(const PlanRequest& request)
    : request_(request),
      weight_(request.weights_stay ? 0 : request.shape.weight_size()),
      bias_(request.weights_stay || !request.bias ? 0 : request.shape.out_channels) {
  if (!*this) return;
  request_.shape.batch = 1;
  if (!request.weights_stay) {
    request_.weight = copied(request.weight, weight_);
    if (request.bias) request_.bias = copied(request.bias, bias_);
  }
  request_.family = AlgorithmFamily::direct;
  request_.once = false;
  request_.tolerance = 0;
}

bool DirectFallback::run(const float* image, float* output) const {
  std::shared_ptr<ConvPlan> plan;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!plan_) plan_ = k_lanes_candidate.create(request_, nullptr);
    plan = plan_;
  }
  return plan && plan->run(image, output);
}

}  // namespace atrous
