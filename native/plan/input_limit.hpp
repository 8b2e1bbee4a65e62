// How large inputs may be for short algorithms: transformed inputs must be finite, however small the kernels, and so must
// everything after them.
#pragma once
#include <cstdint>

#include "plan/short_scheme.hpp"

namespace atrous {

class InputLimit {
 public:
  // `largest_sum`: of |transformed weights| over a sum's terms, at any point and output channel.
  InputLimit(const ShortScheme& scheme, double largest_sum);

  // Whether no value is beyond it, infinite or NaN.
  bool holds(const float* values, int64_t count, int threads) const;

 private:
  float limit_;
};

}  // namespace atrous
