// CPUs by affinity mask and cgroup quota. A container with a quota of two CPUs on a machine of 64 still sees 64 in its
// mask; 64 threads there use up the quota at once and then all wait for the next period (100 ms).
//
// /proc/self/cgroup names the process's group in each hierarchy, /proc/self/mountinfo says where a hierarchy is
// mounted, and from which of its groups on. Limits of ancestors bind too: every folder from the group up to the mount
// point is read.
//   version 2: cpu.max = "<quota or max> <period>"        version 1: cpu.cfs_quota_us (−1: none), cpu.cfs_period_us
#include "plan/cpu_count.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>

#include <vector>
#endif

namespace atrous {
namespace {

#ifdef __linux__

// Empty when the file can't be read.
std::string read_text(const std::string& path) {
  std::string text;
  if (std::FILE* file = std::fopen(path.c_str(), "re")) {
    char block[4096];
    size_t length;
    while ((length = std::fread(block, 1, sizeof block, file)) > 0) text.append(block, length);
    std::fclose(file);
  }
  return text;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool contains(const std::vector<std::string>& parts, const char* part) {
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

// The process's group in the hierarchy that has the cpu controller (version 1) or in the unified one (version 2).
std::string group_path(const std::string& root, bool unified) {
  for (const std::string& line : split(read_text(root + "/proc/self/cgroup"), '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (unified ? controllers.empty() : contains(split(controllers, ','), "cpu")) return line.substr(second + 1);
  }
  return {};
}

// CPUs, rounded up, of one group; 0 without a limit.
int group_quota(const std::string& folder, bool unified) {
  long long quota = 0, period = 0;
  if (unified) {
    if (std::sscanf(read_text(folder + "/cpu.max").c_str(), "%lld %lld", &quota, &period) != 2) return 0;  // also "max"
  } else {
    std::sscanf(read_text(folder + "/cpu.cfs_quota_us").c_str(), "%lld", &quota);
    std::sscanf(read_text(folder + "/cpu.cfs_period_us").c_str(), "%lld", &period);
  }
  if (quota <= 0 || period <= 0) return 0;
  return static_cast<int>(std::min<long long>((quota - 1) / period + 1, INT32_MAX));
}

int affinity_count() {
  // The call fails while the mask is smaller than the kernel's own (1,024 CPUs usually, 8,192 on the largest machines).
  for (size_t words = 16; words <= 4096; words *= 2) {
    std::vector<unsigned long> mask(words);
    if (sched_getaffinity(0, words * sizeof mask[0], reinterpret_cast<cpu_set_t*>(mask.data())) != 0) continue;
    int count = 0;
    for (unsigned long word : mask) count += __builtin_popcountl(word);
    return count;
  }
  return 0;
}

#endif

}  // namespace

#ifdef __linux__

int cgroup_cpu_quota(const char* root) {
  int smallest = 0;
  for (const std::string& line : split(read_text(std::string(root) + "/proc/self/mountinfo"), '\n')) {
    // id parent major:minor group-of-the-mount mount-point options tags… - type source options
    const std::vector<std::string> fields = split(line, ' ');
    const size_t dash = std::find(fields.begin(), fields.end(), "-") - fields.begin();
    if (dash + 3 >= fields.size() || dash < 6) continue;
    const bool unified = fields[dash + 1] == "cgroup2";
    if (!unified && !(fields[dash + 1] == "cgroup" && contains(split(fields[dash + 3], ','), "cpu"))) continue;

    const std::string mount_group = fields[3] == "/" ? "" : fields[3], mount_point = root + fields[4];
    std::string group = group_path(root, unified);
    // A container without a namespace for cgroups reads its path on the host, but sees its own group as the mount's
    // root.
    const bool below = group.compare(0, mount_group.size(), mount_group) == 0 && group[mount_group.size()] == '/';
    group = below ? group.substr(mount_group.size()) : "";
    while (!group.empty() && group.back() == '/') group.pop_back();
    for (;;) {
      const int quota = group_quota(mount_point + group, unified);
      if (quota > 0) smallest = smallest == 0 ? quota : std::min(smallest, quota);
      if (group.empty()) break;
      group.resize(group.rfind('/'));
    }
  }
  return smallest;
}

int cpu_count() {
  int count = affinity_count();
  if (count == 0) count = static_cast<int>(std::thread::hardware_concurrency());
  const int quota = cgroup_cpu_quota("");
  if (quota > 0) count = std::min(count, quota);
  return std::max(count, 1);
}

#else

int cgroup_cpu_quota(const char*) { return 0; }

int cpu_count() { return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1); }

#endif

}  // namespace atrous
