// Floating products with AVX-512: tiles of up to 12 rows by two groups of 16
// outputs, whose sums stay in registers over all columns. The order of the
// sums is that of the columns, whatever the tile. Private to kernels/cpu;
// everything here has internal linkage (see ops_isa.h).
//
// A step is what one instruction adds to a sum: `Step::kBytes` of a group's
// weights and four bytes of a row, a float or a pair of bfloat16.
//
//   struct Step {
//     static constexpr int kBytes;
//     static int64_t Count(int64_t columns);
//     using Weights = ...;
//     static Weights Load(const uint8_t* p);
//     static __m512 Add(__m512 sum, Weights weights, __m512i x);
//   };
//
// Two groups by 12 rows take 24 of the 32 registers, and read 7 times per 24
// products. The weights of two groups, up to 8,192 columns of 16 bits, stay in
// half a MiB of cache while all rows pass. Those of the next two are asked for
// meanwhile, a part in each tile. Few rows, which wait for memory, take one
// group at a time: one stream of weights comes faster than two.
#ifndef INLAY_KERNELS_CPU_LINEAR_STEPS_AVX512_H_
#define INLAY_KERNELS_CPU_LINEAR_STEPS_AVX512_H_

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"
#include "kernels/cpu/linear_store_avx512.h"

// GCC 12 takes the undefined pass-through operands of its own intrinsics for
// uninitialised variables (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

#define INLAY_INLINE inline __attribute__((always_inline))

namespace inlay::kernels::cpu::internal {
namespace {

constexpr int kTileRows = 12;
constexpr int kTileGroups = 2;
constexpr int64_t kFewRows = 4;
constexpr int kUnroll = 4;  // steps

// Where a tile reads.
struct TilePlace {
  const uint8_t* weights;
  size_t group_bytes;
  const uint8_t* x;
  size_t x_stride;
  int64_t steps;
  // The tile's part of the next groups: `next_lines` lines of 64 bytes are
  // asked for every kUnroll steps, `next_stride` bytes on each time.
  const uint8_t* next;
  size_t next_stride;
  int next_lines;
};

// Sums of R rows and G groups.
template <typename Step, int R, int G>
struct Tile {
  // Every third row has a pointer; the others are one or two strides on, which
  // an address holds without a register of its own.
  static constexpr int kBases = (R + 2) / 3;
  // How far on weights are asked for, in bytes of a group.
  static constexpr int64_t kAhead = G == 1 ? 4096 : 1024;
  const uint8_t* weights;
  const uint8_t* x[kBases];
  __m512 sum[R][G];

