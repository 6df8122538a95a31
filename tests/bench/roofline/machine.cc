#include "tests/bench/roofline/machine.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace inlay::roofline {

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  std::string line, part;
  while (std::getline(file, line)) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string value = line.substr(colon + 2);
    if (line.rfind("model name", 0) == 0) return value;
    if (line.rfind("CPU part", 0) == 0) part = "Arm part " + value;
  }
  return part.empty() ? "unknown" : part;
}

size_t LastLevelCacheBytes() {
  size_t most = 0;
  for (int i = 0; i < 8; ++i) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" +
                       std::to_string(i) + "/size");
    size_t size = 0;
    char unit = 0;
    if (!(file >> size)) continue;
    file >> unit;
    if (unit == 'K') size <<= 10;
    if (unit == 'M') size <<= 20;
    most = std::max(most, size);
  }
  return most > 0 ? most : size_t{32} << 20;
}

size_t MemoryBytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || size <= 0) return size_t{1} << 30;
  return static_cast<size_t>(pages) * static_cast<size_t>(size);
}

}  // namespace inlay::roofline
