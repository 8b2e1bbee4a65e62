#include "addon/layers.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "addon/arguments.hpp"
#include "addon/errors.hpp"
#include "isa/dispatch.hpp"
#include "plan/elementwise.hpp"
#include "plan/pool.hpp"
#include "plan/resize.hpp"
#include "plan/thread_pool.hpp"

namespace atrous {
namespace {

// Arguments of one call, read one after the other: isa and threads, which all have, first. The first one that is wrong
// leaves an error, and reads nothing after it.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = std::size(arguments_);
    napi_get_cb_info(env, info, &count, arguments_, nullptr, nullptr);
    char isa[16];
    if (!read_text(env, next(), "isa", isa, sizeof isa, &error_)) return;
    kernels_ = find_kernels(isa);
    if (kernels_ == nullptr) {
      error_ = argument_range_error(env, "Expected isa to be an instruction set that this CPU has, received '%s'", isa);
    }
    threads_ = static_cast<int>(number("threads", 1, 1e9));
    threads_ = std::min(threads_, max_threads);
  }

  const KernelTable& kernels() const { return *kernels_; }
  int threads() const { return threads_; }

  double number(const char* name, double least, double most) {
    double value = least;
    if (failed() || !read_number(env_, next(), name, &value, &error_)) return least;
    require(value >= least && value <= most, name, "in range");
    return failed() ? least : value;
  }

  FloatView floats(const char* name) {
    FloatView view;
    if (!failed()) read_floats(env_, next(), name, &view, &error_);
    return view;
  }

  struct Integers {
    const int32_t* data = nullptr;
    int64_t length = 0;
  };
  Integers integers(const char* name) {
    Integers view;
    if (!failed()) read_integers(env_, next(), name, &view.data, &view.length, &error_);
    return view;
  }

  void require(bool holds, const char* name, const char* expected) {
    if (!failed() && !holds) error_ = argument_range_error(env_, "Expected %s to be %s", name, expected);
  }

  bool failed() const { return error_ != nullptr; }
  // What the function returns.
  napi_value result(bool computed = true) {
    if (!failed() && !computed) error_ = out_of_memory_error(env_, "Out of memory: the allocation of scratch failed");
    return failed() ? throw_error(env_, error_) : nullptr;
  }

 private:
  napi_value next() { return arguments_[read_++]; }

  napi_env env_;
  napi_value arguments_[10];
  int read_ = 0;
  napi_value error_ = nullptr;
  const KernelTable* kernels_ = nullptr;
  int threads_ = 1;
};

// mapElements(isa, threads, function, parameters, input, output)
napi_value map_elements(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const auto function = static_cast<RunFunction>(call.number("function", 0, KernelTable::run_functions - 1));
  const FloatView parameters = call.floats("parameters"), input = call.floats("input"), output = call.floats("output");
  call.require(parameters.length == 2, "parameters", "two numbers");
  call.require(input.length == output.length, "output", "as long as the input");
  if (!call.failed()) {
    atrous::map_elements(call.kernels(), call.threads(), function, input.data, parameters.data, output.data,
                         output.length);
  }
  return call.result();
}

// combineElements(isa, threads, operation, left, right, run, begins, repeated, relu, output)
napi_value combine_elements(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const auto operation = static_cast<RunOperation>(call.number("operation", 0, KernelTable::run_operations - 1));
  const FloatView left = call.floats("left"), right = call.floats("right");
  const auto run = static_cast<int64_t>(call.number("run", 1, 0x1p53));
  const Call::Integers begins = call.integers("begins");
  const bool repeated = call.number("repeated", 0, 1) == 1, relu = call.number("relu", 0, 1) == 1;
  const FloatView output = call.floats("output");
  call.require(left.length == output.length, "left", "as long as the output");
  call.require(output.length == 0 || (output.length % run == 0 && output.length / run == begins.length), "begins",
               "one for each run of the output");
  const int64_t read = repeated ? 1 : run;
  call.require(std::all_of(begins.data, begins.data + begins.length,
                           [&](int32_t begin) { return begin >= 0 && begin + read <= right.length; }),
               "begins", "where runs of the right array begin");
  if (!call.failed() && output.length > 0) {
    atrous::combine_elements(call.kernels(), call.threads(), operation, left.data, right.data,
                             {run, repeated, begins.data}, relu, output.data, output.length);
  }
  return call.result();
}

