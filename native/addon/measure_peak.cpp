// `measurePeak(isa, milliseconds)` runs isa/dispatch.hpp's measurement on the calling thread.
#include "addon/measure_peak.hpp"

#include "addon/arguments.hpp"
#include "addon/errors.hpp"
#include "isa/dispatch.hpp"

namespace atrous {
namespace {

constexpr double longest_milliseconds = 60e3;

napi_value measure_peak(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result, error;
  size_t count = 2;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  char isa[16];
  double milliseconds;
  if (!read_text(env, arguments[0], "isa", isa, sizeof isa, &error) ||
      !read_number(env, arguments[1], "milliseconds", &milliseconds, &error)) {
    return throw_error(env, error);
  }
  const KernelTable* kernels = find_kernels(isa);
  if (kernels == nullptr) {
    return throw_error(
        env, argument_range_error(env, "Expected isa to be an instruction set that this CPU has, received '%s'", isa));
  }
  if (!(milliseconds > 0 && milliseconds <= longest_milliseconds)) {
    return throw_error(env, argument_range_error(env, "Expected milliseconds to be above 0 and at most %g, received %g",
                                                 longest_milliseconds, milliseconds));
  }
  napi_create_double(env, atrous::measure_peak(*kernels, milliseconds), &result);
  return result;
}

}  // namespace

void export_measure_peak(napi_env env, napi_value exports) {
  const napi_property_descriptor method = {"measurePeak", nullptr, measure_peak,    nullptr,
                                           nullptr,       nullptr, napi_enumerable, nullptr};
  napi_define_properties(env, exports, 1, &method);
}

}  // namespace atrous
