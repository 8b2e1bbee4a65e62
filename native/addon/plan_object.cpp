// `createPlan` and `createTransposedPlan`, and `run` and `runAsync` of the objects it returns.
#include "addon/plan_object.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

#include "addon/arguments.hpp"
#include "addon/encoded_shape.hpp"
#include "addon/environment.hpp"
#include "addon/errors.hpp"
#include "isa/dispatch.hpp"
#include "plan/memory.hpp"
#include "plan/plan.hpp"
#include "plan/short_scheme.hpp"
#include "plan/thread_pool.hpp"
#include "plan/transposed_plan.hpp"

namespace atrous {
namespace {

// Marks the objects that wrap a PlanObject: what another addon wrapped is no plan.
constexpr napi_type_tag plan_tag = {0x6d7c2f0ab1e94d53, 0x9a4e58c3f7102b86};

// What a plan takes besides its weights, roughly.
constexpr int64_t object_bytes = 4096;

bool overlap(const FloatView& a, const FloatView& b) {
  return std::less<const float*>()(a.data, b.data + b.length) && std::less<const float*>()(b.data, a.data + a.length);
}

// A new array has no pages before it is written. Zen 3, virtual machine: the first touch of 8 MB takes 6.2 ms in pages of
// 4 KiB and 1.4 in huge ones, of 33 MB 35 and 9; where the array has its pages already, asking takes 0.6 µs. Of a part of
// a buffer all is meant, which is how networks keep what lies between their layers: rows of many channels then are in
// few pages (ISNet at 1024²: the first run takes 0.75 of the time, later ones on two threads 0.93). Shared memory tells
// of the part only.
void ask_for_huge_pages(napi_env env, const FloatView& output) {
  const uint64_t bytes = static_cast<uint64_t>(output.length) * sizeof(float);
  if (bytes < huge_pages_from) return;
  void* data = output.data;
  size_t length = bytes;
  napi_get_arraybuffer_info(env, output.buffer, &data, &length);
  prefer_huge_pages(data, length);
}

napi_value overlap_error(napi_env env) {
  return argument_range_error(env, "Expected output to share no bytes with the input, received an overlap");
}

// One call of `run` or `runAsync`. These are functions of one plan each: it is their native data, whatever `this` is.
// Methods of a class would have to unwrap `this` and check its tag, 220 ns more a call (run itself takes 200 ns),
// against 4 µs a plan here.
struct Call {
  PlanObject* object;
  FloatView input, output;
  napi_value arrays[2];
};

bool read_call(napi_env env, napi_callback_info info, Call* call, napi_value* error) {
  size_t count = std::size(call->arrays);
  void* data;
  napi_get_cb_info(env, info, &count, call->arrays, nullptr, &data);
  call->object = static_cast<PlanObject*>(data);
  if (!read_floats(env, call->arrays[0], "input", call->object->shape.input_size(), &call->input, error) ||
      !read_floats(env, call->arrays[1], "output", call->object->shape.output_size(), &call->output, error)) {
    return false;
  }
  if (overlap(call->input, call->output)) {
    *error = overlap_error(env);
    return false;
  }
  ask_for_huge_pages(env, call->output);
  return true;
}

napi_value run(napi_env env, napi_callback_info info) {
  Call call;
  napi_value error;
  if (!read_call(env, info, &call, &error)) return throw_error(env, error);
  if (!call.object->plan->run(call.input.data, call.output.data)) {
    return throw_error(env, out_of_memory_error(env, "Out of memory: the allocation of scratch failed"));
  }
  return nullptr;
}

// The input is copied first: a reference keeps an ArrayBuffer's object, not its memory, and whoever holds the buffer
// may transfer or shrink it while the lane reads (a segmentation fault, measured on Node 20 and 22). A
// SharedArrayBuffer can do neither and is read in place. The output is written in place too: our own front made it and
// shows it to nobody before the promise settles, or saw that it is shared; a copy at the end would cost the JavaScript
// thread 5 ms for 64 MB.
bool start_async(napi_env env, napi_callback_info info, napi_deferred deferred, napi_value* error) {
  Call call;
  if (!read_call(env, info, &call, error)) return false;
  AsyncRun async{call.object->plan, {}, call.input.data, call.output.data, nullptr, call.arrays[1], nullptr};
  napi_get_reference_value(env, call.object->object, &async.plan_object);
  bool unshared = false;
  napi_is_arraybuffer(env, call.input.buffer, &unshared);
  if (unshared) {
    async.input_copy = AlignedFloats(call.input.length);
    if (!async.input_copy) {
      *error = out_of_memory_error(env, "Out of memory: the allocation of a copy of the input failed");
      return false;
    }
    if (call.input.length > 0) {
      std::memcpy(async.input_copy.data(), call.input.data, static_cast<size_t>(async.input_copy.size_bytes()));
    }
    async.input = async.input_copy.data();
  } else {
    async.shared_input = call.arrays[0];
  }

  Environment* environment = environment_of(env);
  if (environment->promises == nullptr) environment->promises = Promises::create(env);
  if (environment->promises == nullptr || !environment->promises->start(env, std::move(async), deferred)) {
    *error = out_of_memory_error(env, "Out of memory: the allocation of an asynchronous run failed");
    return false;
  }
  return true;
}

napi_value run_async(napi_env env, napi_callback_info info) {
  napi_deferred deferred;
  napi_value promise, error;
  if (napi_create_promise(env, &deferred, &promise) != napi_ok) return nullptr;
  if (!start_async(env, info, deferred, &error)) napi_reject_deferred(env, deferred, error);
  return promise;
}

bool read_request(napi_env env, const napi_value* arguments, bool transposed, PlanRequest* request, napi_value* error) {
  FloatView weight, bias;
  if (!read_shape(env, arguments[0], transposed, &request->shape, error)) return false;
  if (!read_floats(env, arguments[1], "weight", request->shape.weight_size(), &weight, error)) return false;
  if (!is_null_or_undefined(env, arguments[2]) &&
      !read_floats(env, arguments[2], "bias", request->shape.out_channels, &bias, error)) {
    return false;
  }
  request->weight = weight.data;
  request->bias = bias.data;

  char isa[16], algorithm[16];
  double threads;
  if (!read_text(env, arguments[3], "isa", isa, sizeof isa, error)) return false;
  request->kernels = find_kernels(isa);
  if (request->kernels == nullptr) {
    *error = argument_range_error(env, "Expected isa to be an instruction set that this CPU has, received '%s'", isa);
    return false;
  }
  if (!read_number(env, arguments[4], "threads", &threads, error)) return false;
  if (!(threads >= 1)) {
    *error = argument_range_error(env, "Expected threads to be an integer ≥ 1, received %g", threads);
    return false;
  }
  request->threads = static_cast<int>(std::min<double>(threads, max_threads));
  if (!read_text(env, arguments[5], "algorithm", algorithm, sizeof algorithm, error)) return false;
  request->family = std::strcmp(algorithm, "direct") == 0     ? AlgorithmFamily::direct
                    : std::strcmp(algorithm, "winograd") == 0 ? AlgorithmFamily::winograd
                                                              : AlgorithmFamily::any;
  if (!read_number(env, arguments[6], "tolerance", &request->tolerance, error)) return false;
  if (!(request->tolerance >= 0)) {
    *error = argument_range_error(env, "Expected tolerance to be a number ≥ 0, received %g", request->tolerance);
    return false;
  }
  return true;
}

// Weights packed for one shape are read by a plan of another: they must at least be of the same sizes.
bool same_weight_sizes(const ConvShape& a, const ConvShape& b) {
  return a.groups == b.groups && a.in_channels == b.in_channels && a.out_channels == b.out_channels &&
         a.layout == b.layout && std::equal(std::begin(a.kernel), std::end(a.kernel), std::begin(b.kernel));
}

bool read_sibling(napi_env env, napi_value value, const ConvShape& shape, const ConvPlan** sibling, napi_value* error) {
  *sibling = nullptr;
  if (is_null_or_undefined(env, value)) return true;
  bool is_plan = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, value, &plan_tag, &is_plan) != napi_ok || !is_plan ||
      napi_unwrap(env, value, &data) != napi_ok) {
    *error = argument_type_error(env, "Expected sibling to be a NativePlan or null");
    return false;
  }
  const PlanObject* object = static_cast<PlanObject*>(data);
  if (!same_weight_sizes(object->shape, shape)) {
    *error = argument_range_error(env, "Expected sibling to be a plan of the same weight");
    return false;
  }
  *sibling = object->plan.get();
  return true;
}

