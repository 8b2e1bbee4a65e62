// Short algorithms by themselves: their constants, and plans of a scheme that is given instead of chosen.
#pragma once
#include <napi.h>

namespace atrous {

void export_short_plans(Napi::Env env, Napi::Object exports);

}  // namespace atrous
