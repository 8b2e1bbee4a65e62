// Even division of work: n things in the fewest parts of at most `limit` (one empty part for none), sizes differing by
// one at most.
#pragma once
#include <cstdint>

namespace atrous {

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Split {
  int64_t total, parts;
  int64_t smaller, larger;  // size of the last part; how many parts, the first ones, are larger by one

  static Split at_most(int64_t total, int64_t limit) { return into(total, total > 0 ? ceil_div(total, limit) : 1); }
  static Split into(int64_t total, int64_t parts) { return {total, parts, total / parts, total % parts}; }

  // No division: these stand in the innermost loops around kernels.
  int64_t begin(int64_t part) const { return part * smaller + (part < larger ? part : larger); }
  int64_t end(int64_t part) const { return begin(part + 1); }
  int64_t size(int64_t part) const { return smaller + (part < larger ? 1 : 0); }
  int64_t largest() const { return size(0); }

  // Calls body(size, how many parts have it) for the two sizes there are at most.
  template <class Body>
  void each_size(Body body) const {
    if (larger > 0) body(smaller + 1, larger);
    body(smaller, parts - larger);
  }
};

// Threads worth waking for `multiply_adds`: half a million take 9 µs at the AVX-512 peak measured here, about three
// times what it costs to wake a sleeping thread and to join it.
inline int useful_threads(int threads, double multiply_adds) {
  const double useful = multiply_adds / 500'000.0;
  return useful < 1 ? 1 : useful < threads ? static_cast<int>(useful) : threads;
}

}  // namespace atrous
