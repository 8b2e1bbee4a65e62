#include "plan/plan.hpp"

#include "kernels/table.hpp"
#include "plan/choose.hpp"
#include "plan/joined_axes.hpp"
#include "plan/workspace.hpp"

namespace atrous {

std::shared_ptr<ConvPlan> ConvPlan::create(const PlanRequest& request, const ConvPlan* sibling) {
  PlanRequest joined = request;
  joined.shape = with_axes_joined(request.shape);
  return choose(joined).create(joined, sibling);
}

bool ConvPlan::run(const float* input, float* output) const {
  if (shape().output_size() == 0) return true;
  Workspace workspace(static_cast<int64_t>(workspace_bytes() / sizeof(float)));
  return workspace && execute(input, output, workspace.data());
}

bool ConvPlan::run(const float* input, float* output, float* workspace) const {
  return shape().output_size() == 0 || execute(input, output, workspace);
}

const char* ConvPlan::isa() const { return kernels().name; }

}  // namespace atrous
