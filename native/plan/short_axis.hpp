// One axis of a convolution cut into the tiles of a short algorithm.
#pragma once
#include <cstdint>

#include "plan/axis.hpp"
#include "plan/memory.hpp"
#include "plan/short_algorithm.hpp"

namespace atrous {

// Outputs first, first + dilation, first + 2·dilation, … make up one tile: phases one after the other, tiles of a phase
// in order.
class ShortAxis {
 public:
  // `zero_padded`: beyond the input lie zeros (and not values that were written out).
  static bool fits(const ShortAlgorithm& algorithm, const Axis& axis, bool zero_padded);
  static int64_t tile_count(const ShortAlgorithm& algorithm, const Axis& axis);

  ShortAxis(const ShortAlgorithm& algorithm, const Axis& axis);
  bool complete() const { return static_cast<bool>(first_output_); }

  const ShortAlgorithm& algorithm() const { return *algorithm_; }
  int64_t tiles() const { return first_output_.size(); }
  int64_t output(int64_t tile, int64_t i) const { return first_output_[tile] + i * axis_.dilation; }
  // Coordinate of a tile's input i; outside the input lies zero padding.
  int64_t input(int64_t tile, int64_t i) const {
    const int64_t before = algorithm_->form == ShortForm::closed ? (algorithm_->taps - 1) / 2 : 0;
    return axis_.coordinate(first_output_[tile], 0) + (i + before) * axis_.dilation;
  }
  bool has_output(int64_t coordinate) const { return coordinate < axis_.output; }
  bool has_input(int64_t coordinate) const { return coordinate >= 0 && coordinate < axis_.input; }

 private:
  const ShortAlgorithm* algorithm_;
  Axis axis_;
  AlignedBuffer<int32_t> first_output_;
};

}  // namespace atrous
