#include "cpp/base/os_limits.h"

#include <sched.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <set>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cpp/base/os_files.h"

namespace inlay {
namespace {

constexpr int kMaxProcessors = 1 << 16;

// The number that follows `key` at the start of a line, if any.
std::optional<uint64_t> FindNumber(const std::string& text,
                                   std::string_view key) {
  for (std::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, key)) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    uint64_t value = 0;
    if (absl::SimpleAtoi(line.substr(0, line.find(' ')), &value)) return value;
  }
  return std::nullopt;
}

std::optional<uint64_t> ReadNumber(const std::string& path) {
  uint64_t value = 0;
  if (!absl::SimpleAtoi(ReadSystemFile(path), &value)) return std::nullopt;
  return value;
}

// The folders of this process's control group for a v1 controller, or of the
// unified hierarchy if `controller` is empty; from the group up to the root. A
// container may not see its own path, only the root, which then is its group.
std::vector<std::string> CgroupFolders(const std::string& root,
                                       std::string_view controller) {
  std::vector<std::string> folders;
  std::string mount = absl::StrCat(root, "/sys/fs/cgroup");
  if (!controller.empty()) absl::StrAppend(&mount, "/", controller);
  const std::string groups = ReadSystemFile(root + "/proc/self/cgroup");
  for (std::string_view line : absl::StrSplit(groups, '\n')) {
    const std::vector<std::string_view> fields =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    const std::vector<std::string_view> names = absl::StrSplit(fields[1], ',');
    if (std::find(names.begin(), names.end(), controller) == names.end()) {
      continue;
    }
    std::string_view path = fields[2];
    while (path.size() > 1) {
      folders.push_back(absl::StrCat(mount, path));
      path = path.substr(0, path.rfind('/'));
    }
  }
  folders.push_back(mount);
  return folders;
}

int ProcessorsOf(int64_t quota, int64_t period) {
  if (quota <= 0 || period <= 0) return 0;
  const int64_t whole = (quota - 1) / period + 1;
  return static_cast<int>(std::min<int64_t>(whole, kMaxProcessors));
}

// cpu.max of cgroup v2 holds "quota period" or "max period" (Linux kernel,
// Documentation/admin-guide/cgroup-v2.rst).
int ParseCpuMax(const std::string& text) {
  const std::vector<std::string_view> fields =
      absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  int64_t quota = 0;
  int64_t period = 0;
  if (fields.size() < 2 || !absl::SimpleAtoi(fields[0], &quota) ||
      !absl::SimpleAtoi(fields[1], &period)) {
    return 0;
  }
  return ProcessorsOf(quota, period);
}

// A memory limit and what counts against it, from one control group.
struct GroupMemory {
  std::optional<uint64_t> limit, usage, reclaimable;
};

void Apply(const GroupMemory& group, MemoryLimits* limits) {
  if (!group.limit || *group.limit == 0) return;
  limits->total_bytes = std::min(limits->total_bytes, *group.limit);
  // File pages that were not used lately are given back under pressure.
  uint64_t used = group.usage.value_or(0);
  used -= std::min(used, group.reclaimable.value_or(0));
  const uint64_t free = *group.limit - std::min(*group.limit, used);
  limits->available_bytes = std::min(limits->available_bytes, free);
}

}  // namespace

std::vector<int> AllowedProcessors() {
  std::vector<int> processors;
  // The kernel refuses a mask smaller than its own; the size is not known.
  for (int count = 1024; count <= kMaxProcessors; count *= 4) {
    std::vector<unsigned long> mask(static_cast<size_t>(count) /
                                    (8 * sizeof(unsigned long)));
    const size_t bytes = mask.size() * sizeof(unsigned long);
    cpu_set_t* set = reinterpret_cast<cpu_set_t*>(mask.data());
    if (sched_getaffinity(0, bytes, set) != 0) continue;
    for (int i = 0; i < count; ++i) {
      if (CPU_ISSET_S(i, bytes, set)) processors.push_back(i);
    }
    break;
  }
  return processors;
}

int CountPhysicalCores(const std::vector<int>& processors,
                       const std::string& root) {
  std::set<std::string> cores;
  for (int processor : processors) {
    const std::string folder = absl::StrCat(root, "/sys/devices/system/cpu/cpu",
                                            processor, "/topology/");
    std::string siblings = ReadSystemFile(folder + "core_cpus_list");
    if (siblings.empty()) {
      siblings = ReadSystemFile(folder + "thread_siblings_list");
    }
    if (siblings.empty()) siblings = absl::StrCat(processor);
    cores.insert(siblings);
  }
  return static_cast<int>(cores.size());
}

int CgroupProcessorQuota(const std::string& root) {
  int best = 0;
  const auto tighten = [&best](int granted) {
    if (granted > 0 && (best == 0 || granted < best)) best = granted;
  };
  for (const std::string& folder : CgroupFolders(root, "")) {
    tighten(ParseCpuMax(ReadSystemFile(folder + "/cpu.max")));
  }
  for (const std::string& folder : CgroupFolders(root, "cpu")) {
    int64_t quota = 0;  // -1: none
    int64_t period = 0;
    if (absl::SimpleAtoi(ReadSystemFile(folder + "/cpu.cfs_quota_us"),
                         &quota) &&
        absl::SimpleAtoi(ReadSystemFile(folder + "/cpu.cfs_period_us"),
                         &period)) {
      tighten(ProcessorsOf(quota, period));
    }
  }
  return best;
}

MemoryLimits ReadMemoryLimits(const std::string& root) {
  const std::string info = ReadSystemFile(root + "/proc/meminfo");

  const auto kib = [&info](std::string_view key) {
    constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max() / 1024;
    return std::min(FindNumber(info, key).value_or(0), kMax) * 1024;
  };
  MemoryLimits limits;
  limits.total_bytes = kib("MemTotal:");
  limits.available_bytes = kib("MemAvailable:");
  for (const std::string& folder : CgroupFolders(root, "")) {
    Apply({.limit = ReadNumber(folder + "/memory.max"),
           .usage = ReadNumber(folder + "/memory.current"),
           .reclaimable = FindNumber(ReadSystemFile(folder + "/memory.stat"),
                                     "inactive_file ")},
          &limits);
  }
  for (const std::string& folder : CgroupFolders(root, "memory")) {
    Apply({.limit = ReadNumber(folder + "/memory.limit_in_bytes"),
           .usage = ReadNumber(folder + "/memory.usage_in_bytes"),
           .reclaimable = FindNumber(ReadSystemFile(folder + "/memory.stat"),
                                     "total_inactive_file ")},
          &limits);
  }
  return limits;
}

}  // namespace inlay
