#include "plan/elementwise.hpp"

#include <algorithm>
#include <limits>

#include "plan/split.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// 64 KiB: some 5 µs where it lies in the second cache, 20 µs where it comes from memory.
constexpr int64_t item_floats = 16 * 1024;

}  // namespace

int threads_for_elements(int threads, double elements) { return useful_threads(threads, 8 * elements); }

void map_elements(const KernelTable& kernels, int threads, RunFunction function, const float* in,
                  const float* parameters, float* out, int64_t length) {
  const MapRunKernel map = kernels.map_run[static_cast<int>(function)];
  const Split items = Split::at_most(length, item_floats);
  parallel_for(threads_for_elements(threads, static_cast<double>(length)), items.parts, [&](int64_t item, int) {
    map(in + items.begin(item), parameters, out + items.begin(item), items.size(item));
  });
}

void combine_elements(const KernelTable& kernels, int threads, RunOperation operation, const float* a, const float* b,
                      const Broadcast& broadcast, bool relu, float* out, int64_t length) {
  // What a relu finds again in the first cache.
  constexpr int64_t most = 4096;
  constexpr float positive[] = {0.0f, std::numeric_limits<float>::infinity()};
  const CombineRunsKernel combine = kernels.combine_runs[static_cast<int>(operation)];
  const MapRunKernel clip = kernels.map_run[static_cast<int>(RunFunction::clip)];
  const Split items = Split::at_most(length, item_floats);
  parallel_for(threads_for_elements(threads, static_cast<double>(length)), items.parts, [&](int64_t item, int) {
    for (int64_t i = items.begin(item), count; i < items.end(item); i += count) {
      const int64_t turn = i / broadcast.run, offset = i - turn * broadcast.run;
      count = std::min({broadcast.run - offset, items.end(item) - i, most});
      const float* const met = b + broadcast.begins[turn] + (broadcast.repeated ? 0 : offset);
      combine(a + i, met, broadcast.repeated, out + i, count);
      if (relu) clip(out + i, positive, out + i, count);
    }
  });
}

}  // namespace atrous
