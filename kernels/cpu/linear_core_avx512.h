// The inner loop of the integer products with AVX-512 VNNI, over bytes: R rows
// of activations by G groups of 16 outputs. Private to the files of this
// instruction set; everything here has internal linkage.
#ifndef INLAY_KERNELS_CPU_LINEAR_CORE_AVX512_H_
#define INLAY_KERNELS_CPU_LINEAR_CORE_AVX512_H_

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"
#include "kernels/cpu/linear_store_avx512.h"

// GCC 12 takes the undefined pass-through operands of its own intrinsics for
// uninitialised variables (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace inlay::kernels::cpu::internal {
namespace {

[[maybe_unused]] inline __m512i Broadcast4(const int8_t* p) {
  int32_t four;
  memcpy(&four, p, sizeof(four));
  return _mm512_set1_epi32(four);
}

// Where the accumulators of codes with an offset start, so that they end at the
// exact product of the signed codes. BlockInfo::bias is for an offset of 8.
template <int kOffset>
inline __m512i InitialDot(int32_t bias) {
  static_assert(kOffset == 0 || kOffset == 8 || kOffset == 128);
  if constexpr (kOffset == 0) return _mm512_setzero_si512();
  const __m512i v = _mm512_set1_epi32(bias);
  return kOffset == 8 ? v : _mm512_slli_epi32(v, 4);
}

// Sum of the 32 codes of each output, without their offset.
template <typename Block>
inline __m512i CodeSum(const Block& block) {
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i sum = _mm512_set1_epi32(-32 * Block::kOffset);
  for (int j = 0; j < 4; ++j) {
    __m512i near, far;
    block.Load(j, &near, &far);
    sum = _mm512_dpbusd_epi32(sum, near, ones);
    sum = _mm512_dpbusd_epi32(sum, far, ones);
  }
  return sum;
}

// Some prepared kInt8x32 rows (linear_layout.h), in as few registers as
// possible.
template <int R>
struct RowTile {
  RowTile(const LinearArgs& args, int64_t first)
      : info_offset(static_cast<int64_t>(
            AlignUp64(static_cast<size_t>(args.columns)))) {
    for (int r = 0; r < R; ++r) {
      rows[r] = args.x + static_cast<size_t>(first + r) * args.x_stride;
    }
  }
  inline const int8_t* a(int r, int64_t b) const {
    return reinterpret_cast<const int8_t*>(rows[r]) + b * kBlock;
  }
  inline const BlockInfo& info(int r, int64_t b) const {
    return reinterpret_cast<const BlockInfo*>(rows[r] + info_offset)[b];
  }
  const uint8_t* rows[R];
  int64_t info_offset;
};

// Blocks in which any row has a centre.
class CentredBlocks {
 public:
  void Find(const LinearArgs& args) {
    const int64_t blocks = BlockCount(args.columns);
    all_ = blocks > kMost;
    if (all_) return;
    memset(centred_, 0, static_cast<size_t>(blocks));
    for (int64_t row = 0; row < args.x_rows; ++row) {
      const RowTile<1> x(args, row);
      for (int64_t b = 0; b < blocks; ++b) {
        centred_[b] |= x.info(0, b).c != 0;
      }
    }
  }
  bool operator[](int64_t b) const { return all_ || centred_[b]; }

 private:
  static constexpr int64_t kMost = 1024;
  bool all_ = false;
  bool centred_[kMost];
};

// Whether any of the rows has a centre in this block.
template <int R>
inline bool AnyCentred(const RowTile<R>& x, int64_t b) {
  uint32_t any = 0;
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    uint32_t bits;
    memcpy(&bits, &x.info(r, b).c, sizeof(bits));
    any |= bits;
  }
  return (any << 1) != 0;
}

// The dot products of one block: two vectors of codes at a time, each for four
// columns of 16 outputs.
template <int R, int G, typename Block>
inline void DotBlock(const Block (&w)[G], const RowTile<R>& x, int64_t b,
                     __m512i (&dot)[R][G]) {
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    const __m512i first = InitialDot<Block::kOffset>(x.info(r, b).bias);
#pragma GCC unroll 8
    for (int g = 0; g < G; ++g) dot[r][g] = first;
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    __m512i near[G], far[G];
#pragma GCC unroll 8
    for (int g = 0; g < G; ++g) w[g].Load(j, &near[g], &far[g]);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const int8_t* const a = x.a(r, b) + Block::kStep * j;
      const __m512i a_near = Broadcast4(a);
#pragma GCC unroll 8
      for (int g = 0; g < G; ++g) {
        dot[r][g] = _mm512_dpbusd_epi32(dot[r][g], near[g], a_near);
      }
      const __m512i a_far = Broadcast4(a + Block::kFar);
#pragma GCC unroll 8
      for (int g = 0; g < G; ++g) {
        dot[r][g] = _mm512_dpbusd_epi32(dot[r][g], far[g], a_far);
      }
    }
  }
}

// Scaled sums of the codes of one block, times the centres of its rows.
template <int R, int G>
inline void AddCentres(const __m512* sums, const RowTile<R>& x, int64_t b,
                       __m512 (&sum)[R][G]) {
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    const float c = x.info(r, b).c;
    // Rows without a centre keep their bits.
    const __mmask16 has = static_cast<__mmask16>(c != 0 ? 0xffff : 0);
#pragma GCC unroll 8
    for (int g = 0; g < G; ++g) {
      sum[r][g] =
          _mm512_mask3_fmadd_ps(_mm512_set1_ps(c), sums[g], sum[r][g], has);
    }
  }
}

template <int G, typename Block>
inline void MakeSums(const Block (&w)[G], __m512* sums) {
  for (int g = 0; g < G; ++g) {
    sums[g] = _mm512_mul_ps(w[g].Scale(), _mm512_cvtepi32_ps(CodeSum(w[g])));
  }
}

// Adds one block to the sums, in the order of docs/numerics.md. `sums` are the
// block's scaled sums, or null: then they are made if a row needs them.
template <int R, int G, typename Block>
inline void AddBlock(const Block (&w)[G], const __m512* sums,
                     const RowTile<R>& x, int64_t b, __m512 (&sum)[R][G]) {
  __m512i dot[R][G];
  DotBlock<R, G>(w, x, b, dot);
  __m512 scale[G];
#pragma GCC unroll 8
  for (int g = 0; g < G; ++g) scale[g] = w[g].Scale();
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    const __m512 s = _mm512_set1_ps(x.info(r, b).s);
#pragma GCC unroll 8
    for (int g = 0; g < G; ++g) {
      sum[r][g] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[r][g]),
                                  _mm512_mul_ps(scale[g], s), sum[r][g]);
    }
  }
  if (__builtin_expect(AnyCentred<R>(x, b), 0)) {
    if (sums != nullptr) {
      AddCentres<R, G>(sums, x, b, sum);
    } else {
      __m512 own[G];
      MakeSums<G>(w, own);
      AddCentres<R, G>(own, x, b, sum);
    }
  }
  if constexpr (Block::kMinimum) {
#pragma GCC unroll 8
    for (int g = 0; g < G; ++g) {
      const __m512 minimum = w[g].Minimum();
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const __m512 total = _mm512_set1_ps(x.info(r, b).total);
        sum[r][g] = _mm512_fmadd_ps(minimum, total, sum[r][g]);
      }
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_CORE_AVX512_H_
