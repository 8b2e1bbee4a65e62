// Floats that end (or begin) exactly at an inaccessible page: one read or write beyond them is a segmentation fault.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace atrous {

class GuardedFloats {
 public:
  enum class Edge { begin, end };

  GuardedFloats(int64_t count, Edge edge) {
    const int64_t page = sysconf(_SC_PAGESIZE), bytes = count * static_cast<int64_t>(sizeof(float));
    const int64_t inside = (bytes + page - 1) / page * page;
    size_ = static_cast<size_t>(inside + 2 * page);
    memory_ = static_cast<char*>(mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (inside > 0) mprotect(memory_ + page, static_cast<size_t>(inside), PROT_READ | PROT_WRITE);
    data_ = reinterpret_cast<float*>(memory_ + page + (edge == Edge::begin ? 0 : inside - bytes));
  }
  GuardedFloats(const float* from, int64_t count, Edge edge) : GuardedFloats(count, edge) {
    if (count > 0) std::memcpy(data_, from, static_cast<size_t>(count) * sizeof(float));
  }
  ~GuardedFloats() { munmap(memory_, size_); }
  GuardedFloats(const GuardedFloats&) = delete;
  GuardedFloats& operator=(const GuardedFloats&) = delete;

  float* data() { return data_; }

 private:
  char* memory_;
  size_t size_;
  float* data_;
};

}  // namespace atrous
