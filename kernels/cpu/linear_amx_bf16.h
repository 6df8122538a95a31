// Products by tiles of bfloat16 with sums in F32, for every packed format that
// is dequantised to pairs. A template on the tiles (amx.h, amx_model.h).
//
// Each output sums all its columns in ascending order in one tile, from zero,
// 32 at a time; sums that leave a tile between chunks of columns are stored
// and loaded as they are. One row and many rows use the same instructions, so
// results do not depend on how many there are.
#ifndef INLAY_KERNELS_CPU_LINEAR_AMX_BF16_H_
#define INLAY_KERNELS_CPU_LINEAR_AMX_BF16_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/amx_config.h"
#include "kernels/cpu/amx_weights.h"
#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Weights of two groups wait as pairs for all rows of the step, by chunks of
// columns: 32 KB, which leaves room for activations in a first-level cache of
// 48. With up to 32 rows sums stay in the tiles, and a short chunk lets the
// products of one overlap with the expansion of the next.
inline constexpr int64_t kChunk = 512;
inline constexpr int64_t kShortChunk = 64;
inline constexpr int64_t kRowsAtOnce = 512;
inline constexpr int64_t kPairRow = 64;  // bytes: two columns of 16 outputs
inline constexpr int64_t kStep = 32;     // columns of one tile

struct Bf16Buffers {
  alignas(64) uint8_t pairs[2][kChunk / 2 * kPairRow];
  alignas(64) float sums[kRowsAtOnce][2 * kGroup];
};

// The pairs of `count` columns from `begin` of a group, whole tiles of 32;
// made in `buffer` or found in the group.
using PairsOf = const uint8_t* (*)(const uint8_t* group, int64_t columns,
                                   int64_t begin, int64_t count,
                                   uint8_t* buffer);

inline const uint8_t* PairsAsStored(const uint8_t* group, int64_t columns,
                                    int64_t begin, int64_t count,
                                    uint8_t* buffer) {
  const uint8_t* const stored = group + begin / 2 * kPairRow;
  if (count % kStep == 0) return stored;
  const int64_t rows = (count + 1) / 2;
  const int64_t tiles = (count + kStep - 1) / kStep;
  memcpy(buffer, stored, static_cast<size_t>(rows * kPairRow));
  memset(buffer + rows * kPairRow, 0,
         static_cast<size_t>((tiles * kStep / 2 - rows) * kPairRow));
  return buffer;
}

template <PackedFormat F>
const uint8_t* PairsOfCodes(const uint8_t* group, int64_t columns,
                            int64_t begin, int64_t count, uint8_t* buffer) {
  const uint8_t* const values = group + GroupScaleBytes(F, columns);
  constexpr int64_t kAhead = 16;  // blocks
  for (int64_t i = 0; i < count / kBlock; ++i) {
    const int64_t block = begin / kBlock + i;
    const uint8_t* const next = values + (block + kAhead) * kBlockBytes<F>;
    for (int64_t line = 0; line < kBlockBytes<F>; line += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(next + line), _MM_HINT_T0);
    }
    BlockToPairs<F>(group, values, block, buffer + i * (kStep / 2) * kPairRow);
  }
  return buffer;
}

template <class Tiles>
class Bf16Product {
 public:
  Bf16Product(Tiles& tiles, const LinearArgs& args, PairsOf pairs_of,
              Bf16Buffers& buffers)
      : tiles_(tiles), args_(args), pairs_of_(pairs_of), buffers_(buffers) {}

  void Run(int64_t out_begin, int64_t out_end) {
    const int64_t end = (out_end + kGroup - 1) / kGroup;
    for (int64_t group = out_begin / kGroup; group < end; group += 2) {
      const int64_t groups = end - group < 2 ? 1 : 2;
      for (int64_t row = 0; row < args_.x_rows; row += kRowsAtOnce) {
        const int64_t left = args_.x_rows - row;
        const int64_t rows = left < kRowsAtOnce ? left : kRowsAtOnce;
        Sum(group, groups, row, rows);
        for (int64_t r = 0; r < rows; ++r) {
          for (int64_t g = 0; g < groups; ++g) {
            StoreLanes(args_, row + r, group + g, out_begin, out_end,
                       _mm512_load_ps(buffers_.sums[r] + g * kGroup));
          }
        }
      }
    }
    tiles_.Release();
  }

 private:
  // Tiles 0 to 3 are sums (of rows 0 to 15 and 16 to 31, by two groups), 4 and
  // 5 activations, 6 and 7 weights.
  void Shape(int64_t rows) {
    if (rows == shaped_rows_) return;
    shaped_rows_ = rows;
    const int first = static_cast<int>(rows < kTileRows ? rows : kTileRows);
    const int second = static_cast<int>(rows) - first;
    TileConfig config;
    config.Set(0, first, 64);
    config.Set(1, first, 64);
    config.Set(4, first, 64);
    if (second > 0) {
      config.Set(2, second, 64);
      config.Set(3, second, 64);
      config.Set(5, second, 64);
    }
    config.Set(6, kTileRows, 64);
    config.Set(7, kTileRows, 64);
    tiles_.Configure(config);
  }

