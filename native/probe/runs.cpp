#include "probe/runs.hpp"

#include <string>

#include "kernels/table.hpp"
#include "probe/arguments.hpp"

namespace atrous {
namespace {

// kernel(kernels, input, right, output, length): what the fields `input`, `right` (where there is one) and `output` hold.
template <class Kernel>
Napi::Value run(const Napi::CallbackInfo& info, const Napi::Value& object, const Napi::Value& at, Kernel kernel) {
  const Napi::Env env = info.Env();
  const KernelTable* const kernels = kernels_of(info[0]);
  if (!kernels) return env.Undefined();
  const Fields fields(object);
  const Edge edge = edge_of(at);
  const bool two = fields.object.Has("right");
  GuardedFloats input = guarded("input", fields.object.Get("input"), edge);
  GuardedFloats right = two ? guarded("right", fields.object.Get("right"), edge) : GuardedFloats("right", 0, edge);
  GuardedFloats output = guarded("output", fields.object.Get("output"), edge);
  if (!input || !right || !output) return fail(env, "no memory");
  {
    const std::string title = fields.title();
    const FaultReport report(title.c_str());
    kernel(*kernels, input.data(), right.data(), output.data(), output.size());
  }
  copy_back(output, fields.object.Get("output"));
  return env.Undefined();
}

float number(const Fields& fields, const char* name) { return fields.object.Get(name).ToNumber().FloatValue(); }

// mapRun(isa, function, { title, input, right: parameters, output }, edge)
Napi::Value map_run(const Napi::CallbackInfo& info) {
  return run(info, info[2], info[3],
             [&](const KernelTable& kernels, const float* in, const float* parameters, float* out, int64_t length) {
               kernels.map_run[integer(info[1])](in, parameters, out, length);
             });
}

// combineRuns(isa, operation, { title, input, right, repeated, output }, edge)
Napi::Value combine_runs(const Napi::CallbackInfo& info) {
  const bool repeated = Fields(info[2]).object.Get("repeated").ToBoolean();
  return run(info, info[2], info[3],
             [&](const KernelTable& kernels, const float* a, const float* b, float* out, int64_t length) {
               kernels.combine_runs[integer(info[1])](a, b, repeated, out, length);
             });
}

// mixRuns(isa, { title, input, part, right, rightPart, output }, edge)
Napi::Value mix_runs(const Napi::CallbackInfo& info) {
  const Fields fields(info[1]);
  return run(info, info[1], info[2],
             [&](const KernelTable& kernels, const float* a, const float* b, float* out, int64_t length) {
               kernels.mix_runs(a, number(fields, "part"), b, number(fields, "rightPart"), out, length);
             });
}

// doubleRun(isa, { title, input, output }, edge)
Napi::Value double_run(const Napi::CallbackInfo& info) {
  return run(info, info[1], info[2],
             [](const KernelTable& kernels, const float* in, const float*, float* out, int64_t length) {
               kernels.double_run(in, out, length / 2);
             });
}

}  // namespace

void export_runs(Napi::Env env, Napi::Object exports) {
  exports.Set("mapRun", Napi::Function::New(env, map_run));
  exports.Set("combineRuns", Napi::Function::New(env, combine_runs));
  exports.Set("mixRuns", Napi::Function::New(env, mix_runs));
  exports.Set("doubleRun", Napi::Function::New(env, double_run));
}

}  // namespace atrous
