// What the addon keeps for each JavaScript environment: the main thread and every worker_thread load it anew.
#pragma once
#include <node_api.h>

#include "addon/plan_store.hpp"
#include "addon/promises.hpp"

namespace atrous {

struct Environment {
  PlanStore plans;
  Promises* promises = nullptr;  // made by the first runAsync; outlives its environment's jobs and deletes itself
};

inline Environment* environment_of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Environment*>(data);
}

}  // namespace atrous
