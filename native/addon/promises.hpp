// The pending promises of one environment: settled on its JavaScript thread, however late, or never if it ends first.
#pragma once
#include <node_api.h>

#include <memory>

#include "plan/memory.hpp"
#include "plan/plan.hpp"

namespace atrous {

// What one asynchronous run reads and writes.
struct AsyncRun {
  std::shared_ptr<ConvPlan> plan;
  AlignedFloats input_copy;
  const float* input;
  float* output;
  // Kept from the garbage collector until the promise settles; `shared_input` is null where input_copy is used. The plan's
  // object keeps the weights.
  napi_value shared_input, output_array, plan_object;
};

class Promises {
 public:
  // Null when memory ran out.
  static Promises* create(napi_env env);

  // Settles `deferred` with undefined, or with a RangeError when there is no scratch memory for the run. False: out of
  // memory, `deferred` is still the caller's.
  bool start(napi_env env, AsyncRun run, napi_deferred deferred);

  Promises(const Promises&) = delete;
  Promises& operator=(const Promises&) = delete;

 private:
  class Job;

  Promises() = default;
  void settle(napi_env env, const Job& job);

  napi_threadsafe_function to_javascript_ = nullptr;
  int64_t pending_ = 0;  // while it is 0, nothing here keeps the process alive
};

}  // namespace atrous
