#include "probe/short_plan.hpp"

#include <cstring>
#include <memory>
#include <string>

#include "kernels/table.hpp"
#include "plan/axis.hpp"
#include "plan/candidate.hpp"
#include "plan/channels_last_image.hpp"
#include "plan/memory.hpp"
#include "plan/short_algorithm.hpp"
#include "plan/short_axis.hpp"
#include "plan/short_scheme.hpp"
#include "plan/split.hpp"
#include "plan/winograd_plan.hpp"
#include "probe/arguments.hpp"

namespace atrous {
namespace {

Napi::Float64Array doubles(Napi::Env env, const double* values, int count) {
  Napi::Float64Array array = Napi::Float64Array::New(env, static_cast<size_t>(count));
  std::memcpy(array.Data(), values, sizeof(double) * static_cast<size_t>(count));
  return array;
}

// shortAlgorithms(): { form, outputs, inputs, taps, products, error, a, b, g }[], as in short_algorithms.inc.
Napi::Value list(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int count;
  const ShortAlgorithm* const all = short_algorithms(&count);
  Napi::Array result = Napi::Array::New(env);
  for (int i = 0; i < count; ++i) {
    const ShortAlgorithm& algorithm = all[i];
    Napi::Object row = Napi::Object::New(env);
    row.Set("form", algorithm.form == ShortForm::open ? "open" : "closed");
    row.Set("outputs", algorithm.outputs);
    row.Set("inputs", algorithm.inputs());
    row.Set("taps", algorithm.taps);
    row.Set("products", algorithm.products);
    row.Set("error", algorithm.error);
    row.Set("a", doubles(env, algorithm.a, algorithm.outputs * algorithm.products));
    row.Set("b", doubles(env, algorithm.b, algorithm.products * algorithm.inputs()));
    row.Set("g", doubles(env, algorithm.g, algorithm.products * algorithm.taps));
    result.Set(static_cast<uint32_t>(i), row);
  }
  return result;
}

constexpr int pointwise = -1;

// Null for a number that is none.
const ShortAlgorithm* algorithm_at(int64_t index) {
  int count;
  const ShortAlgorithm* const all = short_algorithms(&count);
  if (index == pointwise) return &pointwise_algorithm;
  return index >= 0 && index < count ? all + index : nullptr;
}

int index_of(const ShortAlgorithm* algorithm) {
  int count;
  return algorithm == &pointwise_algorithm ? pointwise : static_cast<int>(algorithm - short_algorithms(&count));
}

bool fits(const ShortAlgorithm& algorithm, const ConvShape& shape, int axis, int64_t tap_groups) {
  const Axis of = axis_of(with_padding_applied(shape), axis);
  if (of.kernel == 1 || &algorithm == &pointwise_algorithm) {
    return of.kernel == 1 && of.stride == 1 && &algorithm == &pointwise_algorithm && tap_groups == 1;
  }
  return (axis == 2 || tap_groups == 1) &&
         ShortAxis::fits(algorithm, of, static_cast<int>(tap_groups), shape.padding_mode == PaddingMode::zeros);
}

// shortFits(shape): for each axis (depth, height, width) all { algorithm, tapGroups } that compute it. Algorithms are
// numbers in shortAlgorithms(); −1: an axis of one tap, left as it is.
Napi::Value all_fits(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ConvShape shape = shape_of(info[0]);
  int count;
  short_algorithms(&count);
  Napi::Array result = Napi::Array::New(env);
  for (int axis = 0; axis < 3; ++axis) {
    Napi::Array fitting = Napi::Array::New(env);
    for (int i = pointwise; i < count; ++i) {
      const ShortAlgorithm& algorithm = *algorithm_at(i);
      const int64_t tap_groups = ceil_div(shape.kernel[axis], algorithm.taps);
      if (!fits(algorithm, shape, axis, tap_groups)) continue;
      Napi::Object fit = Napi::Object::New(env);
      fit.Set("algorithm", i);
      fit.Set("tapGroups", static_cast<double>(tap_groups));
      fitting.Set(fitting.Length(), fit);
    }
    result.Set(static_cast<uint32_t>(axis), fitting);
  }
  return result;
}

// False, with an exception pending, for a scheme that does not compute the shape.
bool read_scheme(const Napi::Value& value, const ConvShape& shape, ShortScheme* scheme) {
  const Fields fields(value);
  const int64_t tap_groups = fields["tapGroups"];
  *scheme = {{}, static_cast<int>(tap_groups), {}, 0};
  for (uint32_t i = 0; i < 3; ++i) {
    const ShortAlgorithm* const algorithm =
        algorithm_at(fields.object.Get("algorithms").As<Napi::Array>().Get(i).ToNumber());
    const int64_t region = fields.element("region", i),
                  unit = int64_t{algorithm ? algorithm->outputs : 0} * shape.dilation[i];
    const bool whole = region == shape.output[i];
    if (!algorithm || !fits(*algorithm, shape, static_cast<int>(i), i == 2 ? tap_groups : 1) ||
        !(whole || (region > 0 && region % unit == 0 && shape.padding_mode == PaddingMode::zeros))) {
      fail(value.Env(), "the scheme does not fit axis " + std::to_string(i));
      return false;
    }
    scheme->axis[i] = algorithm;
    scheme->region[i] = region;
  }
  return true;
}

// chooseShort({ shape, weight, bias, isa, threads, algorithm, tolerance }): the { scheme, error } that the short
// algorithms' family takes, or null where it does not accept the problem.
Napi::Value choose(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  const std::string family = fields.object.Get("algorithm").ToString();
  const Napi::Value bias = fields.object.Get("bias");
  PlanRequest request{};
  request.shape = shape_of(fields.object.Get("shape"));
  request.weight = fields.object.Get("weight").As<Napi::Float32Array>().Data();
  request.bias = bias.IsNull() ? nullptr : bias.As<Napi::Float32Array>().Data();
  request.kernels = kernels_of(fields.object.Get("isa"));
  if (!request.kernels) return env.Undefined();
  request.threads = static_cast<int>(fields["threads"]);
  request.family = family == "direct"     ? AlgorithmFamily::direct
                   : family == "winograd" ? AlgorithmFamily::winograd
                                          : AlgorithmFamily::any;
  request.tolerance = fields.object.Get("tolerance").ToNumber();
  ShortScheme scheme;
  if (!winograd_candidate.accepts(request) || !choose_scheme(request, &scheme)) return env.Null();
  Napi::Object result = Napi::Object::New(env);
  result.Set("scheme", describe(env, scheme));
  result.Set("error", scheme.error(request.shape.in_channels_per_group()));
  return result;
}

// runShort({ title, shape, weight, bias, isa, threads, edge, scheme, sibling, inputs }): one plan of the scheme run on
// one input after the other. `sibling`: { shape, scheme } of a plan that lends its weights.
// { outputs, allocations: those of making the plan, error, workspaceBytes, weightBytes }
Napi::Value run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  const std::string title = fields.title();
  const Edge edge = edge_of(fields.object.Get("edge"));
  const Napi::Value bias_value = fields.object.Get("bias"), sibling_value = fields.object.Get("sibling");
  const Napi::Array inputs = fields.object.Get("inputs").As<Napi::Array>();
  PlanRequest request{};
  request.shape = shape_of(fields.object.Get("shape"));
  request.kernels = kernels_of(fields.object.Get("isa"));
  if (!request.kernels) return env.Undefined();
  request.threads = static_cast<int>(fields["threads"]);
  ShortScheme scheme;
  if (!read_scheme(fields.object.Get("scheme"), request.shape, &scheme)) return env.Undefined();

