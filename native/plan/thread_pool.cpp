// Callers put their work on one of a few boards with seats at it; helpers take a seat, draw items, and leave.
//
// Nobody waits for a helper that has not sat down: a caller that runs out of items closes its board, and waits for
// those at it only. So a helper that is asleep, busy elsewhere or without a CPU costs nothing, and callers can't block
// one another. Boards are static and the helpers detached: no destructor joins anything at exit, and a helper that
// looks at a board too late looks at valid memory.
#include "plan/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "plan/cpu_count.hpp"
#include "plan/thread.hpp"

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace atrous {
namespace {

// More callers than this at one time work alone; with that many, every CPU has work already.
constexpr int board_count = 8;

// How long an idle helper, or a caller whose helpers are still at it, looks before it sleeps. Waking a sleeper takes
// the caller 2 µs and the helper 50 µs; the layers of a network follow each other within 5–30 µs.
constexpr auto spin_time = std::chrono::microseconds(50);

// Words that different threads write lie on different cache lines, in pairs since CPUs fetch pairs.
struct alignas(128) Board {
  std::atomic<bool> taken{false};
  std::atomic<bool> caller_sleeps{false};
  void (*body)(void*, int64_t, int) = nullptr;
  void* context = nullptr;
  int64_t items = 0;
  alignas(128) std::atomic<int> seats{0};     // free ones; 0 while the board is closed
  alignas(128) std::atomic<int64_t> next{0};  // item to draw
  // Helpers that left − helpers that sat down, the latter once the board closed.
  alignas(128) std::atomic<uint32_t> balance{0};
};

Board boards[board_count];
alignas(128) std::atomic<uint32_t> opened{0};  // counts boards opened: idle helpers watch it
alignas(128) std::atomic<int> watching{0};     // helpers that spin
std::atomic<int> sleeping{0};                  // helpers that sleep
std::atomic<int> helpers{0};                   // helpers that exist
std::atomic<int> helper_limit{max_threads - 1};

void pause() {
#if defined(_MSC_VER) && defined(_M_X64)
  _mm_pause();
#elif defined(_MSC_VER)
  __yield();
#elif defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// True as soon as `done` is, false after spin_time. With more threads than CPUs whoever spins keeps another from
// working.
template <class Condition>
bool spin_until(Condition done) {
  if (done()) return true;
  static const int cpus = cpu_count();
  if (helpers.load(std::memory_order_relaxed) >= cpus) return false;
  const auto end = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int i = 0; i < 16; i++) {
      pause();
      if (done()) return true;
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

void draw_items(Board& board, int worker) {
  for (;;) {
    const int64_t item = board.next.fetch_add(1, std::memory_order_relaxed);
    if (item >= board.items) return;
    board.body(board.context, item, worker);
  }
}

bool help_at(Board& board) {
  int seat = board.seats.load(std::memory_order_relaxed);
  while (seat > 0) {
    if (!board.seats.compare_exchange_weak(seat, seat - 1, std::memory_order_acquire, std::memory_order_relaxed))
      continue;
    draw_items(board, seat);
    // Zero only for the last to leave a closed board. From here on the board may be another caller's.
    const bool last = board.balance.fetch_add(1, std::memory_order_seq_cst) + 1 == 0;
    if (last && board.caller_sleeps.load(std::memory_order_seq_cst)) wake(board.balance, 1);
    return true;
  }
  return false;
}

void help(void*) {
  for (;;) {
    const uint32_t seen = opened.load(std::memory_order_seq_cst);
    bool helped = false;
    for (Board& board : boards) helped = help_at(board) || helped;
    if (helped) continue;
    const auto news = [seen] { return opened.load(std::memory_order_seq_cst) != seen; };
    watching.fetch_add(1, std::memory_order_seq_cst);
    const bool woken = spin_until(news);
    watching.fetch_sub(1, std::memory_order_seq_cst);
    if (woken) continue;
    sleeping.fetch_add(1, std::memory_order_seq_cst);
    if (!news()) sleep_while_equal(opened, seen);
    sleeping.fetch_sub(1, std::memory_order_relaxed);
  }
}

void start_helpers(int wanted) {
  wanted = std::min(wanted, helper_limit.load(std::memory_order_relaxed));
  int have = helpers.load(std::memory_order_relaxed);
  while (have < wanted) {
    if (!helpers.compare_exchange_weak(have, have + 1, std::memory_order_relaxed)) continue;
    if (!start_thread(help, nullptr, "atrous")) {
      helper_limit.store(helpers.fetch_sub(1, std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      return;
    }
    have++;
  }
}

Board* take_board() {
  for (Board& board : boards) {
    if (!board.taken.load(std::memory_order_relaxed) && !board.taken.exchange(true, std::memory_order_acquire))
      return &board;
  }
  return nullptr;
}

// Sleepers are woken for the seats that watchers do not fill.
void call_helpers(int seats) {
  const int missing = seats - watching.load(std::memory_order_seq_cst);
  if (missing > 0 && sleeping.load(std::memory_order_seq_cst) > 0) wake(opened, missing);
}

}  // namespace

void parallel_for(int threads, int64_t items, void (*body)(void* context, int64_t item, int worker), void* context) {
  const int seats = static_cast<int>(std::min<int64_t>(std::min(threads, max_threads), items)) - 1;
  Board* const board = seats > 0 ? take_board() : nullptr;
  if (board == nullptr) {
    for (int64_t item = 0; item < items; item++) body(context, item, 0);
    return;
  }
  start_helpers(seats);

  board->body = body;
  board->context = context;
  board->items = items;
  board->next.store(1, std::memory_order_relaxed);  // item 0 is the caller's
  board->seats.store(seats, std::memory_order_release);
  opened.fetch_add(1, std::memory_order_seq_cst);
  call_helpers(seats);

  body(context, 0, 0);
  for (;;) {
    const int64_t item = board->next.fetch_add(1, std::memory_order_relaxed);
    if (item >= items) break;
    // Two callers may have counted on the same watcher: ask again while seats are free.
    const int free_seats = board->seats.load(std::memory_order_relaxed);
    if (free_seats > 0) call_helpers(free_seats);
    body(context, item, 0);
  }

  const uint32_t seated = static_cast<uint32_t>(seats - board->seats.exchange(0, std::memory_order_relaxed));
  uint32_t balance = board->balance.fetch_sub(seated, std::memory_order_acquire) - seated;
  const auto all_left = [&] { return (balance = board->balance.load(std::memory_order_seq_cst)) == 0; };
  if (balance != 0 && !spin_until(all_left)) {
    board->caller_sleeps.store(true, std::memory_order_seq_cst);
    while (!all_left()) sleep_while_equal(board->balance, balance);
    board->caller_sleeps.store(false, std::memory_order_relaxed);
  }
  board->taken.store(false, std::memory_order_release);
}

}  // namespace atrous
