#include "tests/serving/load_process.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace inlay::serving {
namespace {

int CountEntries(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<int>(std::distance(begin(entries), end(entries)));
}

}  // namespace

ProcessUse MeasureProcess() {
  ProcessUse use;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, colon);
    if (key == "VmRSS") use.resident = std::stoll(line.substr(colon + 1)) << 10;
    if (key == "VmHWM") {
      use.peak_resident = std::stoll(line.substr(colon + 1)) << 10;
    }
  }
  use.threads = CountEntries("/proc/self/task");
  use.descriptors = CountEntries("/proc/self/fd");
  return use;
}

}  // namespace inlay::serving
