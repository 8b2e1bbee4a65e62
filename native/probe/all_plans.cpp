#include "probe/all_plans.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "plan/choose.hpp"
#include "plan/short_scheme.hpp"
#include "plan/winograd_plan.hpp"
#include "probe/arguments.hpp"
#include "probe/short_plan.hpp"

namespace atrous {
namespace {

constexpr int most_schemes = 16;

// A plan as a function of (input, output).
Napi::Function runner(Napi::Env env, const std::shared_ptr<ConvPlan>& plan) {
  return Napi::Function::New(env, [plan](const Napi::CallbackInfo& info) {
    Napi::Float32Array input = info[0].As<Napi::Float32Array>(), output = info[1].As<Napi::Float32Array>();
    if (static_cast<int64_t>(input.ElementLength()) != plan->shape().input_size() ||
        static_cast<int64_t>(output.ElementLength()) != plan->shape().output_size()) {
      return fail(info.Env(), "arrays of other sizes than the shape's");
    }
    return plan->run(input.Data(), output.Data()) ? info.Env().Undefined() : fail(info.Env(), "no memory");
  });
}

// allPlans({ shape, weight, bias, isa, threads, tolerance, schemes }): { algorithm, scheme, cycles, chosen, run }[], one
// of each family that accepts the problem, and of the short algorithms the `schemes` that are estimated the cheapest;
// `scheme` is null for the other families.
Napi::Value all_plans(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  const Napi::Value bias = fields.object.Get("bias");
  PlanRequest request{};
  request.shape = shape_of(fields.object.Get("shape"));
  request.weight = fields.object.Get("weight").As<Napi::Float32Array>().Data();
  request.bias = bias.IsNull() ? nullptr : bias.As<Napi::Float32Array>().Data();
  request.kernels = kernels_of(fields.object.Get("isa"));
  if (!request.kernels) return env.Undefined();
  request.threads = static_cast<int>(fields["threads"]);
  request.tolerance = fields.object.Get("tolerance").ToNumber();
  const int wanted = std::clamp(static_cast<int>(fields["schemes"]), 1, most_schemes);

  Napi::Array result = Napi::Array::New(env);
  const auto add = [&](const std::shared_ptr<ConvPlan>& plan, double cycles, bool chosen, const Napi::Value& scheme) {
    if (!plan) return false;
    Napi::Object row = Napi::Object::New(env);
    row.Set("algorithm", plan->algorithm());
    row.Set("scheme", scheme);
    row.Set("cycles", cycles);
    row.Set("chosen", chosen);
    row.Set("run", runner(env, plan));
    result.Set(result.Length(), row);
    return true;
  };
  const Candidate& taken = choose(request);
  int count;
  const Candidate* const* const candidates = all_candidates(&count);
  for (int i = 0; i < count; ++i) {
    const Candidate& candidate = *candidates[i];
    const bool chosen = &candidate == &taken;
    const double cost = candidate.cost(request);
    if (cost == not_accepted) continue;
    if (&candidate != &winograd_candidate) {
      if (!add(candidate.create(request, nullptr), cost, chosen, env.Null())) {
        return fail(env, "no memory");
      }
      continue;
    }
    ShortScheme schemes[most_schemes];
    const int found = cheapest_schemes(request, schemes, wanted);
    for (int j = 0; j < found; ++j) {
      if (!add(create_winograd(request, schemes[j], nullptr), schemes[j].cycles, chosen && j == 0,
               describe(env, schemes[j]))) {
        return fail(env, "no memory");
      }
    }
  }
  return result;
}

}  // namespace

void export_all_plans(Napi::Env env, Napi::Object exports) {
  exports.Set("allPlans", Napi::Function::New(env, all_plans));
}

}  // namespace atrous
