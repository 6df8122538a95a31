// Tiles of 16 rows of 64 bytes: six sums, and two operands.
#include "tests/bench/roofline/peaks.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace inlay::roofline {
namespace {

// LDTILECFG, Intel SDM volume 2: palette 1, eight tiles.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

void Configure() {
  const TileConfig config;
  asm volatile(
      "ldtilecfg %0\n\ttilezero %%tmm0\n\ttilezero %%tmm1\n\t"
      "tilezero %%tmm2\n\ttilezero %%tmm3\n\ttilezero %%tmm4\n\t"
      "tilezero %%tmm5\n\ttilezero %%tmm6\n\ttilezero %%tmm7"
      :
      : "m"(config));
}

#define INLAY_TILE(text, sum) text " %%tmm7, %%tmm6, %%tmm" sum "\n\t"
#define INLAY_TILE_LOOP(name, text)                                    \
  template <int kSums>                                                 \
  void name(int64_t repetitions) {                                     \
    for (; repetitions > 0; --repetitions) {                           \
      asm volatile(INLAY_TILE(text, "0") INLAY_TILE(text, "1")         \
                       INLAY_TILE(text, "2") INLAY_TILE(text, "3")     \
                   :                                                   \
                   :);                                                 \
      if constexpr (kSums == 6) {                                      \
        asm volatile(INLAY_TILE(text, "4") INLAY_TILE(text, "5") : :); \
      }                                                                \
    }                                                                  \
  }

INLAY_TILE_LOOP(TileInt8, "tdpbssd")
INLAY_TILE_LOOP(TileBf16, "tdpbf16ps")

// Tiles need the kernel's leave for this process (arch_prctl,
// ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA).
bool Allowed() {
  constexpr long kRequest = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

}  // namespace

void AddAmxInstructions(std::vector<Instruction>* list) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  const bool known = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0;
  const bool tiles = known && (d >> 24 & 1) != 0 && Allowed();
  const bool int8 = tiles && (d >> 25 & 1) != 0;
  const bool bf16 = tiles && (d >> 22 & 1) != 0;
  list->push_back({"amx_int8",
                   int8,
                   16 * 16 * 64,
                   {{4, TileInt8<4>}, {6, TileInt8<6>}},
                   Configure});
  list->push_back({"amx_bf16",
                   bf16,
                   16 * 16 * 32,
                   {{4, TileBf16<4>}, {6, TileBf16<6>}},
                   Configure});
}

}  // namespace inlay::roofline

#else

namespace inlay::roofline {
void AddAmxInstructions(std::vector<Instruction>*) {}
}  // namespace inlay::roofline

#endif  // __x86_64__ && __linux__
