// The native module, loaded once by every environment (main thread, worker_threads): its exports are lib/addon.ts's
// NativeAddon.
#include <node_api.h>

#include <new>

#include "addon/allocation_count.hpp"
#include "addon/environment.hpp"
#include "addon/features.hpp"
#include "addon/layers.hpp"
#include "addon/measure_peak.hpp"
#include "addon/plan_object.hpp"

#ifdef _WIN32
#include <windows.h>
#elif !defined(__linux__)
#include <dlfcn.h>
#endif

namespace atrous {
namespace {

// The pool's threads run this module's code for the life of the process, but Node unloads it when the worker_thread
// that loaded it ends. On Linux the linker's -z nodelete prevents that.
void stay_loaded() {
#ifdef _WIN32
  HMODULE module;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<LPCWSTR>(&stay_loaded), &module);
#elif !defined(__linux__)
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&stay_loaded), &info) != 0) {
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  }
#endif
}

}  // namespace
}  // namespace atrous

NAPI_MODULE_INIT() {
  using namespace atrous;
  stay_loaded();
  auto* environment = new (std::nothrow) Environment;
  if (environment == nullptr) {
    napi_throw_range_error(env, "ERR_ATROUS_OUT_OF_MEMORY", "Out of memory: the addon could not start");
    return nullptr;
  }
  napi_set_instance_data(
      env, environment, [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); }, nullptr);
  export_features(env, exports);
  export_plan(env, exports);
  export_layers(env, exports);
  export_measure_peak(env, exports);
  export_allocation_count(env, exports);
  return exports;
}
