// Scratch memory for one run, lent from a small process-wide store: a repeated run allocates nothing.
#pragma once
#include <algorithm>
#include <cstdint>

#include "plan/memory.hpp"

namespace atrous {

// Borrows at least `floats` floats, 64-byte aligned, and gives them back at the end of the scope. They hold zeros or what
// runs before left there.
//
// Kernels take whole vectors, and compute with what stands beyond the data to no effect, unless it is a subnormal number:
// on Intel each such multiply-add takes 150 cycles, and some layers took ten times as long. As floats, small integers and
// halves of pointers are subnormal: memory from the system is cleared, and so are the lists that a run keeps in it, once
// they are done with.
class Workspace {
 public:
  explicit Workspace(int64_t floats);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  explicit operator bool() const { return static_cast<bool>(buffer_); }
  float* data() { return buffer_.data(); }
  int64_t size() const { return buffer_.size(); }  // may be more than was asked for

 private:
  AlignedFloats buffer_;
};

// Of what a run kept there that are no floats.
inline void clear_list(float* begin, const float* end) { std::fill(begin, begin + (end - begin), 0.0f); }

}  // namespace atrous
