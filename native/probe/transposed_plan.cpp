#include "probe/transposed_plan.hpp"

#include <cstring>
#include <memory>
#include <string>

#include "plan/transposed_plan.hpp"
#include "probe/arguments.hpp"

namespace atrous {
namespace {

// runTransposed({ title, shape, weight, bias, isa, threads, tolerance, input, edge }): { algorithm, output }
Napi::Value run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  const std::string title = fields.title();
  const Edge edge = edge_of(fields.object.Get("edge"));
  const Napi::Value bias_value = fields.object.Get("bias");
  PlanRequest request{};
  request.shape = shape_of(fields.object.Get("shape"));
  request.kernels = kernels_of(fields.object.Get("isa"));
  if (!request.kernels) return env.Undefined();
  request.threads = static_cast<int>(fields["threads"]);
  request.tolerance = fields.object.Get("tolerance").ToNumber();

  GuardedFloats weight = guarded("weight", fields.object.Get("weight"), edge);
  GuardedFloats bias = guarded("bias", bias_value.IsNull() ? Napi::Float32Array::New(env, 0) : bias_value, edge);
  GuardedFloats input = guarded("input", fields.object.Get("input"), edge);
  GuardedFloats output("output", request.shape.output_size(), edge);
  if (!weight || !bias || !input || !output) return fail(env, "no memory");
  if (weight.size() != request.shape.weight_size() || input.size() != request.shape.input_size() ||
      bias.size() != (bias_value.IsNull() ? 0 : request.shape.out_channels)) {
    return fail(env, "arrays of other sizes than the shape's: " + title);
  }
  request.weight = weight.data();
  request.bias = bias_value.IsNull() ? nullptr : bias.data();
  const FaultReport report(title.c_str());
  const std::shared_ptr<ConvPlan> plan = create_transposed(request, nullptr);
  if (!plan) return fail(env, "no memory");
  weight.withdraw();
  bias.withdraw();
  poison_workspace(plan->workspace_bytes());
  std::memset(output.data(), 0xff, static_cast<size_t>(output.size()) * sizeof(float));
  if (!plan->run(input.data(), output.data())) return fail(env, "no memory");

  Napi::Float32Array values = Napi::Float32Array::New(env, static_cast<size_t>(output.size()));
  copy_back(output, values);
  Napi::Object result = Napi::Object::New(env);
  result.Set("algorithm", plan->algorithm());
  result.Set("output", values);
  return result;
}

}  // namespace

void export_transposed_plans(Napi::Env env, Napi::Object exports) {
  exports.Set("runTransposed", Napi::Function::New(env, run));
}

}  // namespace atrous
