// Instruction sets by cpuid, and xgetbv for the registers that the operating system saves on a task switch. Not
// __builtin_cpu_supports: MSVC has none, and zig's runtime library lacks the table it reads.
#include "isa/cpu.hpp"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__) || defined(_M_X64)
#define ATROUS_X64 1
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

namespace atrous {
namespace {

#if defined(ATROUS_X64)

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero when the CPU has no such leaf.
Registers cpuid(uint32_t leaf) {
  Registers registers;
#if defined(_MSC_VER)
  int values[4];
  __cpuid(values, 0);
  if (leaf > static_cast<uint32_t>(values[0])) return registers;
  __cpuidex(values, static_cast<int>(leaf), 0);
  std::memcpy(&registers, values, sizeof registers);
#else
  __get_cpuid_count(leaf, 0, &registers.eax, &registers.ebx, &registers.ecx, &registers.edx);
#endif
  return registers;
}

// XCR0: one bit per kind of register that the operating system saves. Only where cpuid shows OSXSAVE.
uint64_t saved_registers() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
#endif
}

constexpr bool has_bits(uint64_t value, uint64_t bits) { return (value & bits) == bits; }

constexpr uint32_t amd = 0x68747541, intel = 0x756e6547;  // leaf 0, ebx: "Auth", "Genu"

// Whether the two multiply-add units of a core do 64 bytes each. Zen 4 joins its two of 32 bytes, as laptops of Intel do
// (Ice Lake, Tiger Lake, Rocket Lake); servers of Intel and Zen 5 have two. The oldest servers with one, by their names
// only, count as two.
bool pairs_of_wide_units(uint32_t vendor) {
  const Registers signature = cpuid(1);
  const uint32_t base = signature.eax >> 8 & 0xf;
  const uint32_t family = base == 0xf ? base + (signature.eax >> 20 & 0xff) : base;
  const uint32_t model = (signature.eax >> 4 & 0xf) | (signature.eax >> 12 & 0xf0);
  if (vendor == amd) return family >= 0x1a;
  if (vendor != intel) return false;
  constexpr uint32_t laptops[] = {0x66, 0x7d, 0x7e, 0x8c, 0x8d, 0xa7};
  for (const uint32_t laptop : laptops) {
    if (model == laptop) return false;
  }
  return true;
}

struct X64 {
  bool avx2 = false, avx512 = false, wide_pairs = false;
  uint32_t vendor = cpuid(0).ebx;

  X64() {
    constexpr uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28;                             // leaf 1, ecx
    constexpr uint32_t avx2_bit = 1u << 5, f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;  // leaf 7, ebx
    constexpr uint64_t xmm_ymm = 0x06, masks_zmm = 0xe0;                                               // XCR0
    if (!has_bits(cpuid(1).ecx, osxsave | avx | fma)) return;
    uint64_t saved = saved_registers();
#if defined(__APPLE__)
    saved |= masks_zmm;  // macOS sets these bits on a thread's first AVX-512 instruction, and saves the registers from
                         // then on.
#endif
    const uint32_t leaf7 = cpuid(7).ebx;
    avx2 = has_bits(leaf7, avx2_bit) && has_bits(saved, xmm_ymm);
    avx512 = avx2 && has_bits(leaf7, f | dq | bw | vl) && has_bits(saved, masks_zmm);
    wide_pairs = avx512 && pairs_of_wide_units(vendor);
  }
};

const X64& this_cpu() {
  static const X64 cpu;
  return cpu;
}

#endif

}  // namespace

bool cpu_is_intel() {
#if defined(ATROUS_X64)
  return this_cpu().vendor == intel;
#else
  return false;
#endif
}

bool cpu_pairs_wide_multiply_adds() {
#if defined(ATROUS_X64)
  return this_cpu().wide_pairs;
#else
  return false;
#endif
}

bool cpu_supports(const char* isa) {
  const auto is = [isa](const char* name) { return std::strcmp(isa, name) == 0; };
#if defined(ATROUS_X64)
  const X64& cpu = this_cpu();
  if (is("avx512")) return cpu.avx512;
  if (is("avx2")) return cpu.avx2;
  if (is("sse2")) return true;  // part of x86-64
#elif defined(__aarch64__) || defined(_M_ARM64)
  if (is("neon")) return true;  // part of AArch64
#endif
  return is("scalar");
}

}  // namespace atrous
