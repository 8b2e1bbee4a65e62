// The plan objects of an environment as a doubly linked list: any of them may go at any time.
#include "addon/plan_store.hpp"

#include <initializer_list>

namespace atrous {
namespace {

// V8 starts a collection after as many bytes of external memory.
constexpr int64_t worth_looking = int64_t{64} << 20;

void tell_garbage_collector(napi_env env, int64_t bytes) {
  int64_t total;
  napi_adjust_external_memory(env, bytes, &total);
}

void let_go_of_weights(napi_env env, PlanObject* plan) {
  for (napi_ref* kept : {&plan->weight, &plan->bias}) {
    if (*kept != nullptr) napi_delete_reference(env, *kept);
    *kept = nullptr;
  }
}

}  // namespace

PlanStore::~PlanStore() {
  for (PlanObject* plan = first_; plan != nullptr; plan = plan->next) plan->store = nullptr;
}

bool PlanStore::wrap(napi_env env, napi_value object, std::unique_ptr<PlanObject> plan) {
  if (napi_wrap(env, object, plan.get(), finalize, nullptr, &plan->object) != napi_ok) return false;
  PlanObject* const added = plan.release();
  added->store = this;
  added->next = first_;
  if (first_ != nullptr) first_->previous = added;
  first_ = added;
  bytes_ += added->bytes;
  tell_garbage_collector(env, added->bytes);
  return true;
}

void PlanStore::free_garbage(napi_env env) {
  if (bytes_ < look_at_bytes_) return;
  // Each look makes a handle. They must be gone when the next plan's weights start a collection, which would find every
  // plan in use.
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  for (PlanObject *plan = first_, *next; plan != nullptr; plan = next) {
    next = plan->next;
    napi_value object = nullptr;
    if (napi_get_reference_value(env, plan->object, &object) == napi_ok && object == nullptr) release(env, plan);
  }
  napi_close_handle_scope(env, scope);
  look_at_bytes_ = bytes_ + worth_looking;
}

// What is left is deleted by the finalizer.
void PlanStore::release(napi_env env, PlanObject* plan) {
  (plan->previous ? plan->previous->next : first_) = plan->next;
  if (plan->next != nullptr) plan->next->previous = plan->previous;
  plan->store = nullptr;
  plan->plan.reset();
  let_go_of_weights(env, plan);
  bytes_ -= plan->bytes;
  tell_garbage_collector(env, -plan->bytes);
}

void PlanStore::finalize(napi_env env, void* data, void*) {
  const std::unique_ptr<PlanObject> plan(static_cast<PlanObject*>(data));
  if (plan->store != nullptr) plan->store->release(env, plan.get());
  let_go_of_weights(env, plan.get());
  napi_delete_reference(env, plan->object);
}

}  // namespace atrous
