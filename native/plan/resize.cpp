// Row by row: the up to four input rows around an output row become one, then that is resampled along the width. Where
// there is one only it is read where it stands.
#include "plan/resize.hpp"

#include <algorithm>

#include "kernels/table.hpp"
#include "plan/elementwise.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"
#include "plan/workspace.hpp"

namespace atrous {
namespace {

enum class Width { copied, picked, doubled, interpolated };

Width width_of(const ResizeShape& shape) {
  const ResizeAxis& axis = shape.axis[2];
  if (shape.doubles) return Width::doubled;
  bool copied = axis.output == axis.input;
  for (int32_t x = 0; x < axis.output; ++x) {
    if (axis.fraction[x] != 0) return Width::interpolated;
    copied = copied && axis.low[x] == x;
  }
  return copied ? Width::copied : Width::picked;
}

class Resize {
 public:
  Resize(const KernelTable& kernels, const ResizeShape& shape)
      : kernels_(kernels), shape_(shape), width_(width_of(shape)), row_floats_(whole_lines(shape.axis[2].input)) {}

  int64_t rows() const { return shape_.planes * shape_.axis[0].output * shape_.axis[1].output; }
  int64_t thread_floats() const { return 2 * row_floats_; }

  void compute_row(int64_t row, const float* in, float* out, float* scratch) const {
    const auto& [depth, height, width] = shape_.axis;
    const int64_t y = row % height.output, z = row / height.output % depth.output;
    const int64_t plane = row / (int64_t{height.output} * depth.output);
    const float* const image = in + plane * depth.input * height.input * width.input;
    const int64_t slice = int64_t{height.input} * width.input;
    const float* joined = mix_rows(image + depth.low[z] * slice, y, scratch);
    if (depth.fraction[z] != 0) {
      const float* const other = mix_rows(image + depth.high[z] * slice, y, scratch + row_floats_);
      kernels_.mix_runs(joined, 1 - depth.fraction[z], other, depth.fraction[z], scratch, width.input);
      joined = scratch;
    }
    resample(joined, out + row * width.output);
  }

 private:
  // Row y of a slice, in `row` unless it is one of the slice's.
  const float* mix_rows(const float* slice, int64_t y, float* row) const {
    const ResizeAxis& height = shape_.axis[1];
    const int64_t width = shape_.axis[2].input;
    const float* const low = slice + height.low[y] * width;
    if (height.fraction[y] == 0) return low;
    kernels_.mix_runs(low, 1 - height.fraction[y], slice + height.high[y] * width, height.fraction[y], row, width);
    return row;
  }

  void resample(const float* row, float* out) const {
    const ResizeAxis& axis = shape_.axis[2];
    switch (width_) {
      case Width::copied:
        std::copy_n(row, axis.output, out);
        break;
      case Width::picked:
        for (int32_t x = 0; x < axis.output; ++x) out[x] = row[axis.low[x]];
        break;
      case Width::doubled:
        kernels_.double_run(row, out, axis.input);
        break;
      case Width::interpolated:
        for (int32_t x = 0; x < axis.output; ++x) {
          const float low = row[axis.low[x]], fraction = axis.fraction[x];
          out[x] = fraction == 0 ? low : (1 - fraction) * low + fraction * row[axis.high[x]];
        }
        break;
    }
  }

  const KernelTable& kernels_;
  const ResizeShape& shape_;
  Width width_;
  int64_t row_floats_;
};

}  // namespace

bool resize(const KernelTable& kernels, int threads, const ResizeShape& shape, const float* in, float* out) {
  const Resize resize(kernels, shape);
  const int64_t row_elements = int64_t{2} * shape.axis[2].input + 2 * shape.axis[2].output;
  const Split items = Split::at_most(resize.rows(), std::max<int64_t>(1, 32 * 1024 / row_elements));
  const int used =
      threads_for_elements(threads, static_cast<double>(row_elements) * static_cast<double>(resize.rows()));
  Workspace workspace(used * resize.thread_floats());
  if (!workspace) return false;
  parallel_for(used, items.parts, [&](int64_t item, int worker) {
    for (int64_t row = items.begin(item); row < items.end(item); ++row) {
      resize.compute_row(row, in, out, workspace.data() + worker * resize.thread_floats());
    }
  });
  return true;
}

}  // namespace atrous
