// Which instruction sets this CPU and its operating system can run.
#pragma once

namespace atrous {

// True for the names of isa/list.inc whose instructions and registers may be used by this process; false for any other
// name.
bool cpu_supports(const char* isa);

}  // namespace atrous
