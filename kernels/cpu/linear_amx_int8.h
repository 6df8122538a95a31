// Products of integer formats by tiles of bytes: the recipe of the vector sets
// (docs/numerics.md), to the bit. A template on the tiles (amx.h,
// amx_model.h).
//
// A tile product sums the columns of one scale; sums leave the tile to be
// scaled, four at a time so that tiles need not wait for each other.
#ifndef INLAY_KERNELS_CPU_LINEAR_AMX_INT8_H_
#define INLAY_KERNELS_CPU_LINEAR_AMX_INT8_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/amx_config.h"
#include "kernels/cpu/amx_weights.h"
#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Up to 16 rows by one group. Parts are the columns of one scale.
template <PackedFormat F, class Tiles>
class Int8Product {
 public:
  Int8Product(Tiles& tiles, const LinearArgs& args)
      : tiles_(tiles), args_(args) {}

  void Run(int64_t out_begin, int64_t out_end) {
    const int64_t end = (out_end + kGroup - 1) / kGroup;
    for (int64_t group = out_begin / kGroup; group < end; ++group) {
      group_ = args_.weight +
               static_cast<size_t>(group) * GroupBytes(F, args_.columns);
      values_ = group_ + GroupScaleBytes(F, args_.columns);
      for (int64_t row = 0; row < args_.x_rows; row += kTileRows) {
        const int64_t left = args_.x_rows - row;
        rows_ = static_cast<int>(left < kTileRows ? left : kTileRows);
        x_ = args_.x + row * args_.x_stride;
        Shape();
        Sum();
        for (int r = 0; r < rows_; ++r) {
          StoreLanes(args_, row + r, group, out_begin, out_end, sum_[r]);
        }
      }
    }
    tiles_.Release();
  }

 private:
  static constexpr int kColumns = ShapeOf(F).scale_columns;
  static constexpr int kPerBlock = 32 / kColumns;
  static constexpr int kCodeRows = kColumns / 4;
  static constexpr int kOffset = kCodeOffset<F>;

  // Tiles 0 to 3 are sums, 4 and 5 activations, 6 and 7 codes.
  void Shape() {
    if (rows_ == shaped_rows_) return;
    shaped_rows_ = rows_;
    TileConfig config;
    for (int t = 0; t < 4; ++t) config.Set(t, rows_, 64);
    for (int t = 4; t < 6; ++t) config.Set(t, rows_, kColumns);
    for (int t = 6; t < 8; ++t) config.Set(t, kCodeRows, 64);
    tiles_.Configure(config);
  }

  void Sum() {
    for (int r = 0; r < rows_; ++r) sum_[r] = _mm512_setzero_ps();
    const int64_t parts = args_.columns / kColumns;
    for (int64_t part = 0; part < parts; part += 4) {
      const int64_t count = parts - part < 4 ? parts - part : 4;
      Dot<0>(part);
      if (count > 1) Dot<1>(part + 1);
      if (count > 2) Dot<2>(part + 2);
      if (count > 3) Dot<3>(part + 3);
      for (int64_t i = 0; i < count; ++i) AddPart(part + i, i);
    }
  }

  template <int I>
  void Dot(int64_t part) {
    uint8_t* const codes = codes_[I];
    const uint8_t* const block = values_ + part / kPerBlock * kBlockBytes<F>;
    const int first = static_cast<int>(part % kPerBlock) * kCodeRows;
    for (int j = 0; j < kCodeRows; ++j) {
      _mm512_store_si512(codes + 64 * j, Codes<F>(block, first + j));
    }
    constexpr int kA = 4 + I % 2, kB = 6 + I % 2;
    tiles_.template Zero<I>();
    tiles_.template Load<kA>(x_ + part * kColumns, args_.x_stride);
    tiles_.template Load<kB>(codes, 64);
    tiles_.template DotInt8<I, kA, kB>();
    tiles_.template Store<I>(dots_[I], sizeof(dots_[I][0]));
  }

  // Sum of the weights of part `i` of the four, without their minima.
  __m512 ScaledSum(int64_t i, __m512 scale) const {
    __m512i sum = _mm512_set1_epi32(-kColumns * kOffset);
    for (int j = 0; j < kCodeRows; ++j) {
      sum = _mm512_dpbusd_epi32(sum, _mm512_load_si512(codes_[i] + 64 * j),
                                _mm512_set1_epi8(1));
    }
    return _mm512_mul_ps(scale, _mm512_cvtepi32_ps(sum));
  }

