// One thread of our own that computes asynchronous jobs of all environments, first come, first served.
//
// One lane suffices: a job uses as many threads as its plan wants. libuv's pool is left to file access and DNS, which
// would queue behind convolutions (a read behind 8 busy jobs took 450 ms).
#pragma once

namespace atrous {

class AsyncJob {
 public:
  explicit AsyncJob(const void* owner) : owner(owner) {}
  virtual ~AsyncJob() = default;
  AsyncJob(const AsyncJob&) = delete;
  AsyncJob& operator=(const AsyncJob&) = delete;

  virtual void compute() = 0;  // on the lane
  virtual void
  deliver() = 0;  // then, on the lane too, unless its owner has withdrawn: hands the job over; must not block

  const void* const owner;
  AsyncJob* next = nullptr;
};

// Takes over `job`, unless it returns false: the lane's thread could not be started.
bool submit(AsyncJob* job);

// Deletes the owner's queued jobs and waits for the one that is computing, which is deleted undelivered: afterwards no
// thread touches anything of the owner's.
void withdraw(const void* owner);

}  // namespace atrous
