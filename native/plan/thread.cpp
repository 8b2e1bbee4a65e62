// Threads by the system's own calls. On Linux sleeping is a bare futex: glibc's condition variables before 2.41 can
// lose a wake-up (sourceware bug 25847), and a lost one here would be a promise that never settles.
#include "plan/thread.hpp"

#include <climits>
#include <new>

#ifdef _WIN32
#include <process.h>
#include <windows.h>
#else
#include <pthread.h>
#include <signal.h>
#endif
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <condition_variable>
#include <mutex>
#endif

namespace atrous {
namespace {

// Room for kernels' tiles on the stack; musl would give 128 KiB. Only touched pages take memory.
constexpr unsigned stack_bytes = 1 << 20;

struct Start {
  void (*body)(void* context);
  void* context;
  const char* name;
};

void run(void* argument) {
  const Start start = *static_cast<Start*>(argument);
  delete static_cast<Start*>(argument);
#if defined(__linux__)
  pthread_setname_np(pthread_self(), start.name);
#elif defined(__APPLE__)
  pthread_setname_np(start.name);
#endif
  start.body(start.context);
}

#ifdef _WIN32
unsigned __stdcall entry(void* argument) {
  run(argument);
  return 0;
}

bool start_detached(Start* start) {
  const uintptr_t thread =
      _beginthreadex(nullptr, stack_bytes, entry, start, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (thread != 0) CloseHandle(reinterpret_cast<HANDLE>(thread));
  return thread != 0;
}
#else
void* entry(void* argument) {
  run(argument);
  return nullptr;
}

bool start_detached(Start* start) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // a new thread starts with its creator's mask
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, entry, start) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}
#endif

}  // namespace

bool start_thread(void (*body)(void* context), void* context, const char* name) {
  auto* start = new (std::nothrow) Start{body, context, name};
  if (start == nullptr) return false;
  if (start_detached(start)) return true;
  delete start;
  return false;
}

#ifdef __linux__

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t), "the kernel reads the word itself");

void sleep_while_equal(std::atomic<uint32_t>& word, uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void wake(std::atomic<uint32_t>& word, int count) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

#else

namespace {

// One for all words, never destroyed: threads may still sleep here while the process exits.
struct Dormitory {
  std::mutex mutex;
  std::condition_variable changed;
};

Dormitory& dormitory() {
  alignas(Dormitory) static unsigned char memory[sizeof(Dormitory)];
  static Dormitory* const made = new (memory) Dormitory;
  return *made;
}

}  // namespace

void sleep_while_equal(std::atomic<uint32_t>& word, uint32_t expected) {
  Dormitory& here = dormitory();
  std::unique_lock<std::mutex> lock(here.mutex);
  if (word.load() == expected) here.changed.wait(lock);
}

void wake(std::atomic<uint32_t>&, int) {
  Dormitory& here = dormitory();
  {
    std::lock_guard<std::mutex> lock(here.mutex);
  }  // whoever compared before the change is asleep by now
  here.changed.notify_all();
}

#endif

}  // namespace atrous
