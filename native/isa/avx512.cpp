#include "kernels/all.hpp"
#include "vec/avx512.hpp"
namespace atrous { constexpr KernelTable avx512_kernels = kernels_for<Avx512>("avx512"); }
