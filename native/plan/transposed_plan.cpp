// Nothing is multiplied by inserted zeros: every part (transposed_part.hpp) is an ordinary convolution of the input, by
// whatever kernels are best for it, with channels contiguous on both sides:
//
//   input    [pixels][channels]: what a piece reads; channels-last input is used in place where a piece is a run of it
//   phased   [positions][output channels × phases]: what the part's convolution gives
//   output   phase f of position p goes to p·stride + f·dilation − begin, in runs of neighbouring phases
//
// Many pieces are shared among the threads one by one, and few are computed in turn, each by all threads. Neither changes
// a bit, since plans give the same bits for any number of threads and the pieces don't depend on it.
#include "plan/transposed_plan.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "kernels/table.hpp"
#include "plan/candidate.hpp"
#include "plan/memory.hpp"
#include "plan/split.hpp"
#include "plan/thread_pool.hpp"
#include "plan/transposed_part.hpp"
#include "plan/transposed_pieces.hpp"

namespace atrous {
namespace {

constexpr char direct_name[] = "transposed-direct", winograd_name[] = "transposed-winograd";

// Copies `count` runs of `run` floats that lie `in_pitch` apart to where they lie `out_pitch` apart.
using CopyRuns = void (*)(const float* in, int64_t in_pitch, float* out, int64_t out_pitch, int64_t run, int64_t count);

void copy_runs(const float* in, int64_t in_pitch, float* out, int64_t out_pitch, int64_t run, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(out + i * out_pitch, in + i * in_pitch, static_cast<size_t>(run) * sizeof(float));
  }
}

template <int Run>
void copy_short_runs(const float* in, int64_t in_pitch, float* out, int64_t out_pitch, int64_t, int64_t count) {
  for (int64_t i = 0; i < count; ++i) std::memcpy(out + i * out_pitch, in + i * in_pitch, Run * sizeof(float));
}

CopyRuns copier(int64_t run) {
  constexpr CopyRuns short_runs[] = {copy_short_runs<1>, copy_short_runs<2>, copy_short_runs<3>, copy_short_runs<4>,
                                     copy_short_runs<5>, copy_short_runs<6>, copy_short_runs<7>, copy_short_runs<8>};
  return run <= 8 ? short_runs[run - 1] : copy_runs;
}

// The plans of a part, one for each combination of kinds of pieces.
struct PartPlans {
  TransposedPart part;
  std::unique_ptr<std::shared_ptr<ConvPlan>[]> plans;
  int64_t count = 0;
};

class TransposedPlan final : public ConvPlan {
 public:
  TransposedPlan(const PlanRequest& request, const TransposedAxes& axes)
      : ConvPlan(request), axes_(axes), bias_(request.shape.out_channels) {
    if (!bias_) return;
    const ConvShape& s = request.shape;
    if (request.bias) {
      std::copy_n(request.bias, s.out_channels, bias_.data());
    } else {
      std::fill_n(bias_.data(), s.out_channels, 0.0f);
    }
    for (int i = 0; i < 3; ++i) reaches_all_ &= axes_[i].reached_outputs() == axes_[i].outputs();
  }

  // False: out of memory.
  bool plan_parts(const PlanRequest& request, const TransposedPlan* sibling) {
    if (!bias_) return false;
    TransposedPart parts[TransposedPart::most];
    part_count_ = TransposedPart::list(axes_, parts);
    if (part_count_ == 0) return true;
    if (!cut_into_pieces(request.shape, axes_, pieces_)) return false;
    const ConvShape& s = request.shape;
    piece_count_ = pieces_[0].count() * pieces_[1].count() * pieces_[2].count();
    const int threads = useful_threads(request.threads, static_cast<double>(s.input_size()) *
                                                            s.out_channels_per_group() * static_cast<double>(s.taps()));
    // Three items a thread even out differences.
    const bool one_by_one = s.batch * piece_count_ >= 3 * threads;
    item_threads_ = one_by_one ? threads : 1;
    piece_threads_ = one_by_one ? 1 : threads;
    for (int i = 0; i < part_count_; ++i) {
      const PartPlans* lender = sibling && sibling->part_count_ == part_count_ ? &sibling->parts_[i] : nullptr;
      parts_[i].part = parts[i];
      if (!plan_part(request, lender, &parts_[i])) return false;
    }
    return true;
  }

  const char* algorithm() const override { return short_algorithms_ ? winograd_name : direct_name; }
  size_t workspace_bytes() const override { return sizeof(float) * item_threads_ * thread_floats(); }
  size_t weight_bytes() const override { return part_weight_bytes_ + static_cast<size_t>(bias_.size_bytes()); }

