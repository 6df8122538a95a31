#include "cpp/backend/cpu/device_info.h"

#include <cstring>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cpp/base/os_limits.h"
#include "kernels/cpu/linear.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace inlay::backend::cpu {
namespace {

using kernels::cpu::Isa;
using kernels::cpu::IsaSupported;

#if defined(__x86_64__)

// The brand string: leaves 0x80000002 to 0x80000004 of CPUID.
std::string ProcessorName() {
  unsigned words[12] = {};
  if (__get_cpuid_max(0x80000000u, nullptr) < 0x80000004u) return "x86-64";
  for (unsigned i = 0; i < 3; ++i) {
    unsigned* w = words + 4 * i;
    __get_cpuid(0x80000002u + i, w, w + 1, w + 2, w + 3);
  }
  char text[sizeof(words) + 1] = {};
  std::memcpy(text, words, sizeof(words));
  return std::string(absl::StripAsciiWhitespace(text));
}

std::string Features() {
  std::string features = "x86-64";
  if (IsaSupported(Isa::kAvx2)) absl::StrAppend(&features, " avx2");
  if (!IsaSupported(Isa::kAvx512)) return features;
  absl::StrAppend(&features, " avx512");
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  // Intel SDM volume 2, CPUID leaf 7.
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0) {
    if (c & (1u << 11)) absl::StrAppend(&features, " vnni");
    if (d & (1u << 24)) absl::StrAppend(&features, " amx");
  }
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & (1u << 5))) {
    absl::StrAppend(&features, " bf16");
  }
  return features;
}

#else

std::string ProcessorName() { return "processor"; }
std::string Features() { return "generic"; }

#endif

}  // namespace

DeviceInfo DescribeProcessor() {
  const MemoryLimits limits = ReadMemoryLimits();
  DeviceInfo info;
  info.name = "cpu";
  info.description = ProcessorName();
  info.features = Features();
  info.memory_bytes = limits.total_bytes;
  info.free_bytes = limits.available_bytes;
  return info;
}

}  // namespace inlay::backend::cpu
