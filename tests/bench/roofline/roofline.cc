// What this machine can do at most: bytes read per second from memory, and
// multiply-accumulates per second of each dot-product instruction.
//
//   roofline [--json] [--threads=1,2] [--rounds=7]
//
// Figures are the best of several rounds, in which everything measured takes
// turns. An instruction that this processor has not is listed as absent, in
// JSON as null.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/roofline/bandwidth.h"
#include "tests/bench/roofline/machine.h"
#include "tests/bench/roofline/parallel.h"
#include "tests/bench/roofline/peaks.h"

namespace inlay::roofline {
namespace {

// Instructions of one measurement: some milliseconds.
constexpr int64_t kInstructions = 12'000'000;
// AMX instructions take at least 16 cycles.
constexpr int64_t kTileInstructions = 1'000'000;

struct Options {
  bool json = false;
  int rounds = 7;
  std::vector<int> threads;  // ascending
};

// Best GMAC/s by the number of sums.
using BySums = std::map<int, double>;

struct Peak {
  const Instruction* instruction;
  std::map<int, BySums> by_threads;
};

double Best(const BySums& speeds) {
  double best = 0;
  for (const auto& [sums, speed] : speeds) best = std::max(best, speed);
  return best;
}

double Measure(const Instruction& instruction, const Loop& loop, int threads) {
  const int64_t total =
      instruction.products > 1000 ? kTileInstructions : kInstructions;
  const int64_t repetitions = total / loop.sums;
  const double seconds = RunTogether(threads, [&](int) {
    if (instruction.prepare != nullptr) instruction.prepare();
    loop.run(repetitions);
  });
  return static_cast<double>(repetitions * loop.sums) * threads *
         instruction.products * 1e-9 / seconds;
}

std::vector<Peak> MeasurePeaks(const std::vector<Instruction>& instructions,
                               const Options& options) {
  std::vector<Peak> peaks;
  for (const Instruction& i : instructions) peaks.push_back({&i, {}});
  for (int round = 0; round < options.rounds; ++round) {
    for (Peak& peak : peaks) {
      if (!peak.instruction->present) continue;
      for (int threads : options.threads) {
        for (const Loop& loop : peak.instruction->loops) {
          double& best = peak.by_threads[threads][loop.sums];
          best = std::max(best, Measure(*peak.instruction, loop, threads));
        }
      }
    }
  }
  return peaks;
}

void PrintText(const std::vector<Bandwidth>& reads,
               const std::vector<Peak>& peaks) {
  std::printf("%s, %d processors\n", ProcessorName().c_str(),
              UsableProcessors());
  std::printf("\nReading %zu MiB:\n", BandwidthBufferBytes() >> 20);
  for (const Bandwidth& read : reads) {
    std::printf("  %3d threads %8.1f GB/s  (%s)\n", read.threads, read.gb_per_s,
                read.how.c_str());
  }
  std::printf("\nGMAC/s, and by the number of independent sums:\n");
  for (const Peak& peak : peaks) {
    const char* const name = peak.instruction->name.c_str();
    if (!peak.instruction->present) std::printf("  %-16s absent\n", name);
    for (const auto& [threads, speeds] : peak.by_threads) {
      std::printf("  %-16s %3d threads %8.1f  (", name, threads, Best(speeds));
      const char* separator = "";
      for (const auto& [sums, speed] : speeds) {
        std::printf("%s%d: %.1f", separator, sums, speed);
        separator = ", ";
      }
      std::printf(")\n");
    }
  }
}

void PrintJson(const std::vector<Bandwidth>& reads,
               const std::vector<Peak>& peaks) {
  std::string name = ProcessorName();
  std::erase_if(name, [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ';
  });
  std::printf("{\"processor\": \"%s\", \"threads\": %d, \"read_bytes\": %zu, ",
              name.c_str(), UsableProcessors(), BandwidthBufferBytes());
  std::printf("\"read_gb_per_s\": {");
  const char* separator = "";
  for (const Bandwidth& read : reads) {
    std::printf("%s\"%d\": %.2f", separator, read.threads, read.gb_per_s);
    separator = ", ";
  }
  std::printf("}, \"gmac_per_s\": {");
  separator = "";
  for (const Peak& peak : peaks) {
    std::printf("%s\"%s\": ", separator, peak.instruction->name.c_str());
    separator = "{";
    if (!peak.instruction->present) std::printf("null");
    for (const auto& [threads, speeds] : peak.by_threads) {
      std::printf("%s\"%d\": %.2f", separator, threads, Best(speeds));
      separator = ", ";
    }
    if (peak.instruction->present) std::printf("}");
    separator = ", ";
  }
  std::printf("}}\n");
}

// One to eight, then twice as many each time, and all.
std::vector<int> AllCounts() {
  const int most = UsableProcessors();
  std::vector<int> counts;
  for (int n = 1; n < most; n = n < 8 ? n + 1 : 2 * n) counts.push_back(n);
  counts.push_back(most);
  return counts;
}

bool ParseThreads(const char* text, std::vector<int>* threads) {
  while (*text != '\0') {
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10);
    if (end == text || n < 1 || n > 4096) return false;
    threads->push_back(static_cast<int>(n));
    text = *end == ',' ? end + 1 : end;
    if (*end != ',' && *end != '\0') return false;
  }
  std::sort(threads->begin(), threads->end());
  return !threads->empty();
}

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const char* const argument = argv[i];
    if (std::strcmp(argument, "--json") == 0) {
      options->json = true;
    } else if (std::strncmp(argument, "--rounds=", 9) == 0) {
      options->rounds = std::atoi(argument + 9);
    } else if (std::strncmp(argument, "--threads=", 10) != 0 ||
               !ParseThreads(argument + 10, &options->threads)) {
      return false;
    }
  }
  if (options->threads.empty()) options->threads = AllCounts();
  return options->rounds > 0;
}

}  // namespace
}  // namespace inlay::roofline

int main(int argc, char** argv) {
  using namespace inlay::roofline;
  Options options;
  if (!Parse(argc, argv, &options)) {
    std::fprintf(stderr,
                 "usage: roofline [--json] [--threads=1,2] [--rounds=7]\n");
    return 2;
  }
  std::vector<Instruction> instructions;
  AddX86Instructions(&instructions);
  AddAmxInstructions(&instructions);
  AddArmInstructions(&instructions);
  const std::vector<Bandwidth> reads =
      MeasureBandwidth(options.threads, options.rounds);
  const std::vector<Peak> peaks = MeasurePeaks(instructions, options);
  options.json ? PrintJson(reads, peaks) : PrintText(reads, peaks);
  return 0;
}
