// What a core does in a cycle: what the costs of plans are made of.
#pragma once
#include "kernels/table.hpp"
#include "plan/conv_shape.hpp"

namespace atrous {

struct CoreSpeed {
  double multiply_adds;   // of whole vectors, begun in a cycle
  double unaligned_load;  // cycles of one
  // Cycles of a channel's part of a line, beside what its vectors take (plan/lane_scheme.cpp).
  double input_line, output_line;

  explicit CoreSpeed(const KernelTable& kernels);
};

// Cycles to read and to write one image beyond L2, and to fetch from memory the lines that will be written.
double image_cycles(const ConvShape& shape);

}  // namespace atrous
