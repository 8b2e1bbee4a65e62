// Life of an environment's Promises: made by its first runAsync. When the environment ends, the cleanup hook withdraws
// its jobs from the lane; hooks run in reverse order, so the threadsafe function, which registered its own before,
// still exists then. Its finalizer comes last and deletes the Promises.
#include "addon/promises.hpp"

#include <new>
#include <utility>

#include "addon/async_lane.hpp"
#include "addon/errors.hpp"

namespace atrous {

class Promises::Job final : public AsyncJob {
 public:
  Job(Promises* promises, AsyncRun run, napi_deferred deferred)
      : AsyncJob(promises), promises(promises), run(std::move(run)), deferred(deferred) {}

  void compute() override { succeeded = run.plan->run(run.input, run.output); }

  void deliver() override {
    if (napi_call_threadsafe_function(promises->to_javascript_, this, napi_tsfn_nonblocking) != napi_ok) delete this;
  }

  Promises* const promises;
  AsyncRun run;
  const napi_deferred deferred;
  napi_ref kept[3] = {nullptr, nullptr, nullptr};
  bool succeeded = false;
};

Promises* Promises::create(napi_env env) {
  auto* promises = new (std::nothrow) Promises;
  if (promises == nullptr) return nullptr;
  const auto settle = [](napi_env env, napi_value, void*, void* data) {
    const std::unique_ptr<Job> job(static_cast<Job*>(data));
    // Without an environment nothing but memory is left to free, and the Promises are gone.
    if (env != nullptr) job->promises->settle(env, *job);
  };
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Promises*>(data); };
  napi_value name;
  if (napi_create_string_utf8(env, "atrous", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, promises, finalize, nullptr, settle,
                                      &promises->to_javascript_) != napi_ok) {
    delete promises;
    return nullptr;
  }
  napi_unref_threadsafe_function(env, promises->to_javascript_);
  napi_add_env_cleanup_hook(env, [](void* data) { withdraw(data); }, promises);
  return promises;
}

bool Promises::start(napi_env env, AsyncRun run, napi_deferred deferred) {
  const napi_value objects[] = {run.shared_input, run.output_array, run.plan_object};
  std::unique_ptr<Job> job(new (std::nothrow) Job(this, std::move(run), deferred));
  if (job == nullptr) return false;
  for (int i = 0; i < 3; ++i) {
    if (objects[i] != nullptr) napi_create_reference(env, objects[i], 1, &job->kept[i]);
  }
  if (pending_++ == 0) napi_ref_threadsafe_function(env, to_javascript_);
  if (submit(job.get())) {
    job.release();
  } else {
    // No thread can be had: the caller waits, but gets the result.
    job->compute();
    settle(env, *job);
  }
  return true;
}

void Promises::settle(napi_env env, const Job& job) {
  if (--pending_ == 0) napi_unref_threadsafe_function(env, to_javascript_);
  for (napi_ref reference : job.kept) {
    if (reference != nullptr) napi_delete_reference(env, reference);
  }
  if (job.succeeded) {
    napi_value undefined;
    napi_get_undefined(env, &undefined);
    napi_resolve_deferred(env, job.deferred, undefined);
  } else {
    napi_reject_deferred(env, job.deferred,
                         out_of_memory_error(env, "Out of memory: the allocation of scratch failed"));
  }
}

}  // namespace atrous
