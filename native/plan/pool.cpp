// Row by row: the input rows that an output row's windows reach become one (a run along memory for each), which is then
// split by phases of the stride, so that a tap's elements lie beside each other, and every tap is one run more.
#include "plan/pool.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/table.hpp"
#include "plan/elementwise.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"
#include "plan/workspace.hpp"

namespace atrous {
namespace {

// Outputs first … end − 1 of a row, whose tap lies inside the input: in the row split by phases, from `from` on.
struct TapRun {
  int64_t first, end, from;
};

// Taps of output `index` that lie in [count_begin, count_end).
int64_t counted_taps(const PoolAxis& axis, int64_t index) {
  const int64_t first = index * axis.stride - axis.begin;
  const auto below = [&](int64_t position) {
    return position > first ? std::min<int64_t>(axis.kernel, ceil_div(position - first, axis.dilation)) : 0;
  };
  return below(axis.count_end) - below(axis.count_begin);
}

class Pool {
 public:
  Pool(const KernelTable& kernels, const PoolShape& shape)
      : kernels_(kernels),
        shape_(shape),
        combine_(kernels.combine_runs[static_cast<int>(shape.mean ? RunOperation::add : RunOperation::larger)]),
        nothing_(shape.mean ? 0 : -std::numeric_limits<float>::infinity()),
        phases_(std::max(1, std::min(width().stride, width().input))),
        pitch_(whole_lines(ceil_div(width().input, phases_) + kernels.lanes)) {}

  int64_t rows() const { return int64_t{shape_.planes} * depth().output * height().output; }
  int64_t shared_floats() const { return tap_floats() + (shape_.mean ? whole_lines(width().output) : 0); }
  // Of one thread: a row, the same by phases, and what a row of sums is divided by.
  int64_t thread_floats() const {
    return whole_lines(width().input) + phases_ * pitch_ + (shape_.mean ? whole_lines(width().output) : 0);
  }

  // Fills `shared`, which stays as it is while rows are computed.
  void prepare(float* shared) {
    TapRun* const taps = reinterpret_cast<TapRun*>(shared);
    for (const bool whole : {true, false}) {
      for (int64_t tap = 0; tap < width().kernel; ++tap) {
        const TapRun run = run_of(tap);
        if (run.first < run.end && is_whole(run) == whole) taps[taps_++] = run;
      }
      if (whole) whole_taps_ = taps_;
    }
    tap_runs_ = taps;
    counts_ = shared + tap_floats();
    for (int64_t x = 0; shape_.mean && x < width().output; ++x) {
      shared[tap_floats() + x] = static_cast<float>(counted_taps(width(), x));
    }
  }

  void compute_row(int64_t row, const float* in, float* out, float* scratch) const {
    const int64_t y = row % height().output, z = row / height().output % depth().output;
    const int64_t plane = row / (int64_t{height().output} * depth().output);
    const int64_t plane_floats = int64_t{depth().input} * height().input * width().input;
    float* const to = out + row * width().output;
    float* const phases = scratch + whole_lines(width().input);
    const float* const joined = join_rows(in + plane * plane_floats, z, y, scratch);
    if (joined == nullptr) {
      std::fill_n(to, width().output, nothing_);
      return;
    }
    if (phases_ > 1) kernels_.split_phases(joined, 1, width().input, phases_, phases, pitch_);
    join_taps(phases_ > 1 ? phases : joined, to);
    if (!shape_.mean) return;
    divide(z, y, to, phases + phases_ * pitch_);
    for (int64_t x = 0; x < width().output; ++x) {
      // The sum may have overflowed where the mean does not.
      if (!std::isfinite(to[x])) to[x] = mean_in_double(in + plane * plane_floats, z, y, x);
    }
  }

 private:
  const PoolAxis& depth() const { return shape_.axis[0]; }
  const PoolAxis& height() const { return shape_.axis[1]; }
  const PoolAxis& width() const { return shape_.axis[2]; }
  int64_t tap_floats() const {
    return whole_lines(static_cast<int64_t>(sizeof(TapRun) / sizeof(float)) * width().kernel);
  }

  bool is_whole(const TapRun& run) const { return run.first == 0 && run.end == width().output; }

  TapRun run_of(int64_t tap) const {
    const PoolAxis& axis = width();
    const int64_t position = tap * axis.dilation - axis.begin;
    const int64_t first = position < 0 ? ceil_div(-position, axis.stride) : 0;
    const int64_t end = position < axis.input ? (axis.input - 1 - position) / axis.stride + 1 : 0;
    const int64_t from = first * axis.stride + position;
    return {first, std::min<int64_t>(axis.output, end), from % phases_ * pitch_ + from / phases_};
  }

