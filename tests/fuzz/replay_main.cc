// Feeds the committed corpus of a fuzz target to it, file by file, and seeded
// mutations of each: what a compiler without libFuzzer can still check.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int kMutationsPerFile = 64;

std::vector<uint8_t> ReadFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// An exact-size heap copy, so that a read past its end is seen.
void RunOnce(const std::vector<uint8_t>& input) {
  const std::vector<uint8_t> copy(input);
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

void RunMutations(const std::vector<uint8_t>& input, std::mt19937& random) {
  for (int i = 0; i < kMutationsPerFile && !input.empty(); ++i) {
    std::vector<uint8_t> mutated = input;
    if (i % 4 == 0) mutated.resize(random() % mutated.size());
    const size_t flips = 1 + random() % 4;
    for (size_t flip = 0; flip < flips && !mutated.empty(); ++flip) {
      mutated[random() % mutated.size()] ^=
          static_cast<uint8_t>(1u << (random() % 8));
    }
    RunOnce(mutated);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::mt19937 random(20240229);
  int files = 0;
  RunOnce({});
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) continue;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      const std::vector<uint8_t> input = ReadFile(entry.path());
      RunOnce(input);
      RunMutations(input, random);
      ++files;
    }
  }
  std::printf("replayed %d files and the empty input\n", files);
  return 0;
}