 private:
  bool plan_part(const PlanRequest& request, const PartPlans* lender, PartPlans* of) {
    const TransposedPart& part = of->part;
    const PartParameters parameters(request, axes_, part, Layout::channels_last);
    int64_t kinds[3];
    for (int i = 0; i < 3; ++i) kinds[i] = pieces_[i].kinds(part.index[i]);
    of->count = kinds[0] * kinds[1] * kinds[2];
    of->plans.reset(new (std::nothrow) std::shared_ptr<ConvPlan>[static_cast<size_t>(of->count)]);
    if (!parameters.complete() || !of->plans) return false;

    PlanRequest of_part = request;
    of_part.weight = parameters.weight.data();
    of_part.bias = request.bias ? parameters.bias.data() : nullptr;
    of_part.weights_stay = false;
    of_part.threads = piece_threads_;
    size_t weight_bytes = 0;
    for (int64_t z = 0; z < pieces_[0].count(); ++z) {
      for (int64_t y = 0; y < pieces_[1].count(); ++y) {
        for (int64_t x = 0; x < pieces_[2].count(); ++x) {
          const int64_t piece[3] = {z, y, x};
          std::shared_ptr<ConvPlan>* const plan = plan_of(*of, piece);
          if (!plan || *plan) continue;
          PositionRange box[3];
          ranges(part, piece, box);
          of_part.shape = part.shape(request.shape, axes_, box, Layout::channels_last);
          *plan = ConvPlan::create(of_part, lend(*of, lender));
          if (!*plan) return false;
          short_algorithms_ |= (*plan)->short_scheme() != nullptr;
          weight_bytes = std::max(weight_bytes, (*plan)->weight_bytes());
          input_floats_ = std::max(input_floats_, whole_lines(of_part.shape.input_size()));
          phased_floats_ = std::max(phased_floats_, whole_lines(of_part.shape.output_size()));
          plan_floats_ =
              std::max(plan_floats_, whole_lines(static_cast<int64_t>((*plan)->workspace_bytes() / sizeof(float))));
        }
      }
    }
    part_weight_bytes_ += weight_bytes;
    return true;
  }

  // Null where the piece has nothing of the part.
  std::shared_ptr<ConvPlan>* plan_of(const PartPlans& of, const int64_t (&piece)[3]) const {
    int64_t index = 0;
    for (int i = 0; i < 3; ++i) {
      const int group = of.part.index[i];
      const int32_t kind = pieces_[i].kind(group, piece[i]);
      if (kind < 0) return nullptr;
      index = index * pieces_[i].kinds(group) + kind;
    }
    return &of.plans[static_cast<size_t>(index)];
  }

  // A plan of the same weights: of this part, else of the sibling's.
  static const ConvPlan* lend(const PartPlans& of, const PartPlans* lender) {
    for (const PartPlans* plans : {&of, lender}) {
      for (int64_t i = 0; plans && i < plans->count; ++i) {
        if (plans->plans[static_cast<size_t>(i)]) return plans->plans[static_cast<size_t>(i)].get();
      }
    }
    return nullptr;
  }

  void ranges(const TransposedPart& part, const int64_t (&piece)[3], PositionRange (&box)[3]) const {
    for (int i = 0; i < 3; ++i) box[i] = pieces_[i].range(part.group[i], piece[i]);
  }

  int64_t thread_floats() const { return input_floats_ + phased_floats_ + plan_floats_; }

  bool execute(const float* input, float* output, float* workspace) const override {
    const ConvShape& s = shape();
    if (!reaches_all_) fill_with_bias(output);
    if (part_count_ == 0) return true;
    std::atomic<bool> succeeded{true};
    parallel_for(item_threads_, s.batch * piece_count_, [&](int64_t item, int worker) {
      const int64_t n = item / piece_count_, index = item % piece_count_;
      const int64_t piece[3] = {index / pieces_[2].count() / pieces_[1].count(),
                                index / pieces_[2].count() % pieces_[1].count(), index % pieces_[2].count()};
      const float* from = input + n * s.in_channels * s.in_pixels();
      float* to = output + n * s.out_channels * s.out_pixels();
      for (int i = 0; i < part_count_; ++i) {
        if (!run_part(parts_[i], piece, from, to, workspace + worker * thread_floats())) {
          succeeded.store(false, std::memory_order_relaxed);
        }
      }
    });
    return succeeded.load(std::memory_order_relaxed);
  }

