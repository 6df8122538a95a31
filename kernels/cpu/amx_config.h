// The shapes of the eight tiles of AMX, in the memory format of LDTILECFG
// (Intel SDM volume 2, palette 1). Private to kernels/cpu.
#ifndef INLAY_KERNELS_CPU_AMX_CONFIG_H_
#define INLAY_KERNELS_CPU_AMX_CONFIG_H_

#include <stdint.h>

namespace inlay::kernels::cpu::internal {

inline constexpr int kTiles = 8;
inline constexpr int kTileRows = 16;
inline constexpr int kTileRowBytes = 64;

struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};  // of tiles 0 to 7; the others must be 0
  uint8_t rows[16] = {};        // likewise

  constexpr void Set(int tile, int tile_rows, int tile_row_bytes) {
    rows[tile] = static_cast<uint8_t>(tile_rows);
    row_bytes[tile] = static_cast<uint16_t>(tile_row_bytes);
  }
};
static_assert(sizeof(TileConfig) == 64);

// What a processor would answer a misuse of tiles with.
enum class TileFault : uint8_t {
  kNone,
  kConfig,         // LDTILECFG: #GP
  kNotConfigured,  // use before LDTILECFG or after TILERELEASE: #UD
  kInvalidTile,    // a tile without rows: #UD
  kSameTile,       // a product's operands are not three tiles: #UD
  kShape,          // shapes of a product that do not fit: #UD
};

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_AMX_CONFIG_H_
