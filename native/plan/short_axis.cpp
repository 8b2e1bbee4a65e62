#include "plan/short_axis.hpp"

#include <algorithm>

#include "plan/split.hpp"

namespace atrous {
namespace {

// A phase's tiles, those included that lend their inputs to the tap groups of others.
int64_t phase_tiles(const ShortPiece& piece, int tap_groups, int64_t phase_outputs) {
  const int64_t tiles = piece.tiles(phase_outputs);
  return tiles > 0 ? tiles + tap_groups - 1 : 0;
}

// Calls body(first output) for every tile of `outputs` outputs in a row.
template <class Body>
void each_tile(const ShortPiece& piece, int64_t dilation, int tap_groups, int64_t outputs, Body body) {
  for (int64_t phase = 0; phase < std::min(dilation, outputs); ++phase) {
    const int64_t tiles = phase_tiles(piece, tap_groups, ceil_div(outputs - phase, dilation));
    for (int64_t tile = 0; tile < tiles; ++tile) {
      body(phase + (piece.before + tile * piece.algorithm->outputs) * dilation);
    }
  }
}

int64_t count(const ShortPiece& piece, int64_t dilation, int tap_groups, int64_t outputs) {
  const int64_t phases = std::min(dilation, outputs);
  // Phases are of two lengths, the longer ones first.
  const int64_t longer = outputs - (ceil_div(outputs, dilation) - 1) * dilation;
  int64_t tiles = longer * phase_tiles(piece, tap_groups, ceil_div(outputs, dilation));
  if (phases > longer) tiles += (phases - longer) * phase_tiles(piece, tap_groups, outputs / dilation);
  return tiles;
}

AlignedBuffer<int32_t> first_outputs(const ShortPiece& piece, int64_t dilation, int tap_groups, int64_t outputs) {
  AlignedBuffer<int32_t> first(count(piece, dilation, tap_groups, outputs));
  if (!first) return first;
  int64_t tile = 0;
  each_tile(piece, dilation, tap_groups, outputs,
            [&](int64_t output) { first[tile++] = static_cast<int32_t>(output); });
  return first;
}

// Whether every phase may be one tile with zeros on both sides.
bool fits_closed(const ShortAlgorithm& algorithm, const Axis& axis, bool zero_padded) {
  return algorithm.form == ShortForm::closed && algorithm.taps == axis.kernel && zero_padded &&
         axis.input == axis.output && 2 * axis.padding == axis.dilation * (axis.kernel - 1) && axis.kernel % 2 == 1;
}

double error(const ShortFit& fit) { return std::max(fit.algorithm->error, fit.second ? fit.second->error : 0); }

// Along the axis, by both algorithms.
int64_t products(const ShortFit& fit, const Axis& axis) {
  int64_t sum = 0;
  for (const bool second : {false, true}) {
    if (second && !fit.second) break;
    const ShortPiece piece = fit.piece(second);
    sum += piece.algorithm->products * count(piece, axis.dilation, fit.tap_groups, axis.output);
  }
  return sum;
}

// The best division of an axis among two algorithms; no second one where they don't share it.
ShortFit mix(const ShortAlgorithm& first, const ShortAlgorithm& second, const Axis& axis, bool zero_padded) {
  ShortFit best{&first, nullptr, 0, 1};
  const int64_t longest = ceil_div(axis.output, axis.dilation);
  // Of a long axis the last tile is a small part.
  if (longest > 64 || !ShortAxis::fits(first, second, axis, zero_padded)) return best;
  if (first.form == ShortForm::closed) return {&first, &second, 1, 1};
  for (int64_t tiles = 1; tiles * first.outputs < longest; ++tiles) {
    const ShortFit fit{&first, &second, tiles, 1};
    if (!best.second || products(fit, axis) < products(best, axis)) best = fit;
  }
  return best;
}

}  // namespace

int64_t ShortPiece::tiles(int64_t outputs) const {
  if (outputs < shortest || outputs > longest) return 0;
  return std::min(most_tiles, ceil_div(std::max<int64_t>(0, outputs - before), algorithm->outputs));
}

ShortPiece ShortFit::piece(bool of_second) const {
  ShortPiece piece(of_second ? *second : *algorithm);
  if (!second) return piece;
  if (algorithm->form == ShortForm::closed) {
    if (of_second) {
      piece.longest = second->outputs;
    } else {
      piece.shortest = second->outputs + 1;
    }
  } else if (of_second) {
    piece.before = first_tiles * algorithm->outputs;
  } else {
    piece.most_tiles = first_tiles;
  }
  return piece;
}

bool ShortAxis::fits(const ShortAlgorithm& algorithm, const Axis& axis, int tap_groups, bool zero_padded) {
  if (axis.stride != 1) return false;
  // Tiles beyond the last output must have coordinates of 32 bits.
  if (axis.output + int64_t{tap_groups + 1} * algorithm.outputs * axis.dilation > INT32_MAX) return false;
  if (algorithm.form == ShortForm::open) {
    return tap_groups == 1 ? algorithm.taps == axis.kernel
                           : algorithm.taps == algorithm.outputs && ceil_div(axis.kernel, algorithm.taps) == tap_groups;
  }
  return tap_groups == 1 && fits_closed(algorithm, axis, zero_padded) &&
         ceil_div(axis.output, axis.dilation) <= algorithm.outputs;
}

bool ShortAxis::fits(const ShortAlgorithm& first, const ShortAlgorithm& second, const Axis& axis, bool zero_padded) {
  if (second.outputs >= first.outputs || first.form != second.form || second.taps != axis.kernel ||
      !fits(first, axis, 1, zero_padded) || ceil_div(axis.output, axis.dilation) <= second.outputs) {
    return false;
  }
  return first.form == ShortForm::open ||
         (fits_closed(second, axis, zero_padded) && axis.output / axis.dilation <= second.outputs);
}

int ShortAxis::list_fits(const Axis& axis, bool groups, bool zero_padded, ShortFit* fits, int most) {
  int found = 0;
  if (axis.kernel == 1) {
    if (axis.stride == 1) fits[found++] = {&pointwise_algorithm, nullptr, 0, 1};
    return found;
  }
  int count;
  const ShortAlgorithm* const all = short_algorithms(&count);
  for (int i = 0; i < count && found < most; ++i) {
    const int64_t tap_groups = ceil_div(axis.kernel, all[i].taps);
    if (tap_groups > (groups ? 64 : 1)) continue;
    if (ShortAxis::fits(all[i], axis, static_cast<int>(tap_groups), zero_padded)) {
      fits[found++] = {&all[i], nullptr, 0, static_cast<int>(tap_groups)};
    }
  }
  if (axis.stride != 1) return found;
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < count; ++j) {
      const ShortFit mixed = mix(all[i], all[j], axis, zero_padded);
      if (!mixed.second) continue;
      const auto is_as_good = [&](const ShortFit& fit) {
        return error(fit) <= error(mixed) && products(fit, axis) <= products(mixed, axis);
      };
      if (std::any_of(fits, fits + found, is_as_good)) continue;
      // Those of two that it beats by both make room.
      found = static_cast<int>(std::remove_if(fits, fits + found,
                                              [&](const ShortFit& fit) {
                                                return fit.second && error(fit) >= error(mixed) &&
                                                       products(fit, axis) >= products(mixed, axis);
                                              }) -
                               fits);
      if (found < most) fits[found++] = mixed;
    }
  }
  return found;
}