  // Outputs that no tap reaches: all of them, those that are computed being overwritten.
  void fill_with_bias(float* output) const {
    const ConvShape& s = shape();
    const bool last = s.layout == Layout::channels_last;
    const auto value = [&](int64_t k) { return s.activation == Activation::relu && bias_[k] < 0 ? 0.0f : bias_[k]; };
    const int64_t rows = last ? s.batch * s.out_pixels() : int64_t{s.batch} * s.out_channels;
    const Split chunks =
        Split::at_most(rows, std::max<int64_t>(1, 64 * 1024 / (last ? s.out_channels : s.out_pixels())));
    parallel_for(std::max(item_threads_, piece_threads_), chunks.parts, [&](int64_t chunk, int) {
      for (int64_t row = chunks.begin(chunk); row < chunks.end(chunk); ++row) {
        if (last) {
          for (int64_t k = 0; k < s.out_channels; ++k) output[row * s.out_channels + k] = value(k);
        } else {
          std::fill_n(output + row * s.out_pixels(), s.out_pixels(), value(row % s.out_channels));
        }
      }
    });
  }

  bool run_part(const PartPlans& of, const int64_t (&piece)[3], const float* input, float* output,
                float* scratch) const {
    const std::shared_ptr<ConvPlan>* const plan = plan_of(of, piece);
    if (!plan) return true;
    PositionRange box[3];
    ranges(of.part, piece, box);
    float* const phased = scratch + input_floats_;
    if (!(*plan)->run(input_of(box, input, scratch), phased, phased + phased_floats_)) return false;
    // Positions of a block: 32 of their cache lines are in use at a time, and 32 runs of an output row are written.
    const Split blocks = Split::at_most(box[2].size(), 32);
    parallel_for(piece_threads_, box[0].size() * box[1].size() * blocks.parts, [&](int64_t item, int) {
      const int64_t block = item % blocks.parts, row = item / blocks.parts;
      const int64_t at[3] = {row / box[1].size(), row % box[1].size(), blocks.begin(block)};
      write_block(of.part, box, at, blocks.size(block), phased, output);
    });
    return true;
  }

  // The box of the image with channels contiguous: in `scratch`, or where it is.
  const float* input_of(const PositionRange (&box)[3], const float* input, float* scratch) const {
    const ConvShape& s = shape();
    const bool last = s.layout == Layout::channels_last;
    const int64_t height = box[1].input_size(), width = box[2].input_size(), channels = s.in_channels;
    const auto pixel = [&](int64_t z, int64_t y) {
      return ((box[0].input_begin + z) * s.input[1] + box[1].input_begin + y) * s.input[2] + box[2].input_begin;
    };
    const bool whole_rows = width == s.input[2];
    if (last && whole_rows && (height == s.input[1] || box[0].input_size() == 1)) return input + pixel(0, 0) * channels;
    // Pixels of a run follow each other in the input.
    const int64_t run = whole_rows ? height * width : width, runs = box[0].input_size() * height * width / run;
    const Split chunks = Split::at_most(run, 128);
    parallel_for(piece_threads_, runs * chunks.parts, [&](int64_t item, int) {
      const int64_t first = item / chunks.parts * run, begin = chunks.begin(item % chunks.parts);
      const int64_t from = pixel(first / width / height, first / width % height) + begin;
      const int64_t count = chunks.size(item % chunks.parts);
      float* const to = scratch + (first + begin) * channels;
      if (last) {
        std::copy_n(input + from * channels, count * channels, to);
      } else {
        kernels().transpose(input + from, s.in_pixels(), to, channels, channels, count);
      }
    });
    return scratch;
  }

  // The outputs of `count` positions of a row, of which `at` is the first within the box.
  void write_block(const TransposedPart& part, const PositionRange (&box)[3], const int64_t (&at)[3], int64_t count,
                   const float* phased, float* output) const {
    const TransposedAxis& axis = axes_[2];
    const PhaseGroup& group = part.group[2];
    const int64_t row_end = shape().output[2], begin = box[2].begin + at[2], end = begin + count;
    // Of the positions [a, b) those whose outputs of these phases lie inside the row.
    const auto write = [&](int64_t phase, int64_t phases, int64_t a, int64_t b) {
      a = std::max(a, axis.position_from(0, group.first + phase));
      b = std::min(b, axis.position_from(row_end, group.first + phase + phases - 1));
      if (a < b) write_phases(part, box, at, {phase, phases, a, b - a}, phased, output);
    };
    const auto write_each = [&](int64_t a, int64_t b) {
      for (int64_t f = 0; f < group.count; ++f) write(f, 1, a, b);
    };
    const bool apart = shape().dilation[2] > 1 || (shape().layout == Layout::channels_last && shape().groups > 1);
    if (apart) return write_each(begin, end);
    // Neighbouring phases are neighbouring outputs: all at once, unless the row begins or ends among them.
    const int64_t whole_begin = std::clamp(axis.position_from(0, group.first), begin, end);
    const int64_t whole_end = std::clamp(axis.position_from(row_end, group.first + group.count - 1), whole_begin, end);
    write_each(begin, whole_begin);
    write(0, group.count, whole_begin, whole_end);
    write_each(whole_end, end);
  }

