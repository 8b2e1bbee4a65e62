// Which short algorithms compute a convolution, and in which pieces.
#pragma once
#include "plan/axis.hpp"
#include "plan/plan.hpp"
#include "plan/short_algorithm.hpp"
#include "plan/short_axis.hpp"

namespace atrous {

struct ShortScheme {
  const ShortAlgorithm* axis[3];  // depth, height, width: nested
  int tap_groups;                 // along the width: short_axis.hpp
  // Outputs of a region along each axis. Regions are independent of each other: each goes through all steps on one
  // thread, and what it needs stays in L2. A single region is shared among the threads step by step.
  int64_t region[3];
  double cycles;  // estimate for one core
  // Mixed tiles: a second algorithm of an axis, or null, and how many tiles of a phase the first one has (ShortFit). The
  // image is then made up of parts, each with one algorithm along each axis.
  const ShortAlgorithm* second[3] = {};
  int64_t first_tiles[3] = {};

  // Parts are numbered by bits: whether it is the second algorithm along each axis.
  static constexpr int most_parts = 8;
  bool has_part(int part) const;
  // Its algorithms as a scheme of their own, and its tiles of an axis.
  ShortScheme part(int part) const;
  ShortPiece piece(int part, int axis) const;

  int64_t points() const { return int64_t{axis[0]->products} * axis[1]->products * axis[2]->products; }
  int64_t inputs() const { return int64_t{axis[0]->inputs()} * axis[1]->inputs() * axis[2]->inputs(); }
  int64_t outputs() const { return int64_t{axis[0]->outputs} * axis[1]->outputs * axis[2]->outputs; }
  // Of schemes without mixed tiles.
  bool same_weights(const ShortScheme& other) const;
  // Largest float32 error to expect with so many input channels (of a group), relative to the output's standard
  // deviation.
  double error(int64_t channels) const;
};

// The cheapest scheme within the tolerance; false where there is none.
bool choose_scheme(const PlanRequest& request, ShortScheme* scheme);

// The `most` cheapest, in order; returns how many there are.
int cheapest_schemes(const PlanRequest& request, ShortScheme* schemes, int most);

}  // namespace atrous
