// How one convolution is computed: algorithm, packed weights, tiles, scratch. Made once per shape, run many times.
#pragma once
#include <cstddef>
#include <memory>

#include "plan/conv_shape.hpp"

namespace atrous {

struct KernelTable;
struct ShortScheme;
class Workspace;

// Which kernels may be used: all, plain sums of products only, or short algorithms wherever one fits.
enum class AlgorithmFamily { any, direct, winograd };

struct PlanRequest {
  ConvShape shape;
  const float* weight;  // channels first [K, C/groups, kernel…]; channels last [kernel…, C/groups, K]
  const float* bias;    // [K] or null
  const KernelTable* kernels;
  int threads;
  AlgorithmFamily family;
  bool once;         // the plan will run a single time: what it costs to make counts
  double tolerance;  // largest error relative to the output's standard deviation; 0 admits direct kernels only
  // Whether weight and bias stay as they are for as long as the plan lives. If not, they are valid during create() only.
  bool weights_stay = false;
};

// Immutable after creation: several threads may run one plan at once.
class ConvPlan {
 public:
  // Packs weight and bias. Null when memory ran out. `sibling`, a plan of the same weight, bias and options
  // for another input size, lends its packed weights where both want the same form.
  static std::shared_ptr<ConvPlan> create(const PlanRequest& request, const ConvPlan* sibling);

  ConvPlan(const ConvPlan&) = delete;
  ConvPlan& operator=(const ConvPlan&) = delete;
  virtual ~ConvPlan() = default;

  // False: scratch could not be allocated, the output is untouched.
  bool run(const float* input, float* output) const;
  // The same in scratch of the caller's, workspace_bytes() at a multiple of 64.
  bool run(const float* input, float* output, float* workspace) const;

  virtual const char* algorithm() const = 0;
  // The algorithms of each axis where they are short ones, else null.
  virtual const ShortScheme* short_scheme() const { return nullptr; }
  const char* isa() const;
  int threads() const { return request_.threads; }
  virtual size_t workspace_bytes() const = 0;
  virtual size_t weight_bytes() const = 0;
  const ConvShape& shape() const { return request_.shape; }

 protected:
  explicit ConvPlan(const PlanRequest& request) : request_(request) {
    request_.weight = nullptr;  // the caller's memory
    request_.bias = nullptr;
  }
  const KernelTable& kernels() const { return *request_.kernels; }

 private:
  // False as in run().
  virtual bool execute(const float* input, float* output, float* workspace) const = 0;

  PlanRequest request_;
};

}  // namespace atrous
