// NativePlan: a convolution of one shape, ready to run. lib/addon.ts types it.
#pragma once
#include <node_api.h>

namespace atrous {

// Adds `createPlan` to the exports.
void export_plan(napi_env env, napi_value exports);

}  // namespace atrous
