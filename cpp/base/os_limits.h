// What this process may use of the machine: processors and memory, with
// affinity, control groups (v1 and v2) and the processor topology respected.
#ifndef INLAY_BASE_OS_LIMITS_H_
#define INLAY_BASE_OS_LIMITS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace inlay {

// Processors in the affinity mask of the calling thread, ascending. Empty if
// the system does not say.
std::vector<int> AllowedProcessors();

// `root` is put in front of /proc and /sys; tests point it at a folder.

// Distinct physical cores among `processors`.
int CountPhysicalCores(const std::vector<int>& processors,
                       const std::string& root = "");
// Whole processors that the CPU quota of the control group grants, rounded up;
// 0 if there is no quota.
int CgroupProcessorQuota(const std::string& root = "");

struct MemoryLimits {
  uint64_t total_bytes = 0;      // of the machine, or of the control group
  uint64_t available_bytes = 0;  // can be had without swapping
};
MemoryLimits ReadMemoryLimits(const std::string& root = "");

}  // namespace inlay

#endif  // INLAY_BASE_OS_LIMITS_H_