napi_property_descriptor constant(const char* name, napi_value value, napi_property_attributes attributes) {
  return {name, nullptr, nullptr, nullptr, nullptr, value, attributes, nullptr};
}

napi_value text(napi_env env, const char* value) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result);
  return result;
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

napi_value triple(napi_env env, int depth, int height, int width) {
  napi_value result = nullptr;
  napi_create_array_with_length(env, 3, &result);
  napi_set_element(env, result, 0, number(env, depth));
  napi_set_element(env, result, 1, number(env, height));
  napi_set_element(env, result, 2, number(env, width));
  return result;
}

// { outputs, taps, products, error }: of a tile along depth, height and width.
napi_value short_algorithm(napi_env env, const ConvPlan& plan) {
  napi_value result = nullptr;
  const ShortScheme* const scheme = plan.short_scheme();
  if (scheme == nullptr) {
    napi_get_undefined(env, &result);
    return result;
  }
  const auto [depth, height, width] = scheme->axis;
  const napi_property_descriptor properties[] = {
      constant("outputs", triple(env, depth->outputs, height->outputs, width->outputs), napi_enumerable),
      constant("taps", triple(env, depth->taps, height->taps, width->taps), napi_enumerable),
      constant("products", triple(env, depth->products, height->products, width->products), napi_enumerable),
      constant("error", number(env, scheme->error(plan.shape().in_channels_per_group())), napi_enumerable),
  };
  napi_create_object(env, &result);
  napi_define_properties(env, result, std::size(properties), properties);
  return result;
}

