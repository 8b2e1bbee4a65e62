#include "plan/transposed_part.hpp"

#include <algorithm>

namespace atrous {
namespace {

// The three indices of an element of [size[0]][size[1]][size[2]].
struct Indices {
  int64_t axis[3];

  Indices(int64_t index, int64_t height, int64_t width)
      : axis{index / width / height, index / width % height, index % width} {}
};

}  // namespace

int TransposedPart::list(const TransposedAxes& axes, TransposedPart (&parts)[most]) {
  int count = 0;
  for (int z = 0; z < axes[0].group_count(); ++z) {
    for (int y = 0; y < axes[1].group_count(); ++y) {
      for (int x = 0; x < axes[2].group_count(); ++x) {
        parts[count++] = {{z, y, x}, {axes[0].group(z), axes[1].group(y), axes[2].group(x)}};
      }
    }
  }
  return count;
}

ConvShape TransposedPart::shape(const ConvShape& transposed, const TransposedAxes& axes, const PositionRange (&box)[3],
                                Layout layout) const {
  ConvShape shape = transposed;
  shape.batch = 1;
  shape.out_channels = static_cast<int32_t>(transposed.out_channels * phases());
  shape.padding_mode = PaddingMode::zeros;
  shape.layout = layout;
  for (int i = 0; i < 3; ++i) {
    shape.input[i] = static_cast<int32_t>(box[i].input_size());
    shape.kernel[i] = static_cast<int32_t>(group[i].taps);
    shape.stride[i] = 1;
    shape.dilation[i] = group[i].taps > 1 ? static_cast<int32_t>(axes[i].spacing()) : 1;
    shape.padding_begin[i] = static_cast<int32_t>(box[i].padding_begin);
    shape.padding_end[i] = static_cast<int32_t>(box[i].padding_end);
    shape.output[i] = static_cast<int32_t>(box[i].size());
  }
  return shape;
}

PartParameters::PartParameters(const PlanRequest& request, const TransposedAxes& axes, const TransposedPart& part,
                               Layout layout) {
  const ConvShape& s = request.shape;
  const int64_t phases = part.phases(), taps = part.taps(), all_taps = s.taps();
  const int64_t channels = s.in_channels_per_group(), outputs = s.out_channels_per_group();
  weight = AlignedFloats(s.in_channels * outputs * phases * taps);
  bias = AlignedFloats(request.bias ? s.out_channels * phases : 0);
  if (!complete()) return;

  // Strides of a group's output channel and of a phase among a part's output channels.
  const bool from_last = s.layout == Layout::channels_last, to_last = layout == Layout::channels_last;
  const int64_t k_step = from_last ? 1 : phases, f_step = from_last ? outputs : 1;
  // Strides of tap, input channel and output channel: of all channels in the source, of a group's in the target.
  const int64_t from_tap = from_last ? outputs * s.in_channels : 1, from_c = from_last ? 1 : outputs * all_taps,
                from_k = from_last ? s.in_channels : all_taps;
  const int64_t to_tap = to_last ? channels * s.out_channels * phases : 1,
                to_c = to_last ? s.out_channels * phases : taps, to_k = to_last ? 1 : channels * taps;
  // The tap of the whole kernel that each tap of the part is for each phase.
  AlignedBuffer<int64_t> source_tap(taps * phases);
  if (!source_tap) {
    weight = AlignedFloats();
    return;
  }
  for (int64_t i = 0; i < taps * phases; ++i) {
    const Indices tap(i / phases, part.group[1].taps, part.group[2].taps);
    const Indices phase(i % phases, part.group[1].count, part.group[2].count);
    source_tap[i] = 0;
    for (int axis = 0; axis < 3; ++axis) {
      source_tap[i] = source_tap[i] * s.kernel[axis] + part.group[axis].first + phase.axis[axis] +
                      axes[axis].step() * (part.group[axis].taps - 1 - tap.axis[axis]);
    }
  }
  for (int64_t group = 0; group < s.groups; ++group) {
    const int64_t first_output = group * outputs * phases;
    for (int64_t c = 0; c < channels; ++c) {
      const float* from = request.weight + (group * channels + c) * from_c;
      float* to = weight.data() + c * to_c + first_output * to_k;
      // Of 16 output channels all taps are read at a time: their lines stay in L1.
      for (int64_t block = 0; block < outputs; block += 16) {
        const int64_t end = std::min(outputs, block + 16);
        for (int64_t i = 0; i < taps * phases; ++i) {
          const float* of_tap = from + source_tap[i] * from_tap;
          float* to_phase = to + i / phases * to_tap + i % phases * f_step * to_k;
          for (int64_t k = block; k < end; ++k) to_phase[k * k_step * to_k] = of_tap[k * from_k];
        }
      }
    }
    for (int64_t i = 0; request.bias && i < outputs * phases; ++i) {
      bias[first_output + i] = request.bias[group * outputs + (from_last ? i % outputs : i / phases)];
    }
  }
}

}  // namespace atrous
