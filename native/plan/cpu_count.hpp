// How many CPUs this process may use.
#pragma once

namespace atrous {

// On Linux the smaller of the calling thread's affinity mask and the CPU quotas of the process's cgroups and their
// ancestors, rounded up; elsewhere the CPUs of the machine. At least 1.
int cpu_count();

// The smallest CPU quota in whole CPUs, rounded up; 0 when there is none. `root` stands before every path that is read,
// so that tests can lay out a hierarchy of their own.
int cgroup_cpu_quota(const char* root);

}  // namespace atrous
