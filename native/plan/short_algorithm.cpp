#include "plan/short_algorithm.hpp"

#include <algorithm>

namespace atrous {
namespace {

#define MATRIX(...) {__VA_ARGS__}
#define ATROUS_SHORT_ALGORITHM(form, outputs, taps, products, error, a, b, g) \
  {ShortForm::form, outputs, taps, products, error, a, b, g},
#define ATROUS_SYMMETRIC_POINTS(form, outputs, taps, products, error, pairs, a, b, g) \
  {ShortForm::form, outputs, taps, products, error, a, b, g, pairs},
constexpr ShortAlgorithm algorithms[] = {
#include "plan/short_algorithms.inc"
};
#undef ATROUS_SYMMETRIC_POINTS
#undef ATROUS_SHORT_ALGORITHM
#undef MATRIX

int pairs_of(const ShortAlgorithm& algorithm) {
  return static_cast<int>(std::find(algorithm.pairs, algorithm.pairs + ShortAlgorithm::max_pairs, 0.0) -
                          algorithm.pairs);
}

// Coefficients of Π (x − p²) over all pairs but one, the last of which is 1; −1: over all.
void product_of_squares(const ShortAlgorithm& algorithm, int but, double* coefficients) {
  int degree = 0;
  coefficients[0] = 1;
  for (int pair = 0; pair < pairs_of(algorithm); ++pair) {
    if (pair == but) continue;
    coefficients[++degree] = 0;
    for (int j = degree; j >= 0; --j) {
      coefficients[j] =
          (j > 0 ? coefficients[j - 1] : 0) - algorithm.pairs[pair] * algorithm.pairs[pair] * coefficients[j];
    }
  }
}

}  // namespace

int ShortAlgorithm::input_work() const {
  const int count = pairs_of(*this);
  return count == 0 ? products * inputs() : 2 * count * count + count * (products - 2 * count);
}

int ShortAlgorithm::output_work() const {
  const int count = pairs_of(*this);
  return count == 0 ? outputs * products : 6 * count + 1;
}

void ShortAlgorithm::input_constants(float* constants) const {
  const int count = pairs_of(*this);
  if (count == 0) {
    std::transform(b, b + products * inputs(), constants, [](double entry) { return static_cast<float>(entry); });
    return;
  }
  double coefficients[max_pairs + 1];
  for (int pair = 0; pair < count; ++pair) {
    product_of_squares(*this, pair, coefficients);
    for (int j = 0; j + 1 < count; ++j) *constants++ = static_cast<float>(coefficients[j]);
    *constants++ = static_cast<float>(pairs[pair]);
    *constants++ = static_cast<float>(-pairs[pair]);
  }
  product_of_squares(*this, -1, coefficients);
  for (int j = 0; j < count; ++j) *constants++ = static_cast<float>(coefficients[j]);
}

void ShortAlgorithm::output_constants(float* constants) const {
  const int count = pairs_of(*this);
  if (count == 0) {
    std::transform(a, a + outputs * products, constants, [](double entry) { return static_cast<float>(entry); });
    return;
  }
  for (int pair = 0; pair < count; ++pair) {
    const double p = pairs[pair];
    for (const double power : {p, p * p, p * p * p}) *constants++ = static_cast<float>(power);
  }
}

const ShortAlgorithm* short_algorithms(int* count) {
  *count = static_cast<int>(sizeof algorithms / sizeof *algorithms);
  return algorithms;
}

const ShortAlgorithm pointwise_algorithm{ShortForm::open, 1, 1, 1, 0, {1}, {1}, {1}};

}  // namespace atrous