  static int32_t Sum16(const int8_t* a) {
    __m128i s =
        _mm_dpbusd_epi32(_mm_setzero_si128(), _mm_set1_epi8(1),
                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
    return _mm_cvtsi128_si32(s);
  }

  // What the offset of the codes adds to a dot product, less; and the total.
  static void Correct(const Int8Row& row, int64_t part, int32_t* bias,
                      float* total) {
    const BlockInfo& info = row.info[part / kPerBlock];
    if constexpr (kPerBlock == 1) {
      *bias = info.bias * (kOffset / 8);
      *total = info.total;
    } else {
      const int32_t sum = Sum16(row.a + part * kColumns);
      *bias = -kOffset * sum;
      *total = info.s * static_cast<float>(sum);
      *total += 16.0f * info.c;
    }
  }

  void AddPart(int64_t part, int64_t i) {
    const PartScale w = LoadScale<F>(group_, part);
    __m512 weights = _mm512_setzero_ps();
    bool have_weights = false;
    for (int r = 0; r < rows_; ++r) {
      const Int8Row row = ViewInt8Row(x_ + r * args_.x_stride, args_.columns);
      const BlockInfo& info = row.info[part / kPerBlock];
      int32_t bias;
      float total;
      Correct(row, part, &bias, &total);
      const __m512i dot = _mm512_add_epi32(_mm512_load_si512(dots_[i][r]),
                                           _mm512_set1_epi32(bias));
      __m512 sum = _mm512_fmadd_ps(
          _mm512_cvtepi32_ps(dot),
          _mm512_mul_ps(w.scale, _mm512_set1_ps(info.s)), sum_[r]);
      if (info.c != 0) {
        if (!have_weights) weights = ScaledSum(i, w.scale);
        have_weights = true;
        sum = _mm512_fmadd_ps(_mm512_set1_ps(info.c), weights, sum);
      }
      if constexpr (ShapeOf(F).minimum) {
        sum = _mm512_fmadd_ps(w.minimum, _mm512_set1_ps(total), sum);
      }
      sum_[r] = sum;
    }
  }

  Tiles& tiles_;
  const LinearArgs& args_;
  const uint8_t* group_ = nullptr;
  const uint8_t* values_ = nullptr;
  const uint8_t* x_ = nullptr;
  int rows_ = 0;
  int shaped_rows_ = 0;
  __m512 sum_[kTileRows];
  alignas(64) uint8_t codes_[4][kCodeRows * 64];
  alignas(64) int32_t dots_[4][kTileRows][kGroup];
};

template <PackedFormat F, class Tiles>
__attribute__((noinline)) void RunInt8(Tiles& tiles, const LinearArgs& args,
                                       int64_t out_begin, int64_t out_end) {
  Int8Product<F, Tiles>(tiles, args).Run(out_begin, out_end);
}

// False for a format that has no codes.
template <class Tiles>
bool LinearInt8(Tiles& tiles, const LinearArgs& args, int64_t out_begin,
                int64_t out_end) {
  using Run = void (*)(Tiles&, const LinearArgs&, int64_t, int64_t);
  const auto run = [&](Run kernel) {
    kernel(tiles, args, out_begin, out_end);
    return true;
  };
  switch (args.format) {
    case PackedFormat::kQ8:
      return run(RunInt8<PackedFormat::kQ8, Tiles>);
    case PackedFormat::kQ6:
      return run(RunInt8<PackedFormat::kQ6, Tiles>);
    case PackedFormat::kQ6Min:
      return run(RunInt8<PackedFormat::kQ6Min, Tiles>);
    case PackedFormat::kQ4:
      return run(RunInt8<PackedFormat::kQ4, Tiles>);
    case PackedFormat::kQ4Min:
      return run(RunInt8<PackedFormat::kQ4Min, Tiles>);
    case PackedFormat::kQ4Lut:
      return run(RunInt8<PackedFormat::kQ4Lut, Tiles>);
    case PackedFormat::kQ4Fp:
      return run(RunInt8<PackedFormat::kQ4Fp, Tiles>);
    case PackedFormat::kK6Min:
      return run(RunInt8<PackedFormat::kK6Min, Tiles>);
    case PackedFormat::kK6:
      return run(RunInt8<PackedFormat::kK6, Tiles>);
    case PackedFormat::kK4Min:
      return run(RunInt8<PackedFormat::kK4Min, Tiles>);
    case PackedFormat::kK4Lut:
      return run(RunInt8<PackedFormat::kK4Lut, Tiles>);
    case PackedFormat::kK4:
      return run(RunInt8<PackedFormat::kK4, Tiles>);
    case PackedFormat::kK2Min:
      return run(RunInt8<PackedFormat::kK2Min, Tiles>);
    default:
      return false;
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_AMX_INT8_H_
