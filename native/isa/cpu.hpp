// Which instruction sets this CPU and its operating system can run.
#pragma once

namespace atrous {

// True for the names of isa/list.inc whose instructions and registers may be used by this process; false for any other
// name.
bool cpu_supports(const char* isa);

bool cpu_is_intel();

// Whether a core begins two multiply-adds of 64 bytes in a cycle, as it does of shorter ones, and not one.
bool cpu_pairs_wide_multiply_adds();

}  // namespace atrous
