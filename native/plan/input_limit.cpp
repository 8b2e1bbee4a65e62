#include "plan/input_limit.hpp"

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

}  // namespace

// A quarter of the largest float leaves room for rounding and the bias.
InputLimit::InputLimit(const ShortScheme& scheme, double largest_sum) {
  double inputs = 1, sums = largest_sum;
  for (int i = 0; i < 3; ++i) {
    double of_inputs = 1, of_sums = 1;
    for (const ShortAlgorithm* a : {scheme.axis[i], scheme.second[i]}) {
      if (!a) continue;
      of_inputs = std::max(of_inputs, row_sum(a->b, a->products, a->inputs()));
      of_sums = std::max(of_sums, row_sum(a->a, a->outputs, a->products));
    }
    inputs *= of_inputs;
    sums *= of_sums;
  }
  limit_ = static_cast<float>(FLT_MAX / 4 / (inputs * std::max(1.0, sums)));
}

bool InputLimit::holds(const float* values, int64_t count, int threads) const {
  const Split chunks = Split::at_most(count, 64 * 1024);
  std::atomic<bool> beyond{false};
  parallel_for(threads, chunks.parts, [&](int64_t chunk, int) {
    if (!all_within(values + chunks.begin(chunk), chunks.size(chunk), limit_)) {
      beyond.store(true, std::memory_order_relaxed);
    }
  });
  return !beyond.load(std::memory_order_relaxed);
}

}  // namespace atrous
