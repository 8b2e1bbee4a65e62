// The kernels of runs, one by one.
#pragma once
#include <napi.h>

namespace atrous {

void export_runs(Napi::Env env, Napi::Object exports);

}  // namespace atrous
