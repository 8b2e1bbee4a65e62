// What this binary can do on this machine: `isas` and `cpus`.
#pragma once
#include <node_api.h>

namespace atrous {

void export_features(napi_env env, napi_value exports);

}  // namespace atrous