  GuardedFloats weight = guarded("weight", fields.object.Get("weight"), edge);
  GuardedFloats bias = guarded("bias", bias_value.IsNull() ? Napi::Float32Array::New(env, 0) : bias_value, edge);
  if (!weight || !bias) return fail(env, "no memory");
  if (weight.size() != request.shape.weight_size() ||
      bias.size() != (bias_value.IsNull() ? 0 : request.shape.out_channels)) {
    return fail(env, "arrays of other sizes than the shape's: " + title);
  }
  request.weight = weight.data();
  request.bias = bias_value.IsNull() ? nullptr : bias.data();
  const FaultReport report(title.c_str());
  std::shared_ptr<ConvPlan> sibling;
  if (!sibling_value.IsUndefined()) {
    const Fields of(sibling_value);
    PlanRequest other = request;
    ShortScheme other_scheme;
    other.shape = shape_of(of.object.Get("shape"));
    if (!read_scheme(of.object.Get("scheme"), other.shape, &other_scheme)) return env.Undefined();
    sibling = create_winograd(other, other_scheme, nullptr);
    if (!sibling) return fail(env, "no memory");
  }
  const int64_t before_plan = allocation_count();
  const std::shared_ptr<ConvPlan> plan = create_winograd(request, scheme, sibling.get());
  if (!plan) return fail(env, "no memory");
  const int64_t allocations = allocation_count() - before_plan;
  weight.withdraw();
  bias.withdraw();

  Napi::Object result = Napi::Object::New(env);
  Napi::Array outputs = Napi::Array::New(env);
  for (uint32_t i = 0; i < inputs.Length(); ++i) {
    GuardedFloats input = guarded("input", inputs[i], edge), output("output", request.shape.output_size(), edge);
    if (!input || !output) return fail(env, "no memory");
    if (input.size() != request.shape.input_size()) return fail(env, "an input of another size: " + title);
    std::memset(output.data(), 0xff, static_cast<size_t>(output.size()) * sizeof(float));
    poison_workspace(plan->workspace_bytes());
    if (!plan->run(input.data(), output.data())) return fail(env, "no memory");
    Napi::Float32Array values = Napi::Float32Array::New(env, static_cast<size_t>(output.size()));
    copy_back(output, values);
    outputs.Set(i, values);
  }
  result.Set("outputs", outputs);
  result.Set("allocations", static_cast<double>(allocations));
  result.Set("error", scheme.error(request.shape.in_channels_per_group()));
  result.Set("workspaceBytes", static_cast<double>(plan->workspace_bytes()));
  result.Set("weightBytes", static_cast<double>(plan->weight_bytes()));
  return result;
}

}  // namespace

Napi::Object describe(Napi::Env env, const ShortScheme& scheme) {
  Napi::Object result = Napi::Object::New(env);
  Napi::Array algorithms = Napi::Array::New(env), region = Napi::Array::New(env);
  for (uint32_t i = 0; i < 3; ++i) {
    algorithms.Set(i, index_of(scheme.axis[i]));
    region.Set(i, static_cast<double>(scheme.region[i]));
  }
  result.Set("algorithms", algorithms);
  result.Set("tapGroups", scheme.tap_groups);
  result.Set("region", region);
  return result;
}

void export_short_plans(Napi::Env env, Napi::Object exports) {
  exports.Set("shortAlgorithms", Napi::Function::New(env, list));
  exports.Set("shortFits", Napi::Function::New(env, all_fits));
  exports.Set("chooseShort", Napi::Function::New(env, choose));
  exports.Set("runShort", Napi::Function::New(env, run));
}

}  // namespace atrous
