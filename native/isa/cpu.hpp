// Which instruction sets this CPU and its operating system can run.
#pragma once

namespace atrous {

// One member per instruction set, named as everywhere else; whether this binary holds kernels for it is dispatch's business.
struct CpuFeatures {
  bool scalar;
  bool sse2;
  bool avx2;    // AVX2 and FMA3
  bool avx512;  // AVX-512 F, VL, DQ and BW, and all that avx2 means
  bool neon;
};

// Read from the CPU on first use; the same answer for the life of the process.
const CpuFeatures& cpu_features();

}  // namespace atrous
