// Threads that live as long as the process, and sleeping until a 32-bit word changes.
#pragma once
#include <atomic>
#include <cstdint>

namespace atrous {

// Starts a detached thread; false when the system has none left (std::thread would abort then: no exceptions here). It
// gets no signals, which are the main thread's business, and `name` (≤ 15 characters) in debuggers and top.
bool start_thread(void (*body)(void* context), void* context, const char* name);

// Sleeps while `word` equals `expected`; may also return early. The compare and the going to sleep are one step for
// wake(), so that a change of the word followed by wake() is never missed.
void sleep_while_equal(std::atomic<uint32_t>& word, uint32_t expected);

// Wakes up to `count` threads that sleep on `word`.
void wake(std::atomic<uint32_t>& word, int count);

}  // namespace atrous
