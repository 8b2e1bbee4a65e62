#include "kernels/all.hpp"
#include "vec/scalar.hpp"
namespace atrous { constexpr KernelTable scalar_kernels = kernels_for<Scalar>("scalar"); }
