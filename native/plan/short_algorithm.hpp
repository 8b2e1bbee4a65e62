// Short bilinear algorithms for convolution along one axis: y = A·((G·w) ∘ (B·x)), fewer products than outputs × taps.
//
//   open    x has outputs + taps − 1 elements, y[i] = Σ_r w[r]·x[i + r]:
//           a tile of a longer axis, Winograd's F(outputs, taps)
//   closed  x has `outputs` elements and zeros beyond both ends, y[i] = Σ_r w[r]·x[i + r − (taps − 1)/2]:
//           a whole axis at once
//
// Under dilation d an axis is d interleaved ones, each with the algorithm of d = 1. Along several axes algorithms nest.
#pragma once
#include "kernels/table.hpp"

namespace atrous {

enum class ShortForm { open, closed };

struct ShortAlgorithm {
  static constexpr int max_outputs = 8, max_inputs = 10, max_taps = 7, max_products = 12, max_pairs = 3;

  ShortForm form;
  int outputs, taps, products;
  // Largest float32 error over the output's standard deviation, nested in 2-D, 512 channels of uniform data: of 2048
  // tiles, with and without fused multiply-adds.
  double error;
  double a[max_outputs * max_products];  // [outputs][products]
  double b[max_products * max_inputs];   // [products][inputs]
  double g[max_products * max_taps];     // [products][taps]
  double pairs[max_pairs] = {};          // points ±p: kernels/symmetric_points.hpp applies A and B; zeros: matrices

  constexpr int inputs() const { return form == ShortForm::closed ? outputs : outputs + taps - 1; }

  // How kernels apply B and A, the constants that they take, and their operations on one vector.
  ShortStructure input_structure() const {
    return pairs[0] > 0 ? ShortStructure::symmetric_input : ShortStructure::dense;
  }
  ShortStructure output_structure() const {
    return pairs[0] > 0 ? ShortStructure::symmetric_products : ShortStructure::dense;
  }
  void input_constants(float* constants) const;   // at most max_products · max_inputs
  void output_constants(float* constants) const;  // at most max_outputs · max_products
  int input_work() const;
  int output_work() const;
};

// All of them; sets *count.
const ShortAlgorithm* short_algorithms(int* count);

// One output, one tap, one product: an axis along which the kernel has one tap.
extern const ShortAlgorithm pointwise_algorithm;

}  // namespace atrous
