// Floats that begin or end exactly at an inaccessible page: one read or write beyond them is a fault, and a fault says
// on stderr what was computed and which element was reached before the process dies of it.
#pragma once
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace atrous {

class GuardedFloats {
 public:
  enum class Edge { begin, end };

  GuardedFloats(const char* name, int64_t count, Edge edge) : name_(name), count_(count), next_(newest) {
    const int64_t page = sysconf(_SC_PAGESIZE), bytes = count * static_cast<int64_t>(sizeof(float));
    const int64_t inside = (bytes + page - 1) / page * page;
    size_ = static_cast<size_t>(inside + 2 * page);
    void* const memory = mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    memory_ = static_cast<char*>(memory);
    if (inside > 0 && mprotect(memory_ + page, static_cast<size_t>(inside), PROT_READ | PROT_WRITE) != 0) return;
    data_ = reinterpret_cast<float*>(memory_ + page + (edge == Edge::begin ? 0 : inside - bytes));
    newest = this;
  }
  GuardedFloats(const char* name, const float* from, int64_t count, Edge edge) : GuardedFloats(name, count, edge) {
    if (data_ && count > 0) std::memcpy(data_, from, static_cast<size_t>(count) * sizeof(float));
  }
  ~GuardedFloats() {
    if (newest == this) newest = next_;
    if (memory_) munmap(memory_, size_);
  }
  GuardedFloats(const GuardedFloats&) = delete;
  GuardedFloats& operator=(const GuardedFloats&) = delete;

  explicit operator bool() const { return data_ != nullptr; }
  float* data() { return data_; }
  int64_t size() const { return count_; }

  // Every later access is a fault.
  void withdraw() { mprotect(memory_, size_, PROT_NONE); }

 private:
  friend class FaultReport;

  const char* name_;
  int64_t count_;
  char* memory_ = nullptr;
  size_t size_ = 0;
  float* data_ = nullptr;
  // They live in scopes, the last made the first to go.
  GuardedFloats* next_;
  static inline GuardedFloats* newest = nullptr;
};

// For as long as it lives, faults are reported, `label` first. Then they are what they were before.
class FaultReport {
 public:
  explicit FaultReport(const char* label) {
    current_label = label;
    struct sigaction action{};
    action.sa_sigaction = report;
    action.sa_flags = SA_SIGINFO;
    for (int i = 0; i < 2; ++i) sigaction(signals[i], &action, &previous[i]);
  }
  ~FaultReport() { restore(); }
  FaultReport(const FaultReport&) = delete;
  FaultReport& operator=(const FaultReport&) = delete;

 private:
  // A signal handler may neither allocate nor print: text in place, and write().
  struct Text {
    char characters[1024];
    size_t length = 0;

    void append(const char* text) {
      while (*text && length < sizeof characters) characters[length++] = *text++;
    }
    void append(int64_t number) {
      char digits[24];
      char* first = digits + sizeof digits - 1;
      *first = 0;
      const bool negative = number < 0;
      do {
        *--first = static_cast<char>('0' + (negative ? -(number % 10) : number % 10));
      } while ((number /= 10) != 0);
      if (negative) *--first = '-';
      append(first);
    }
  };

  static void report(int, siginfo_t* info, void*) {
    const char* const address = static_cast<const char*>(info->si_addr);
    Text text;
    text.append("\nProbe: ");
    text.append(current_label);
    text.append(": reached ");
    const GuardedFloats* array = GuardedFloats::newest;
    while (array && !(address >= array->memory_ && address < array->memory_ + array->size_)) array = array->next_;
    if (array) {
      const int64_t bytes = address - reinterpret_cast<const char*>(array->data_);
      text.append("element ");
      text.append(bytes >= 0 ? bytes / 4 : -((3 - bytes) / 4));
      text.append(" of ");
      text.append(array->name_);
      text.append(", which has ");
      text.append(array->count_);
    } else {
      text.append("memory outside of every array");
    }
    text.append("\n");
    if (write(STDERR_FILENO, text.characters, text.length) < 0) _exit(70);
    restore();  // the access is repeated, and ends the process as it always would
  }

  static void restore() {
    for (int i = 0; i < 2; ++i) sigaction(signals[i], &previous[i], nullptr);
  }

  // macOS calls an access that is not allowed a bus error.
  static constexpr int signals[2] = {SIGSEGV, SIGBUS};
  static inline struct sigaction previous[2];
  static inline const char* current_label = "";
};

}  // namespace atrous
