#include "plan/workspace.hpp"

#include <algorithm>
#include <mutex>

namespace atrous {
namespace {

// What is larger goes back to the system: 1 GiB serves any layer that runs often.
constexpr int64_t largest_kept = int64_t{1} << 30;

// Idle buffers. Runs at the same time (async beside sync, worker threads) each hold one; more than eight at once are
// rare, and what finds no place is freed.
struct Store {
  static constexpr int capacity = 8;
  std::mutex mutex;
  AlignedFloats idle[capacity];
};

// Storage without a destructor: worker threads may still run while the process exits.
Store& store() {
  alignas(Store) static unsigned char memory[sizeof(Store)];
  static Store* const instance = new (memory) Store;
  return *instance;
}

// The smallest idle buffer that suffices, or none.
AlignedFloats take(int64_t floats) {
  Store& s = store();
  const std::lock_guard<std::mutex> lock(s.mutex);
  AlignedFloats* best = nullptr;
  AlignedFloats* largest = nullptr;
  for (AlignedFloats& buffer : s.idle) {
    if (!buffer) continue;
    if (buffer.size() >= floats && (!best || buffer.size() < best->size())) best = &buffer;
    if (!largest || buffer.size() > largest->size()) largest = &buffer;
  }
  if (best) return std::move(*best);
  // Nothing is large enough: the largest gives its place to the one that will be allocated, so that growing problems
  // don't leave a trail of outgrown buffers.
  if (largest) AlignedFloats(std::move(*largest));
  return {};
}

void give_back(AlignedFloats buffer) {
  if (buffer.size_bytes() > largest_kept) return;
  Store& s = store();
  const std::lock_guard<std::mutex> lock(s.mutex);
  for (AlignedFloats& place : s.idle) {
    if (!place) {
      place = std::move(buffer);
      return;
    }
  }
}

}  // namespace

Workspace::Workspace(int64_t floats) : buffer_(take(floats)) {
  if (buffer_) return;
  buffer_ = AlignedFloats(floats);
  if (buffer_) std::fill_n(buffer_.data(), floats, 0.0f);
}

Workspace::~Workspace() {
  if (buffer_) give_back(std::move(buffer_));
}

}  // namespace atrous
