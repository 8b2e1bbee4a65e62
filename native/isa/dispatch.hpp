// From a CPU to a table of kernels: the only place that knows that several instruction sets exist.
#pragma once

namespace atrous {

struct KernelTable;

// Names of the instruction sets in this binary that this CPU can run, best first; returns how many.
int available_isas(const char** names, int capacity);

// Null when the name is unknown or the CPU lacks the instruction set.
const KernelTable* find_kernels(const char* name);

// GFLOP/s of independent multiply-adds in registers on the calling thread, over about `milliseconds`.
double measure_peak(const KernelTable& kernels, double milliseconds);

}  // namespace atrous