  INLAY_INLINE void Start(const TilePlace& place) {
    weights = place.weights;
    for (int i = 0; i < kBases; ++i) x[i] = place.x + 3 * i * place.x_stride;
    for (int r = 0; r < R; ++r) {
      for (int g = 0; g < G; ++g) sum[r][g] = _mm512_setzero_ps();
    }
  }
  INLAY_INLINE void Add(int u, size_t group_bytes, size_t x_stride) {
    typename Step::Weights w[G];
    for (int g = 0; g < G; ++g) {
      w[g] = Step::Load(weights + g * group_bytes + u * Step::kBytes);
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      int32_t four;
      memcpy(&four, x[r / 3] + (r % 3) * x_stride + 4 * u, sizeof(four));
      const __m512i value = _mm512_set1_epi32(four);
      for (int g = 0; g < G; ++g) {
        sum[r][g] = Step::Add(sum[r][g], w[g], value);
      }
    }
  }
  INLAY_INLINE void PrefetchOwn(size_t group_bytes) const {
    for (int at = 0; at < kUnroll * Step::kBytes; at += 64) {
      for (int g = 0; g < G; ++g) {
        _mm_prefetch(weights + g * group_bytes + at + kAhead, _MM_HINT_T0);
      }
    }
  }
  INLAY_INLINE void Advance(int steps) {
    weights += steps * Step::kBytes;
    for (int i = 0; i < kBases; ++i) x[i] += 4 * steps;
  }
};

template <typename Step, int R, int G>
void RunTile(const LinearArgs& args, const TilePlace& place, int64_t row,
             int64_t group, int64_t out_begin, int64_t out_end) {
  const size_t group_bytes = place.group_bytes, x_stride = place.x_stride;
  const uint8_t* next = place.next;
  Tile<Step, R, G> tile;
  tile.Start(place);
  int64_t k = 0;
  for (; k + kUnroll <= place.steps; k += kUnroll) {
    tile.PrefetchOwn(group_bytes);
    for (int i = 0; i < place.next_lines; ++i) {
      _mm_prefetch(next + 64 * i, _MM_HINT_T1);
    }
    next += place.next_stride;
#pragma GCC unroll 4
    for (int u = 0; u < kUnroll; ++u) tile.Add(u, group_bytes, x_stride);
    tile.Advance(kUnroll);
  }
  for (; k < place.steps; ++k) {
    tile.Add(0, group_bytes, x_stride);
    tile.Advance(1);
  }
  for (int r = 0; r < R; ++r) {
    for (int g = 0; g < G; ++g) {
      StoreLanes(args, row + r, group + g, out_begin, out_end, tile.sum[r][g]);
    }
  }
}

using TileFunction = void (*)(const LinearArgs&, const TilePlace&, int64_t,
                              int64_t, int64_t, int64_t);

// By the number of rows.
template <typename Step, int G>
constexpr TileFunction kTiles[kTileRows + 1] = {nullptr,
                                                RunTile<Step, 1, G>,
                                                RunTile<Step, 2, G>,
                                                RunTile<Step, 3, G>,
                                                RunTile<Step, 4, G>,
                                                RunTile<Step, 5, G>,
                                                RunTile<Step, 6, G>,
                                                RunTile<Step, 7, G>,
                                                RunTile<Step, 8, G>,
                                                RunTile<Step, 9, G>,
                                                RunTile<Step, 10, G>,
                                                RunTile<Step, 11, G>,
                                                RunTile<Step, 12, G>};

// All rows with G groups, in tiles of nearly equal height.
template <typename Step, int G>
void RunGroups(const LinearArgs& args, int64_t group, int64_t out_begin,
               int64_t out_end) {
  const size_t group_bytes = GroupBytes(args.format, args.columns);
  const int64_t tiles = (args.x_rows + kTileRows - 1) / kTileRows;
  TilePlace place = {};
  place.weights = args.weight + static_cast<size_t>(group) * group_bytes;
  place.group_bytes = group_bytes;
  place.x_stride = args.x_stride;
  place.steps = Step::Count(args.columns);
  const bool alone = args.x_rows <= kFewRows || (group + G) * kGroup >= out_end;
  const size_t part = G * group_bytes / static_cast<size_t>(tiles);
  if (!alone) {
    place.next_stride = static_cast<size_t>(kUnroll * Step::kBytes * G) / tiles;
    place.next_lines = static_cast<int>((place.next_stride + 63) / 64);
  }
  int64_t row = 0;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t end = args.x_rows * (t + 1) / tiles;
    place.x = args.x + row * args.x_stride;
    if (!alone) place.next = place.weights + G * group_bytes + t * part;
    kTiles<Step, G>[end - row](args, place, row, group, out_begin, out_end);
    row = end;
  }
}

template <typename Step>
void RunSteps(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  int64_t group = out_begin / kGroup;
  const int64_t end = (out_end + kGroup - 1) / kGroup;
  const bool few = args.x_rows <= kFewRows;
  for (; !few && group + kTileGroups <= end; group += kTileGroups) {
    RunGroups<Step, kTileGroups>(args, group, out_begin, out_end);
  }
  for (; group < end; ++group) {
    RunGroups<Step, 1>(args, group, out_begin, out_end);
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#undef INLAY_INLINE

#endif  // INLAY_KERNELS_CPU_LINEAR_STEPS_AVX512_H_
