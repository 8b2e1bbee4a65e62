// `measurePeak(isa, milliseconds)`: what the CPU's multiply-add units can do, in GFLOP/s.
#pragma once
#include <node_api.h>

namespace atrous {

void export_measure_peak(napi_env env, napi_value exports);

}  // namespace atrous
