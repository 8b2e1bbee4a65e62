// NativePlan: a convolution of one shape, transposed or not, ready to run. lib/addon.ts types it.
#pragma once
#include <node_api.h>

namespace atrous {

// Adds `createPlan` and `createTransposedPlan` to the exports.
void export_plan(napi_env env, napi_value exports);

}  // namespace atrous
