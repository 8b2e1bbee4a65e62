// The kernels of short algorithms with tiles in lanes, one by one.
#pragma once
#include <napi.h>

namespace atrous {

void export_lane_kernels(Napi::Env env, Napi::Object exports);

}  // namespace atrous
