#include "plan/transposed_pieces.hpp"

#include <algorithm>

#include "plan/split.hpp"

namespace atrous {
namespace {

// What a piece computes should stay in L2 until it is in its place: 512 KiB.
constexpr int64_t floats_of_piece = 128 * 1024;

}  // namespace

AxisPieces::AxisPieces(const TransposedAxis& axis, int64_t begin, int64_t end, int64_t size)
    : axis_(&axis), begin_(begin), count_(ceil_div(end - begin, size)) {
  size_ = ceil_div(end - begin, count_);
  for (int g = 0; g < 2; ++g) {
    kind_[g] = AlignedBuffer<int32_t>(count_);
    if (!kind_[g] || g >= axis.group_count()) continue;
    const PhaseGroup& group = axis.group(g);
    for (int64_t i = 0; i < count_; ++i) {
      const PositionRange here = range(group, i);
      int32_t& kind = kind_[g][i] = -1;
      if (here.size() <= 0) continue;
      // Those between the ends are all alike: the look back is short.
      for (int64_t j = i - 1; j >= 0 && kind < 0; --j) {
        const PositionRange there = range(group, j);
        const bool same = here.size() == there.size() && here.input_size() == there.input_size() &&
                          here.padding_begin == there.padding_begin;
        if (same) kind = kind_[g][j];
      }
      if (kind < 0) kind = kinds_[g]++;
    }
  }
}

PositionRange AxisPieces::range(const PhaseGroup& group, int64_t piece) const {
  const int64_t first = begin_ + piece * size_;
  return axis_->range(group, std::max(group.begin, first), std::min(group.end, first + size_));
}

bool cut_into_pieces(const ConvShape& shape, const TransposedAxes& axes, AxisPieces (&pieces)[3]) {
  int64_t begin[3], end[3], size[3], least[3];
  int64_t phases = 1, products = 1;  // the most that a part has; products: taps of all phases
  for (int i = 0; i < 3; ++i) {
    int64_t most_phases = 0, most_products = 0, reach = 0;
    begin[i] = INT64_MAX;
    end[i] = 0;
    for (int g = 0; g < axes[i].group_count(); ++g) {
      const PhaseGroup& group = axes[i].group(g);
      begin[i] = std::min(begin[i], group.begin);
      end[i] = std::max(end[i], group.end);
      reach = std::max(reach, axes[i].reach(group));
      most_phases = std::max(most_phases, group.count);
      most_products = std::max(most_products, group.count * group.taps);
    }
    size[i] = end[i] - begin[i];
    // Input that several pieces read is copied for each: at most twice. Only pieces at the ends see the padding, so the
    // kinds are few.
    least[i] = std::max<int64_t>(i == 2 ? 16 : 1, reach);
    phases *= most_phases;
    products *= most_products;
  }
  // All weights pass by for each piece: it is no smaller than they are.
  const int64_t most =
      std::max(floats_of_piece, int64_t{shape.in_channels_per_group()} * shape.out_channels * products);
  const auto floats = [&] {
    double product = static_cast<double>(shape.out_channels) * static_cast<double>(phases);
    for (const int64_t positions : size) product *= static_cast<double>(positions);
    return product;
  };
  // Rows are contiguous: pieces are about four times as wide as high.
  const auto length = [&](int i) { return i == 2 ? size[i] / 4 : size[i]; };
  while (floats() > static_cast<double>(most)) {
    int longest = -1;
    for (int i = 0; i < 3; ++i) {
      if (size[i] >= 2 * least[i] && (longest < 0 || length(i) > length(longest))) longest = i;
    }
    if (longest < 0) break;
    size[longest] = ceil_div(size[longest], 2);
  }
  bool complete = true;
  for (int i = 0; i < 3; ++i) {
    pieces[i] = AxisPieces(axes[i], begin[i], end[i], size[i]);
    complete &= pieces[i].complete();
  }
  return complete;
}

}  // namespace atrous
