// `allocationCount()`: the process-wide count of plan/memory.hpp.
#include "addon/allocation_count.hpp"

#include "plan/memory.hpp"

namespace atrous {
namespace {

napi_value read_count(napi_env env, napi_callback_info) {
  napi_value count;
  napi_create_int64(env, allocation_count(), &count);
  return count;
}

}  // namespace

void export_allocation_count(napi_env env, napi_value exports) {
  const napi_property_descriptor method = {"allocationCount", nullptr, read_count,      nullptr,
                                           nullptr,           nullptr, napi_enumerable, nullptr};
  napi_define_properties(env, exports, 1, &method);
}

}  // namespace atrous
