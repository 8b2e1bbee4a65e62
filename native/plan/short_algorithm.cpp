#include "plan/short_algorithm.hpp"

namespace atrous {
namespace {

#define MATRIX(...) {__VA_ARGS__}
#define ATROUS_SHORT_ALGORITHM(form, outputs, taps, products, error, a, b, g) \
  {ShortForm::form, outputs, taps, products, error, a, b, g},
#define ATROUS_POINTS_4_3(form, outputs, taps, products, error, a, b, g) \
  {ShortForm::form, outputs, taps, products, error, a, b, g, true},
constexpr ShortAlgorithm algorithms[] = {
#include "plan/short_algorithms.inc"
};
#undef ATROUS_POINTS_4_3
#undef ATROUS_SHORT_ALGORITHM
#undef MATRIX

}  // namespace

const ShortAlgorithm* short_algorithms(int* count) {
  *count = static_cast<int>(sizeof algorithms / sizeof *algorithms);
  return algorithms;
}

const ShortAlgorithm pointwise_algorithm{ShortForm::open, 1, 1, 1, 0, {1}, {1}, {1}};

}  // namespace atrous
