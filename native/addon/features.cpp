// `isas` and `cpus`, determined once per environment as the addon loads.
#include "addon/features.hpp"

#include "isa/dispatch.hpp"
#include "plan/cpu_count.hpp"

namespace atrous {

void export_features(napi_env env, napi_value exports) {
  const char* names[16];
  const int count = available_isas(names, 16);
  napi_value isas, cpus;
  napi_create_array_with_length(env, static_cast<size_t>(count), &isas);
  for (int i = 0; i < count; ++i) {
    napi_value name;
    napi_create_string_utf8(env, names[i], NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, isas, static_cast<uint32_t>(i), name);
  }
  napi_object_freeze(env, isas);
  napi_create_int32(env, cpu_count(), &cpus);
  const napi_property_descriptor properties[] = {
      {"isas", nullptr, nullptr, nullptr, nullptr, isas, napi_enumerable, nullptr},
      {"cpus", nullptr, nullptr, nullptr, nullptr, cpus, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, 2, properties);
}

}  // namespace atrous
