// Which short algorithms compute a convolution with tiles in lanes, and in which pieces.
#pragma once
#include "plan/plan.hpp"
#include "plan/short_scheme.hpp"
#include "plan/split.hpp"

namespace atrous {

struct LaneScheme {
  // The algorithms and the groups of taps along the width. An axis that no algorithm shortens but the width is left to
  // the direct sum: a pointwise algorithm with a group for each tap. `region` is not looked at.
  ShortScheme nest;
  int64_t rows;           // rows of tiles (depth × height) worked on at a time
  int64_t tiles, phases;  // of a piece of the width: plan/lane_axis.hpp
  // Output channels of a group in panels, and the most vectors of a call of the product kernel.
  Split panels;
  int64_t vectors;

  bool same_weights(const LaneScheme& other) const {
    return nest.same_weights(other.nest) && panels.parts == other.panels.parts;
  }
};

// The cheapest scheme within the tolerance; false where there is none.
bool choose_lane_scheme(const PlanRequest& request, LaneScheme* scheme);

}  // namespace atrous