  // Phases [first, first + count) along the width of `positions` positions from `position` on.
  struct Run {
    int64_t first, count;
    int64_t position, positions;
  };

  void write_phases(const TransposedPart& part, const PositionRange (&box)[3], const int64_t (&at)[3], const Run& run,
                    const float* phased, float* output) const {
    const ConvShape& s = shape();
    const bool last = s.layout == Layout::channels_last;
    const int64_t outputs = s.out_channels_per_group(), pitch = s.out_channels * part.phases();
    // Floats of a phase that stand together; of an output pixel; of all phases of the width.
    const int64_t unit = last ? outputs : 1, pixel = last ? s.out_channels : 1, row = part.group[2].count * unit;
    const CopyRuns copy = copier(run.count * unit);
    const float* from = phased +
                        ((at[0] * box[1].size() + at[1]) * box[2].size() + run.position - box[2].begin) * pitch +
                        run.first * unit;
    float* const to = output + axes_[2].output(run.position, part.group[2].first + run.first) * pixel;
    for (int64_t line = 0; line < (last ? s.groups : s.out_channels); ++line) {
      float* const image = to + (last ? line * outputs : line * s.out_pixels());
      for (int64_t fz = 0; fz < part.group[0].count; ++fz) {
        const int64_t z = axes_[0].output(box[0].begin + at[0], part.group[0].first + fz);
        for (int64_t fy = 0; fy < part.group[1].count; ++fy, from += row) {
          const int64_t y = axes_[1].output(box[1].begin + at[1], part.group[1].first + fy);
          if (z < 0 || z >= s.output[0] || y < 0 || y >= s.output[1]) continue;
          copy(from, pitch, image + (z * s.output[1] + y) * s.output[2] * pixel, s.stride[2] * pixel, run.count * unit,
               run.positions);
        }
      }
    }
  }

  TransposedAxes axes_;
  AlignedFloats bias_;
  bool reaches_all_ = true;
  AxisPieces pieces_[3];
  int64_t piece_count_ = 0;
  PartPlans parts_[TransposedPart::most];
  int part_count_ = 0;
  int item_threads_ = 1, piece_threads_ = 1;
  int64_t input_floats_ = 0, phased_floats_ = 0, plan_floats_ = 0;  // scratch of a thread that runs pieces
  size_t part_weight_bytes_ = 0;
  bool short_algorithms_ = false;
};

// At stride 1 the positions are the outputs: the result of the one part, unless some of it is cut or missing.
bool is_convolution(const ConvShape& shape, const TransposedAxes& axes, PositionRange (&box)[3]) {
  for (int i = 0; i < 3; ++i) {
    if (shape.stride[i] != 1 || axes[i].group_count() != 1 || axes[i].reached_outputs() != axes[i].outputs())
      return false;
    const PhaseGroup& group = axes[i].group(0);
    box[i] = axes[i].range(group, group.begin, group.end);
    if (box[i].input_size() != shape.input[i]) return false;
  }
  return true;
}

}  // namespace

std::shared_ptr<ConvPlan> create_transposed(const PlanRequest& request, const ConvPlan* sibling) {
  const TransposedAxes axes(request.shape);
  PositionRange box[3];
  if (is_convolution(request.shape, axes, box)) {
    TransposedPart parts[TransposedPart::most];
    TransposedPart::list(axes, parts);
    const PartParameters parameters(request, axes, parts[0], request.shape.layout);
    if (!parameters.complete()) return nullptr;
    PlanRequest convolution = request;
    convolution.shape = parts[0].shape(request.shape, axes, box, request.shape.layout);
    convolution.shape.batch = request.shape.batch;
    convolution.weight = parameters.weight.data();
    convolution.weights_stay = false;
    return ConvPlan::create(convolution, sibling);
  }
  const char* const lender = sibling ? sibling->algorithm() : nullptr;
  const auto* const same_kind =
      lender == direct_name || lender == winograd_name ? static_cast<const TransposedPlan*>(sibling) : nullptr;
  std::shared_ptr<TransposedPlan> plan(new (std::nothrow) TransposedPlan(request, axes));
  return plan && plan->plan_parts(request, same_kind) ? plan : nullptr;
}

}  // namespace atrous
