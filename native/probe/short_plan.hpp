// Short algorithms by themselves: their constants, and plans of a scheme that is given instead of chosen.
#pragma once
#include <napi.h>

namespace atrous {

struct ShortScheme;

// { algorithms, tapGroups, region }; algorithms are numbers in shortAlgorithms().
Napi::Object describe(Napi::Env env, const ShortScheme& scheme);

void export_short_plans(Napi::Env env, Napi::Object exports);

}  // namespace atrous
