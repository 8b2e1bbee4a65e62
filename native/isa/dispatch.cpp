#include "isa/dispatch.hpp"

#include <chrono>
#include <cstring>

#include "isa/cpu.hpp"
#include "kernels/table.hpp"

namespace atrous {
namespace {

const KernelTable* const tables[] = {
#define ATROUS_ISA(name) &name##_kernels,
#include "isa/list.inc"
#undef ATROUS_ISA
};

}  // namespace

int available_isas(const char** names, int capacity) {
  int count = 0;
  for (const KernelTable* table : tables) {
    if (count < capacity && cpu_supports(table->name)) names[count++] = table->name;
  }
  return count;
}

const KernelTable* find_kernels(const char* name) {
  for (const KernelTable* table : tables) {
    if (std::strcmp(table->name, name) == 0) return cpu_supports(name) ? table : nullptr;
  }
  return nullptr;
}

double measure_peak(const KernelTable& kernels, double milliseconds) {
  using Clock = std::chrono::steady_clock;
  // 20,000 rounds take 50–100 µs: long against the clock's resolution, short against the scheduler's time slices, so
  // that the best of them is undisturbed.
  constexpr int64_t rounds = 20'000;
  const double operations = 2.0 * rounds * kernels.multiply_adds_per_round * kernels.lanes;
  const auto start = Clock::now();
  double best = 0;
  volatile float keep = 0;
  for (double elapsed = 0; elapsed < milliseconds * 1e-3;) {
    const auto begin = Clock::now();
    keep = kernels.multiply_add_burst(rounds);
    const auto end = Clock::now();
    const double rate = operations / std::chrono::duration<double>(end - begin).count() * 1e-9;
    if (rate > best) best = rate;
    elapsed = std::chrono::duration<double>(end - start).count();
  }
  static_cast<void>(keep);
  return best;
}

}  // namespace atrous
