#include "plan/short_algorithm.hpp"

#include <algorithm>

namespace atrous {
namespace {

#define MATRIX(...) {__VA_ARGS__}
#define ATROUS_SHORT_ALGORITHM(form, outputs, taps, products, error, a, b, g) \
  {ShortForm::form, outputs, taps, products, error, a, b, g},
#define ATROUS_POINTS_4_3(form, outputs, taps, products, error, pairs, a, b, g) \
  {ShortForm::form, outputs, taps, products, error, a, b, g, true, pairs},
#define ATROUS_SYMMETRIC_POINTS(form, outputs, taps, products, error, pairs, a, b, g) \
  {ShortForm::form, outputs, taps, products, error, a, b, g, false, pairs},
constexpr ShortAlgorithm algorithms[] = {
#include "plan/short_algorithms.inc"
};
#undef ATROUS_SYMMETRIC_POINTS
#undef ATROUS_POINTS_4_3
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

int symmetric_input_work(const ShortAlgorithm& algorithm) {
  const int pairs = pairs_of(algorithm);
  return pairs == 0 ? algorithm.input_work() : 2 * pairs * pairs + pairs * (algorithm.products - 2 * pairs);
}

int symmetric_output_work(const ShortAlgorithm& algorithm) {
  const int pairs = pairs_of(algorithm);
  return pairs == 0 ? algorithm.output_work() : 6 * pairs + 1;
}

void symmetric_input_constants(const ShortAlgorithm& algorithm, float* constants) {
  const int pairs = pairs_of(algorithm);
  double coefficients[ShortAlgorithm::max_pairs + 1];
  for (int pair = 0; pair < pairs; ++pair) {
    product_of_squares(algorithm, pair, coefficients);
    for (int j = 0; j + 1 < pairs; ++j) *constants++ = static_cast<float>(coefficients[j]);
    *constants++ = static_cast<float>(algorithm.pairs[pair]);
    *constants++ = static_cast<float>(-algorithm.pairs[pair]);
  }
  product_of_squares(algorithm, -1, coefficients);
  for (int j = 0; j < pairs; ++j) *constants++ = static_cast<float>(coefficients[j]);
}

void symmetric_output_constants(const ShortAlgorithm& algorithm, float* constants) {
  for (int pair = 0; pair < pairs_of(algorithm); ++pair) {
    const double p = algorithm.pairs[pair];
    for (const double power : {p, p * p, p * p * p}) *constants++ = static_cast<float>(power);
  }
}

const ShortAlgorithm* short_algorithms(int* count) {
  *count = static_cast<int>(sizeof algorithms / sizeof *algorithms);
  return algorithms;
}

const ShortAlgorithm pointwise_algorithm{ShortForm::open, 1, 1, 1, 0, {1}, {1}, {1}};

}  // namespace atrous
