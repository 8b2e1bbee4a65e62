#include "kernels/all.hpp"
#include "vec/avx2.hpp"
namespace atrous { constexpr KernelTable avx2_kernels = kernels_for<Avx2>("avx2"); }
