#include "kernels/all.hpp"
#include "vec/sse2.hpp"
namespace atrous { constexpr KernelTable sse2_kernels = kernels_for<Sse2>("sse2"); }