  // The rows of the window at (z, y) as one: in `row`, or where it stands if there is one only; null where there is none.
  const float* join_rows(const float* plane, int64_t z, int64_t y, float* row) const {
    const float* joined = nullptr;
    if (taps_ == 0) return joined;
    for (int64_t tap_z = 0; tap_z < depth().kernel; ++tap_z) {
      const int64_t in_z = z * depth().stride - depth().begin + tap_z * depth().dilation;
      if (in_z < 0 || in_z >= depth().input) continue;
      for (int64_t tap_y = 0; tap_y < height().kernel; ++tap_y) {
        const int64_t in_y = y * height().stride - height().begin + tap_y * height().dilation;
        if (in_y < 0 || in_y >= height().input) continue;
        const float* const next = plane + (in_z * height().input + in_y) * width().input;
        if (joined != nullptr) combine_(joined, next, false, row, width().input);
        joined = joined == nullptr ? next : row;
      }
    }
    return joined;
  }

  // Runs that some outputs lack come last: they are joined with what stands in `out`.
  void join_taps(const float* phases, float* out) const {
    const float* joined = phases + tap_runs_[0].from;
    if (whole_taps_ == 0) std::fill_n(out, width().output, nothing_);
    if (whole_taps_ == 1) std::copy_n(joined, width().output, out);
    if (whole_taps_ <= 1) joined = out;
    for (int64_t tap = std::min<int64_t>(1, whole_taps_); tap < taps_; ++tap) {
      const TapRun& run = tap_runs_[tap];
      combine_(joined + run.first, phases + run.from, false, out + run.first, run.end - run.first);
      joined = out;
    }
  }

  float mean_in_double(const float* plane, int64_t z, int64_t y, int64_t x) const {
    double sum = 0;
    const auto each_tap = [](const PoolAxis& axis, int64_t index, auto body) {
      for (int64_t tap = 0; tap < axis.kernel; ++tap) {
        const int64_t in = index * axis.stride - axis.begin + tap * axis.dilation;
        if (in >= 0 && in < axis.input) body(in);
      }
    };
    each_tap(depth(), z, [&](int64_t in_z) {
      each_tap(height(), y, [&](int64_t in_y) {
        each_tap(width(), x, [&](int64_t in_x) {
          sum += static_cast<double>(plane[(in_z * height().input + in_y) * width().input + in_x]);
        });
      });
    });
    const int64_t count = counted_taps(depth(), z) * counted_taps(height(), y) * counted_taps(width(), x);
    return static_cast<float>(sum / static_cast<double>(std::max<int64_t>(1, count)));
  }

  // By how many taps counted, or by 1 where none did and the sum is 0.
  void divide(int64_t z, int64_t y, float* out, float* divisors) const {
    constexpr float at_least_one[] = {1, std::numeric_limits<float>::infinity()};
    const auto above = static_cast<float>(counted_taps(depth(), z) * counted_taps(height(), y));
    const auto combine = [&](RunOperation operation) { return kernels_.combine_runs[static_cast<int>(operation)]; };
    combine(RunOperation::multiply)(counts_, &above, true, divisors, width().output);
    kernels_.map_run[static_cast<int>(RunFunction::clip)](divisors, at_least_one, divisors, width().output);
    combine(RunOperation::divide)(out, divisors, false, out, width().output);
  }

  const KernelTable& kernels_;
  const PoolShape& shape_;
  const CombineRunsKernel combine_;
  const float nothing_;           // what a window without taps gives
  const int64_t phases_, pitch_;  // of a row split by phases: as many as the stride, or one an element
  const TapRun* tap_runs_ = nullptr;
  int64_t taps_ = 0, whole_taps_ = 0;  // those that all outputs have come first
  const float* counts_ = nullptr;      // taps along the width that each output's mean counts
};

}  // namespace

bool pool(const KernelTable& kernels, int threads, const PoolShape& shape, const float* in, float* out) {
  Pool pool(kernels, shape);
  const int64_t row_reads = std::max<int64_t>(
      1, int64_t{shape.axis[2].input} * shape.axis[1].kernel * shape.axis[0].kernel + shape.axis[2].output);
  const Split items = Split::at_most(pool.rows(), std::max<int64_t>(1, 32 * 1024 / row_reads));
  const int used = threads_for_elements(threads, static_cast<double>(row_reads) * static_cast<double>(pool.rows()));
  Workspace workspace(pool.shared_floats() + used * pool.thread_floats());
  if (!workspace) return false;
  pool.prepare(workspace.data());
  parallel_for(used, items.parts, [&](int64_t item, int worker) {
    float* const scratch = workspace.data() + pool.shared_floats() + worker * pool.thread_floats();
    for (int64_t row = items.begin(item); row < items.end(item); ++row) {
      pool.compute_row(row, in, out, scratch);
    }
  });
  clear_list(workspace.data(), workspace.data() + pool.shared_floats());
  return true;
}

}  // namespace atrous
