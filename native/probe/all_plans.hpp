// Every plan that could compute a problem beside the one that is taken, for the benchmark of the choice.
#pragma once
#include <napi.h>

namespace atrous {

void export_all_plans(Napi::Env env, Napi::Object exports);

}  // namespace atrous
