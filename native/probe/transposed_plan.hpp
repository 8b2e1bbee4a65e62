// Plans of transposed convolutions.
#pragma once
#include <napi.h>

namespace atrous {

void export_transposed_plans(Napi::Env env, Napi::Object exports);

}  // namespace atrous
