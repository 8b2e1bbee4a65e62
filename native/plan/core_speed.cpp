#include "plan/core_speed.hpp"

#include "isa/cpu.hpp"
#include "plan/cache_size.hpp"

namespace atrous {

// Vectors of 64 bytes that are not aligned cross a cache line each: Zen 4 takes 2.25 cycles for one (measured), and the
// two load ports of Intel's servers one. Shorter ones cross a line now and then. Lines: fitted to the times of 130 layers
// on Emerald Rapids, where L2 answers later; with shorter vectors the direct kernels miss their estimates, too.
CoreSpeed::CoreSpeed(const KernelTable& kernels) {
  const bool wide = kernels.lanes >= 16, pairs = !wide || cpu_pairs_wide_multiply_adds(), intel = cpu_is_intel();
  multiply_adds = pairs ? 2 : 1;
  unaligned_load = !wide ? 0.75 : pairs ? 1 : 2.25;
  input_line = !intel ? 4 : wide ? 50 : 25;
  output_line = intel ? 14 : 4;
}

double image_cycles(const ConvShape& shape) {
  const double output = static_cast<double>(shape.out_channels) * static_cast<double>(shape.out_pixels());
  const double floats = static_cast<double>(shape.in_channels) * static_cast<double>(shape.in_pixels()) + output;
  return (floats > 1e6 ? 0.3 * floats : 0) + (sizeof(float) * floats > l3_bytes ? 0.6 * output : 0);
}

}  // namespace atrous
