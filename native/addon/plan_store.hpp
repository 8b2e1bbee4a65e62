// The native halves of an environment's plan objects, and the freeing of those whose object is garbage.
//
// Node runs finalizers in a later turn of the event loop: a loop that makes plans without awaiting anything would pile
// up their weights, gigabytes of them, though the collector has long found the objects unreachable. So the store looks
// for itself.
#pragma once
#include <node_api.h>

#include <cstdint>
#include <memory>

#include "plan/plan.hpp"

namespace atrous {

class PlanStore;

struct PlanObject {
  std::shared_ptr<ConvPlan> plan;  // null once the object is garbage
  ConvShape shape;                 // as it was asked for: the plan's own may have its axes joined
  int64_t bytes;
  napi_ref object = nullptr;  // weak
  // Kept from the garbage collector as long as the plan may read them.
  napi_ref weight = nullptr, bias = nullptr;
  PlanStore* store = nullptr;
  PlanObject* previous = nullptr;
  PlanObject* next = nullptr;
};

class PlanStore {
 public:
  PlanStore() = default;
  ~PlanStore();
  PlanStore(const PlanStore&) = delete;
  PlanStore& operator=(const PlanStore&) = delete;

  // Makes `object` the JavaScript side of `plan`, which it takes over; false when that failed. The garbage collector is
  // told how much memory hangs on the object.
  bool wrap(napi_env env, napi_value object, std::unique_ptr<PlanObject> plan);

  // Frees the plans of unreachable objects, if the plans made since it last did hold enough memory to be worth looking.
  void free_garbage(napi_env env);

 private:
  static void finalize(napi_env env, void* data, void*);
  void release(napi_env env, PlanObject* plan);

  PlanObject* first_ = nullptr;
  int64_t bytes_ = 0, look_at_bytes_ = 0;
};

}  // namespace atrous
