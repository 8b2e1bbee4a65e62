// A queue under a mutex, and one thread that sleeps on a word while it is empty.
#include "addon/async_lane.hpp"

#include <atomic>
#include <climits>
#include <mutex>
#include <new>

#include "plan/thread.hpp"

namespace atrous {
namespace {

struct Lane {
  std::mutex mutex;
  bool started = false;
  AsyncJob* first = nullptr;
  AsyncJob* last = nullptr;
  AsyncJob* computing = nullptr;
  bool computing_for_nobody = false;  // its owner has withdrawn
  std::atomic<uint32_t> submitted{0}, finished{0};
};

// Never destroyed: the thread sleeps in it until the process has gone.
Lane& lane() {
  alignas(Lane) static unsigned char memory[sizeof(Lane)];
  static Lane* const instance = new (memory) Lane;
  return *instance;
}

AsyncJob* take_first(Lane& here) {
  for (;;) {
    const uint32_t seen = here.submitted.load();
    {
      const std::lock_guard<std::mutex> lock(here.mutex);
      if (AsyncJob* job = here.first) {
        here.first = job->next;
        if (here.first == nullptr) here.last = nullptr;
        here.computing = job;
        here.computing_for_nobody = false;
        return job;
      }
    }
    sleep_while_equal(here.submitted, seen);
  }
}

void work(void*) {
  Lane& here = lane();
  for (;;) {
    AsyncJob* const job = take_first(here);
    job->compute();
    {
      // Delivered under the lock: once withdraw() has it, the owner may go.
      const std::lock_guard<std::mutex> lock(here.mutex);
      if (here.computing_for_nobody) {
        delete job;
      } else {
        job->deliver();
      }
      here.computing = nullptr;
    }
    here.finished.fetch_add(1);
    wake(here.finished, INT_MAX);
  }
}

}  // namespace

bool submit(AsyncJob* job) {
  Lane& here = lane();
  {
    const std::lock_guard<std::mutex> lock(here.mutex);
    if (!here.started) here.started = start_thread(work, nullptr, "atrous-async");
    if (!here.started) return false;
    (here.last ? here.last->next : here.first) = job;
    here.last = job;
  }
  here.submitted.fetch_add(1);
  wake(here.submitted, 1);
  return true;
}

void withdraw(const void* owner) {
  Lane& here = lane();
  std::unique_lock<std::mutex> lock(here.mutex);
  AsyncJob* previous = nullptr;
  for (AsyncJob* job = here.first; job != nullptr;) {
    AsyncJob* const next = job->next;
    if (job->owner == owner) {
      (previous ? previous->next : here.first) = next;
      delete job;
    } else {
      previous = job;
    }
    job = next;
  }
  here.last = previous;

  while (here.computing != nullptr && here.computing->owner == owner) {
    here.computing_for_nobody = true;
    const uint32_t seen = here.finished.load();
    lock.unlock();
    sleep_while_equal(here.finished, seen);
    lock.lock();
  }
}

}  // namespace atrous
