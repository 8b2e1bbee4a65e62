// The thread pool and the CPU count without Node around them, so that a thread sanitizer can watch.
//   pool <callers> <rounds>   calls parallel_for from several threads at once; prints what went wrong
//   quota <root>              prints the CPU quota of the cgroups laid out below a folder
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "plan/cpu_count.hpp"
#include "plan/thread_pool.hpp"

namespace {

// Each item once, each worker index at one place at a time and below the number of threads, nothing left running
// afterwards.
int wrong_rounds(unsigned seed, int rounds) {
  std::mt19937 random(seed);
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    const int threads = 1 + static_cast<int>(random() % 6);
    const int64_t items = random() % 40;
    // Plain integers: the thread sanitizer sees it when two threads touch one without order.
    std::vector<int> times(items, 0), working(threads, 0), done(threads, 0);
    bool right = true;
    // Now and then the helpers fall asleep before a round, or the caller at its end.
    if (random() % 100 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
    const bool slow_helpers = random() % 50 == 0;
    atrous::parallel_for(threads, items, [&](int64_t item, int worker) {
      if (worker < 0 || worker >= threads || working[worker]++ != 0) std::abort();
      ++times[item];
      if (slow_helpers && worker != 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
      for (volatile int spin = 0; spin < item * 7; spin = spin + 1) {
      }
      --working[worker];
      ++done[worker];
    });
    int64_t sum = 0;
    for (int count : done) sum += count;
    for (int count : times) right = right && count == 1;
    wrong += !(right && sum == items);
  }
  return wrong;
}

int pool(int callers, int rounds) {
  std::vector<int> wrong(callers, 0);
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&wrong, caller, rounds] { wrong[caller] = wrong_rounds(caller, rounds); });
  }
  for (std::thread& thread : threads) thread.join();
  int sum = 0;
  for (int count : wrong) sum += count;
  std::printf("%d\n", sum);
  return sum != 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 4 && std::strcmp(arguments[1], "pool") == 0)
    return pool(std::atoi(arguments[2]), std::atoi(arguments[3]));
  if (count == 3 && std::strcmp(arguments[1], "quota") == 0) {
    std::printf("%d\n", atrous::cgroup_cpu_quota(arguments[2]));
    return 0;
  }
  return 2;
}
