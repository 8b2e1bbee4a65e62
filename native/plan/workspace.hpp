// Scratch memory for one run, lent from a small process-wide store: a repeated run allocates nothing.
#pragma once
#include <cstdint>

#include "plan/memory.hpp"

namespace atrous {

// Borrows at least `floats` floats, 64-byte aligned and uninitialised, and gives them back at the end of the scope.
class Workspace {
 public:
  explicit Workspace(int64_t floats);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  explicit operator bool() const { return static_cast<bool>(buffer_); }
  float* data() { return buffer_.data(); }

 private:
  AlignedFloats buffer_;
};

}  // namespace atrous
