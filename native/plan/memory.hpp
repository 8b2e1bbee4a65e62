// 64-byte aligned memory for weights and scratch whose failure is a null pointer: never an exception, never an abort.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace atrous {

// A cache line and a 512-bit vector: an aligned load never straddles two lines.
constexpr uint64_t memory_alignment = 64;

// So many floats, rounded up to whole blocks: parts of a workspace begin at cache lines.
inline int64_t whole_lines(int64_t floats) {
  constexpr auto line = static_cast<int64_t>(memory_alignment / sizeof(float));
  return (floats + line - 1) / line * line;
}

// Memory for `bytes`, rounded up to whole 64-byte blocks (a full vector may be read or written at the end); nullptr
// when there is none or the size does not fit an address. Zero bytes give a valid pointer, so that nullptr means
// failure only.
void* allocate_aligned(uint64_t bytes);
void free_aligned(void* memory);

// Asks for huge pages where this memory fills whole ones, which count from the first touch of each on.
void prefer_huge_pages(void* memory, uint64_t bytes);
constexpr uint64_t huge_pages_from = uint64_t{4} << 20;

// Calls of allocate_aligned in this process so far: a run that should allocate nothing leaves it unchanged.
int64_t allocation_count();

// Owns `count` uninitialised values; empty (false) when the allocation failed.
template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable<T>::value && std::is_trivially_destructible<T>::value, "raw memory only");

 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(int64_t count) {
    if (count < 0 || static_cast<uint64_t>(count) > UINT64_MAX / sizeof(T)) return;
    data_ = static_cast<T*>(allocate_aligned(static_cast<uint64_t>(count) * sizeof(T)));
    if (data_) size_ = count;
  }
  ~AlignedBuffer() { free_aligned(data_); }
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  explicit operator bool() const { return data_ != nullptr; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  int64_t size() const { return size_; }
  int64_t size_bytes() const { return size_ * static_cast<int64_t>(sizeof(T)); }
  T& operator[](int64_t index) { return data_[index]; }
  const T& operator[](int64_t index) const { return data_[index]; }

 private:
  T* data_ = nullptr;
  int64_t size_ = 0;
};

using AlignedFloats = AlignedBuffer<float>;
using AlignedBytes = AlignedBuffer<unsigned char>;

}  // namespace atrous