// pool(isa, threads, shape, input, output); shape: the integers of PoolShape
napi_value pool(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const Call::Integers integers = call.integers("shape");
  const FloatView input = call.floats("input"), output = call.floats("output");
  PoolShape shape;
  call.require(integers.length * sizeof(int32_t) == sizeof shape, "shape", "the integers of a pool");
  if (call.failed()) return call.result();
  std::memcpy(&shape, integers.data, sizeof shape);
  // Exact as far as arrays are long.
  double inputs = shape.planes, outputs = shape.planes;
  for (const PoolAxis& axis : shape.axis) {
    call.require(axis.input >= 0 && axis.output >= 0 && axis.kernel >= 1 && axis.stride >= 1 && axis.dilation >= 1 &&
                     int64_t{axis.dilation} * axis.kernel <= INT32_MAX,
                 "shape", "a pool's");
    inputs *= axis.input;
    outputs *= axis.output;
  }
  call.require(inputs == static_cast<double>(input.length), "input", "as long as the shape says");
  call.require(outputs == static_cast<double>(output.length), "output", "as long as the shape says");
  if (call.failed() || output.length == 0) return call.result();
  return call.result(atrous::pool(call.kernels(), call.threads(), shape, input.data, output.data));
}

// resize(isa, threads, sizes, elements, fractions, doubles, input, output); sizes: planes, then input and output of depth,
// height, width; elements: low, then high of every axis's outputs; fractions likewise
napi_value resize(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const Call::Integers sizes = call.integers("sizes"), elements = call.integers("elements");
  const FloatView fractions = call.floats("fractions");
  const bool doubles = call.number("doubles", 0, 1) == 1;
  const FloatView input = call.floats("input"), output = call.floats("output");
  call.require(sizes.length == 7, "sizes", "7 integers");
  if (call.failed()) return call.result();
  ResizeShape shape{sizes.data[0], {}, doubles};
  double inputs = sizes.data[0], outputs = sizes.data[0];
  int64_t before = 0;
  for (int a = 0; a < 3; ++a) {
    ResizeAxis& axis = shape.axis[a];
    axis = {sizes.data[1 + 2 * a], sizes.data[2 + 2 * a], nullptr, nullptr, nullptr};
    call.require(axis.input >= 0 && axis.output >= 0, "sizes", "at least 0");
    call.require(2 * (before + axis.output) <= elements.length && before + axis.output <= fractions.length, "elements",
                 "two for each output");
    if (call.failed()) return call.result();
    axis.low = elements.data + 2 * before;
    axis.high = axis.low + axis.output;
    axis.fraction = fractions.data + before;
    call.require(std::all_of(axis.low, axis.high + axis.output,
                             [&](int32_t element) { return element >= 0 && element < axis.input; }),
                 "elements", "of the input");
    before += axis.output;
    inputs *= axis.input;
    outputs *= axis.output;
  }
  call.require(!doubles || shape.axis[2].output == 2 * int64_t{shape.axis[2].input}, "sizes", "doubled");
  call.require(inputs == static_cast<double>(input.length), "input", "as long as its sizes say");
  call.require(outputs == static_cast<double>(output.length), "output", "as long as its sizes say");
  if (call.failed() || output.length == 0) return call.result();
  return call.result(atrous::resize(call.kernels(), call.threads(), shape, input.data, output.data));
}

napi_property_descriptor layer(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
}

}  // namespace

void export_layers(napi_env env, napi_value exports) {
  const napi_property_descriptor layers[] = {layer("mapElements", map_elements),
                                             layer("combineElements", combine_elements), layer("pool", pool),
                                             layer("resize", resize)};
  napi_define_properties(env, exports, std::size(layers), layers);
}

}  // namespace atrous
