// Short bilinear algorithms for convolution along one axis: y = A·((G·w) ∘ (B·x)), fewer products than outputs × taps.
//
//   open    x has outputs + taps − 1 elements, y[i] = Σ_r w[r]·x[i + r]:
//           a tile of a longer axis, Winograd's F(outputs, taps)
//   closed  x has `outputs` elements and zeros beyond both ends, y[i] = Σ_r w[r]·x[i + r − (taps − 1)/2]:
//           a whole axis at once
//
// Under dilation d an axis is d interleaved ones, each with the algorithm of d = 1. Along several axes algorithms nest.
#pragma once

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
  bool points_4_3 = false;               // kernels/points_4_3.hpp applies A and B
  double pairs[max_pairs] = {};          // points ±p: kernels/symmetric_points.hpp does; zeros where it does not

  // Operations of B and of A on one vector.
  constexpr int input_work() const { return points_4_3 ? 12 : products * inputs(); }
  constexpr int output_work() const { return points_4_3 ? 13 : outputs * products; }
  constexpr int inputs() const { return form == ShortForm::closed ? outputs : outputs + taps - 1; }
};

// Operations of kernels/symmetric_points.hpp where it applies, else of the matrices.
int symmetric_input_work(const ShortAlgorithm& algorithm);
int symmetric_output_work(const ShortAlgorithm& algorithm);
// What its kernels take: for B and for A.
void symmetric_input_constants(const ShortAlgorithm& algorithm, float* constants);
void symmetric_output_constants(const ShortAlgorithm& algorithm, float* constants);

// All of them; sets *count.
const ShortAlgorithm* short_algorithms(int* count);

// One output, one tap, one product: an axis along which the kernel has one tap.
extern const ShortAlgorithm pointwise_algorithm;

}  // namespace atrous
