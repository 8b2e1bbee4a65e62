#include "plan/direct_fallback.hpp"

#include <algorithm>
#include <atomic>
#include <cfloat>
#include <cmath>

#include "plan/candidate.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// Σ of |entries| of the worst row.
double row_sum(const double* matrix, int rows, int columns) {
  double worst = 0;
  for (int r = 0; r < rows; ++r) {
    double sum = 0;
    for (int c = 0; c < columns; ++c) sum += std::fabs(matrix[r * columns + c]);
    worst = std::max(worst, sum);
  }
  return worst;
}

// Transformed inputs must be finite, however small the kernels, and so must everything after them. A quarter of the
// largest float leaves room for rounding and the bias.
float input_limit(const ShortScheme& scheme, double largest_sum) {
  double inputs = 1, sums = largest_sum;
  for (const ShortAlgorithm* a : scheme.axis) {
    inputs *= std::max(1.0, row_sum(a->b, a->products, a->inputs()));
    sums *= std::max(1.0, row_sum(a->a, a->outputs, a->products));
  }
  return static_cast<float>(FLT_MAX / 4 / (inputs * std::max(1.0, sums)));
}

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

DirectFallback::DirectFallback(const PlanRequest& request, const ShortScheme& scheme, double largest_sum)
    : request_(request),
      weight_(request.weights_stay ? 0 : request.shape.weight_size()),
      bias_(request.weights_stay || !request.bias ? 0 : request.shape.out_channels),
      limit_(input_limit(scheme, largest_sum)) {
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

bool DirectFallback::within_limit(const float* image, int threads) const {
  const int64_t size = request_.shape.in_channels * request_.shape.in_pixels();
  const Split chunks = Split::at_most(size, 64 * 1024);
  std::atomic<bool> beyond{false};
  parallel_for(threads, chunks.parts, [&](int64_t chunk, int) {
    if (!all_within(image + chunks.begin(chunk), chunks.size(chunk), limit_)) {
      beyond.store(true, std::memory_order_relaxed);
    }
  });
  return !beyond.load(std::memory_order_relaxed);
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