  void Sum(int64_t group, int64_t groups, int64_t row, int64_t rows) {
    const bool stay = rows <= 2 * kTileRows;
    const int64_t chunk = stay ? kShortChunk : kChunk;
    const size_t group_bytes = GroupBytes(args_.format, args_.columns);
    for (int64_t k = 0; k < args_.columns; k += chunk) {
      const int64_t left = args_.columns - k;
      const int64_t count = left < chunk ? left : chunk;
      for (int64_t g = 0; g < groups; ++g) {
        b_[g] = pairs_of_(
            args_.weight + static_cast<size_t>(group + g) * group_bytes,
            args_.columns, k, count, buffers_.pairs[g]);
      }
      const bool load = !stay && k > 0;
      const bool store = !stay || left <= chunk;
      for (int64_t r = 0; r < rows; r += 2 * kTileRows) {
        const int64_t block =
            rows - r < 2 * kTileRows ? rows - r : 2 * kTileRows;
        Shape(block);
        a_ = args_.x + (row + r) * args_.x_stride + k * 2;
        steps_ = (count + kStep - 1) / kStep;
        sums_ = buffers_.sums[r];
        if (groups == 2) {
          block > kTileRows ? Block<2, 2>(k == 0, load, store)
                            : Block<1, 2>(k == 0, load, store);
        } else {
          block > kTileRows ? Block<2, 1>(k == 0, load, store)
                            : Block<1, 1>(k == 0, load, store);
        }
      }
    }
  }

  // One chunk of columns of R tiles of rows by G groups.
  template <int R, int G>
  void Block(bool zero, bool load, bool store) {
    ForSums<R, G>([&]<int T>(float* at) {
      if (zero) tiles_.template Zero<T>();
      if (load) tiles_.template Load<T>(at, sizeof(buffers_.sums[0]));
    });
    const size_t stride = args_.x_stride;
    const uint8_t* a = a_;
    for (int64_t i = 0; i < steps_; ++i, a += kStep * 2) {
      tiles_.template Load<4>(a, stride);
      tiles_.template Load<6>(b_[0] + i * kTileRows * kPairRow, kPairRow);
      tiles_.template DotBf16<0, 4, 6>();
      if constexpr (G == 2) {
        tiles_.template Load<7>(b_[1] + i * kTileRows * kPairRow, kPairRow);
        tiles_.template DotBf16<1, 4, 7>();
      }
      if constexpr (R == 2) {
        tiles_.template Load<5>(a + kTileRows * stride, stride);
        tiles_.template DotBf16<2, 5, 6>();
        if constexpr (G == 2) tiles_.template DotBf16<3, 5, 7>();
      }
    }
    ForSums<R, G>([&]<int T>(float* at) {
      if (store) tiles_.template Store<T>(at, sizeof(buffers_.sums[0]));
    });
  }

  template <int R, int G, typename Body>
  void ForSums(const Body& body) {
    constexpr int64_t kBelow = kTileRows * 2 * kGroup;
    body.template operator()<0>(sums_);
    if constexpr (G == 2) body.template operator()<1>(sums_ + kGroup);
    if constexpr (R == 2) {
      body.template operator()<2>(sums_ + kBelow);
      if constexpr (G == 2)
        body.template operator()<3>(sums_ + kBelow + kGroup);
    }
  }

  Tiles& tiles_;
  const LinearArgs& args_;
  const PairsOf pairs_of_;
  Bf16Buffers& buffers_;
  int64_t shaped_rows_ = 0;
  const uint8_t* a_ = nullptr;
  const uint8_t* b_[2] = {};
  float* sums_ = nullptr;
  int64_t steps_ = 0;
};

inline PairsOf PairsOfFormat(PackedFormat format) {
  switch (format) {
    case PackedFormat::kBF16Pairs:
      return PairsAsStored;
    case PackedFormat::kQ8:
      return PairsOfCodes<PackedFormat::kQ8>;
    case PackedFormat::kQ6:
      return PairsOfCodes<PackedFormat::kQ6>;
    case PackedFormat::kQ6Min:
      return PairsOfCodes<PackedFormat::kQ6Min>;
    case PackedFormat::kQ4:
      return PairsOfCodes<PackedFormat::kQ4>;
    case PackedFormat::kQ4Min:
      return PairsOfCodes<PackedFormat::kQ4Min>;
    case PackedFormat::kQ4Lut:
      return PairsOfCodes<PackedFormat::kQ4Lut>;
    case PackedFormat::kQ4Fp:
      return PairsOfCodes<PackedFormat::kQ4Fp>;
    case PackedFormat::kK6Min:
      return PairsOfCodes<PackedFormat::kK6Min>;
    case PackedFormat::kK6:
      return PairsOfCodes<PackedFormat::kK6>;
    case PackedFormat::kK4Min:
      return PairsOfCodes<PackedFormat::kK4Min>;
    case PackedFormat::kK4Lut:
      return PairsOfCodes<PackedFormat::kK4Lut>;
    case PackedFormat::kK4:
      return PairsOfCodes<PackedFormat::kK4>;
    case PackedFormat::kK2Min:
      return PairsOfCodes<PackedFormat::kK2Min>;
    default:
      return nullptr;
  }
}

// False for a format that has no pairs. The thread's tiles are in use inside
// only: the thread may be the host's, and a thread whose tiles are not in use
// costs the system nothing extra when it switches.
template <class Tiles>
__attribute__((noinline)) bool LinearBf16(Tiles& tiles, const LinearArgs& args,
                                          int64_t out_begin, int64_t out_end) {
  const PairsOf pairs_of = PairsOfFormat(args.format);
  if (pairs_of == nullptr) return false;
  Bf16Buffers buffers;
  Bf16Product<Tiles>(tiles, args, pairs_of, buffers).Run(out_begin, out_end);
  return true;
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_AMX_BF16_H_
