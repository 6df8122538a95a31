#include "tests/bench/roofline/bandwidth.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "tests/bench/roofline/machine.h"
#include "tests/bench/roofline/parallel.h"

namespace inlay::roofline {
namespace {

constexpr size_t kLine = 64;
constexpr size_t kUnroll = 4 * kLine;

using Reader = void (*)(const uint8_t* from, size_t bytes);

// Reads `kStreams` equal parts side by side, each forward, and asks for the
// line `kAhead` bytes on if that is not 0. The loads are written in assembly,
// so that none is left out although nobody looks at the values.
#define INLAY_READER(name, instructions, bytes_wide, load)                \
  template <size_t kStreams, size_t kAhead>                               \
  __attribute__((target(instructions))) void name(const uint8_t* from,    \
                                                  size_t bytes) {         \
    typedef uint8_t Vector __attribute__((vector_size(bytes_wide)));      \
    const size_t part = bytes / kStreams / kUnroll * kUnroll;             \
    for (size_t at = 0; at < part; at += kUnroll) {                       \
      _Pragma("GCC unroll 16") for (size_t s = 0; s < kStreams; ++s) {    \
        const uint8_t* const p = from + s * part + at;                    \
        _Pragma("GCC unroll 16") for (size_t i = 0; i < kUnroll;          \
                                      i += bytes_wide) {                  \
          Vector value;                                                   \
          if (kAhead > 0 && i % kLine == 0) {                             \
            __builtin_prefetch(p + i + kAhead);                           \
          }                                                               \
          const Vector* const q = reinterpret_cast<const Vector*>(p + i); \
          load;                                                           \
        }                                                                 \
      }                                                                   \
    }                                                                     \
  }

#if defined(__x86_64__)
INLAY_READER(Read128, "sse2", 16,
             asm volatile("movdqa %1, %0"
                          : "=x"(value)
                          : "m"(*q)))
INLAY_READER(Read256, "avx", 32,
             asm volatile("vmovdqa %1, %0"
                          : "=x"(value)
                          : "m"(*q)))
INLAY_READER(Read512, "avx512f", 64,
             asm volatile("vmovdqa64 %1, %0"
                          : "=v"(value)
                          : "m"(*q)))
#elif defined(__aarch64__)
INLAY_READER(Read128, "+simd", 16,
             asm volatile("ldr %q0, %1"
                          : "=w"(value)
                          : "m"(*q)))
#endif

struct Way {
  std::string name;
  Reader read;
};

#define INLAY_WAYS(name, text, ways)                             \
  ways.push_back({text ", 1 stream", name<1, 0>});               \
  ways.push_back({text ", 1 stream, prefetch", name<1, 2048>});  \
  ways.push_back({text ", 4 streams", name<4, 0>});              \
  ways.push_back({text ", 4 streams, prefetch", name<4, 1024>}); \
  ways.push_back({text ", 8 streams", name<8, 0>});              \
  ways.push_back({text ", 8 streams, prefetch", name<8, 1024>}); \
  ways.push_back({text ", 16 streams", name<16, 0>})

std::vector<Way> Ways() {
  std::vector<Way> ways;
#if defined(__x86_64__)
  INLAY_WAYS(Read128, "128 bit", ways);
  if (__builtin_cpu_supports("avx")) {
    INLAY_WAYS(Read256, "256 bit", ways);
  }
  if (__builtin_cpu_supports("avx512f")) {
    INLAY_WAYS(Read512, "512 bit", ways);
  }
#elif defined(__aarch64__)
  INLAY_WAYS(Read128, "128 bit", ways);
#endif
  return ways;
}

// Zeroed pages, huge ones where the system gives them.
class Buffer {
 public:
  explicit Buffer(size_t bytes) : bytes_(bytes) {
    void* const p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    data_ = p == MAP_FAILED ? nullptr : static_cast<uint8_t*>(p);
    if (data_ != nullptr) madvise(data_, bytes, MADV_HUGEPAGE);
  }
  ~Buffer() {
    if (data_ != nullptr) munmap(data_, bytes_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  uint8_t* data() const { return data_; }

 private:
  size_t bytes_;
  uint8_t* data_;
};

Bandwidth Measure(int threads, int rounds, const std::vector<Way>& ways) {
  Bandwidth best = {threads, 0, ""};
  const size_t count = static_cast<size_t>(threads);
  const size_t share = BandwidthBufferBytes() / count / 4096 * 4096;
  const Buffer buffer(share * count);
  if (buffer.data() == nullptr) return best;
  const auto part = [&](int i) {
    return buffer.data() + static_cast<size_t>(i) * share;
  };
  // Each thread touches its share first: it then lies in its own memory node.
  RunTogether(threads, [&](int i) { std::memset(part(i), 1, share); });
  for (int round = 0; round < rounds; ++round) {
    for (const Way& way : ways) {
      const double seconds =
          RunTogether(threads, [&](int i) { way.read(part(i), share); });
      const double speed = static_cast<double>(share * count) * 1e-9 / seconds;
      if (speed <= best.gb_per_s) continue;
      best.gb_per_s = speed;
      best.how = way.name;
    }
  }
  return best;
}

}  // namespace

size_t BandwidthBufferBytes() {
  const size_t wanted = std::max(4 * LastLevelCacheBytes(), size_t{256} << 20);
  return std::min(wanted, MemoryBytes() / 4);
}

std::vector<Bandwidth> MeasureBandwidth(const std::vector<int>& threads,
                                        int rounds) {
  const std::vector<Way> ways = Ways();
  std::vector<Bandwidth> results;
  for (int n : threads) results.push_back(Measure(n, rounds, ways));
  return results;
}

}  // namespace inlay::roofline
