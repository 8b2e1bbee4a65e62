// `mapElements`, `combineElements`, `pool` and `resize`: layers beside convolutions, which have nothing to plan.
#pragma once
#include <node_api.h>

namespace atrous {

void export_layers(napi_env env, napi_value exports);

}  // namespace atrous