// A function that keeps `plan` alive: somebody may keep nothing but the function.
napi_value method(napi_env env, const char* name, napi_callback callback, PlanObject* data, napi_value plan) {
  napi_value function = nullptr;
  const napi_property_descriptor keeper = constant("plan", plan, napi_default);
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function);
  napi_define_properties(env, function, 1, &keeper);
  return function;
}

napi_value make_object(napi_env env, std::unique_ptr<PlanObject> owned) {
  PlanObject* const data = owned.get();
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok || !environment_of(env)->plans.wrap(env, object, std::move(owned))) {
    return nullptr;
  }
  napi_type_tag_object(env, object, &plan_tag);

  const ConvPlan& plan = *data->plan;
  const napi_property_descriptor properties[] = {
      constant("algorithm", text(env, plan.algorithm()), napi_enumerable),
      constant("isa", text(env, plan.isa()), napi_enumerable),
      constant("threads", number(env, plan.threads()), napi_enumerable),
      constant("workspaceBytes", number(env, static_cast<double>(plan.workspace_bytes())), napi_enumerable),
      constant("weightBytes", number(env, static_cast<double>(plan.weight_bytes())), napi_enumerable),
      constant("shortAlgorithm", short_algorithm(env, plan), napi_enumerable),
      constant("run", method(env, "run", run, data, object), napi_default),
      constant("runAsync", method(env, "runAsync", run_async, data, object), napi_default),
  };
  napi_define_properties(env, object, std::size(properties), properties);
  return object;
}

napi_value create(napi_env env, napi_callback_info info, bool transposed) {
  napi_value arguments[9], error;
  size_t count = std::size(arguments);
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);

  PlanRequest request;
  const ConvPlan* sibling;
  if (!read_request(env, arguments, transposed, &request, &error) ||
      !read_sibling(env, arguments[7], request.shape, &sibling, &error)) {
    return throw_error(env, error);
  }
  // Left out, it is undefined: no boolean, and the plan is made to run many times.
  request.once = false;
  napi_get_value_bool(env, arguments[8], &request.once);
  request.weights_stay = true;
  environment_of(env)->plans.free_garbage(env);
  std::unique_ptr<PlanObject> object(new (std::nothrow) PlanObject);
  if (object != nullptr) object->plan = (transposed ? create_transposed : ConvPlan::create)(request, sibling);
  if (object == nullptr || object->plan == nullptr) {
    return throw_error(env, out_of_memory_error(env, "Out of memory: the allocation of packed weights failed"));
  }
  object->shape = request.shape;
  object->bytes = object_bytes + static_cast<int64_t>(object->plan->weight_bytes());
  PlanObject* const made = object.get();
  const napi_value result = make_object(env, std::move(object));
  if (result == nullptr) return nullptr;
  // The plan reads them as long as it lives, which is as long as the store, or its finalizer, keeps the references.
  if (napi_create_reference(env, arguments[1], 1, &made->weight) != napi_ok ||
      (request.bias != nullptr && napi_create_reference(env, arguments[2], 1, &made->bias) != napi_ok)) {
    return throw_error(env, out_of_memory_error(env, "Out of memory: the allocation of a reference failed"));
  }
  return result;
}

napi_value create_plan(napi_env env, napi_callback_info info) { return create(env, info, false); }
napi_value create_transposed_plan(napi_env env, napi_callback_info info) { return create(env, info, true); }

// createPlan and run in one, without an object (which takes several times as long as a small convolution):
// convolve(shape, weight, bias, isa, threads, algorithm, tolerance, input, output)
napi_value convolve(napi_env env, napi_callback_info info) {
  napi_value arguments[9], error;
  size_t count = std::size(arguments);
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);

  PlanRequest request;
  FloatView input, output;
  if (!read_request(env, arguments, false, &request, &error) ||
      !read_floats(env, arguments[7], "input", request.shape.input_size(), &input, &error) ||
      !read_floats(env, arguments[8], "output", request.shape.output_size(), &output, &error)) {
    return throw_error(env, error);
  }
  if (overlap(input, output)) return throw_error(env, overlap_error(env));
  ask_for_huge_pages(env, output);
  request.once = true;
  request.weights_stay = true;
  const std::shared_ptr<ConvPlan> plan = ConvPlan::create(request, nullptr);
  if (plan == nullptr || !plan->run(input.data, output.data)) {
    return throw_error(env,
                       out_of_memory_error(env, "Out of memory: the allocation of packed weights or scratch failed"));
  }
  return nullptr;
}

napi_property_descriptor creator(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
}

}  // namespace

void export_plan(napi_env env, napi_value exports) {
  const napi_property_descriptor creators[] = {creator("createPlan", create_plan), creator("convolve", convolve),
                                               creator("createTransposedPlan", create_transposed_plan)};
  napi_define_properties(env, exports, std::size(creators), creators);
}

}  // namespace atrous
