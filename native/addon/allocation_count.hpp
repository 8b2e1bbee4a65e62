// `allocationCount()`: lets tests prove that a repeated run allocates nothing.
#pragma once
#include <node_api.h>

namespace atrous {

void export_allocation_count(napi_env env, napi_value exports);

}  // namespace atrous
