// How many CPUs this process may use.
#pragma once

namespace atrous {

// On Linux the smaller of the affinity mask and the CPU quota of the process's cgroups, rounded up; elsewhere the CPUs of the
// machine. At least 1.
int cpu_count();

}  // namespace atrous