int64_t ShortAxis::count_tiles(const ShortPiece& piece, const Axis& axis, int tap_groups, int64_t region_outputs) {
  const int64_t full = axis.output / region_outputs, rest = axis.output % region_outputs;
  return full * count(piece, axis.dilation, tap_groups, region_outputs) +
         (rest > 0 ? count(piece, axis.dilation, tap_groups, rest) : 0);
}

ShortAxis::ShortAxis(const ShortPiece& piece, const Axis& axis, int tap_groups, int64_t region_outputs)
    : algorithm_(piece.algorithm),
      axis_(axis),
      region_outputs_(region_outputs),
      regions_(ceil_div(axis.output, region_outputs)),
      before_(algorithm_->form == ShortForm::closed ? (algorithm_->taps - 1) / 2 : 0),
      full_(first_outputs(piece, axis.dilation, tap_groups, std::min(region_outputs, axis.output))),
      last_(first_outputs(piece, axis.dilation, tap_groups, axis.output - (regions_ - 1) * region_outputs)) {}

Interval ShortAxis::outputs(int64_t region) const {
  const int64_t begin = region * region_outputs_;
  return {begin, std::min(region_outputs_, axis_.output - begin)};
}

Interval ShortAxis::inputs(int64_t region) const {
  int64_t last = 0;
  for (int64_t tile = 0; tile < tiles(region); ++tile) last = std::max(last, first_input(region, tile));
  const int64_t begin = std::clamp<int64_t>(first_input(region, 0), 0, axis_.input);
  const int64_t end = std::clamp<int64_t>(last + (algorithm_->inputs() - 1) * axis_.dilation + 1, begin, axis_.input);
  return {begin, end - begin};
}

}  // namespace atrous
