#include "kernels/all.hpp"
#include "vec/neon.hpp"
namespace atrous { constexpr KernelTable neon_kernels = kernels_for<Neon>("neon"); }
