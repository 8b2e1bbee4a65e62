// One pool of helper threads for the whole process: parallel_for shares items between the caller and helpers.
#pragma once
#include <cstdint>
#include <type_traits>

namespace atrous {

// The most threads, caller included, that one parallel_for uses. Plans clamp to it, so that scratch per thread is
// bounded too.
constexpr int max_threads = 512;

// Calls body(context, item, worker) once for every item in [0, items), on at most `threads` threads, and returns when
// all are done. `worker` < threads tells which of them runs, for scratch of its own; the caller is worker 0 and takes
// part.
//
// Items are handed out one at a time, in order, from an atomic counter (about 50 ns each between two cores): make them
// 10 µs or longer. Which worker gets an item is not fixed, so an item's result must not depend on it.
//
// Any number of threads may call at the same time: each call offers seats, free helpers take them, and a caller waits
// only for helpers that did sit down. With every helper busy elsewhere, or none to be had, it does all items itself.
// Nothing is allocated once the helpers exist. A body must not call parallel_for, unless for one thread.
void parallel_for(int threads, int64_t items, void (*body)(void* context, int64_t item, int worker), void* context);

// The same for a callable body(item, worker), without a copy of it.
template <class Body>
void parallel_for(int threads, int64_t items, Body&& body) {
  using Callable = std::remove_reference_t<Body>;
  parallel_for(
      threads, items, [](void* context, int64_t item, int worker) { (*static_cast<Callable*>(context))(item, worker); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace atrous
