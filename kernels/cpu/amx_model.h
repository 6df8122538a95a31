// A software model of AMX's tiles, after the operation sections of the Intel
// SDM (volume 2). It stands in for HardwareTiles (amx.h) where the processor
// has none. Needs AVX-512 F.
#ifndef INLAY_KERNELS_CPU_AMX_MODEL_H_
#define INLAY_KERNELS_CPU_AMX_MODEL_H_

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/amx_config.h"

namespace inlay::kernels::cpu::internal {

namespace {

// Keeps the first fault; what comes after it does nothing.
class ModelTiles {
 public:
  void Configure(const TileConfig& config) {
    if (fault_ != TileFault::kNone) return;
    if (config.palette == 0) return Release();
    if (!Acceptable(config)) return Fail(TileFault::kConfig);
    config_ = config;
    configured_ = true;
    memset(data_, 0, sizeof(data_));
  }

  void Release() {
    configured_ = false;
    config_ = {};
    memset(data_, 0, sizeof(data_));
  }

  template <int T>
  void Zero() {
    ZeroTile(T);
  }
  template <int T>
  void Load(const void* base, size_t stride) {
    LoadTile(T, base, stride);
  }
  template <int T>
  void Store(void* base, size_t stride) {
    StoreTile(T, base, stride);
  }
  template <int C, int A, int B>
  void DotBf16() {
    MultiplyBf16(C, A, B);
  }
  template <int C, int A, int B>
  void DotInt8() {
    MultiplyInt8(C, A, B);
  }

  void ZeroTile(int t) {
    if (Usable(t)) memset(data_[t], 0, sizeof(data_[t]));
  }

  void LoadTile(int t, const void* base, size_t stride) {
    if (!Usable(t)) return;
    memset(data_[t], 0, sizeof(data_[t]));
    for (size_t r = 0; r < config_.rows[t]; ++r) {
      memcpy(data_[t][r], static_cast<const uint8_t*>(base) + r * stride,
             config_.row_bytes[t]);
    }
  }

  void StoreTile(int t, void* base, size_t stride) {
    if (!Usable(t)) return;
    for (size_t r = 0; r < config_.rows[t]; ++r) {
      memcpy(static_cast<uint8_t*>(base) + r * stride, data_[t][r],
             config_.row_bytes[t]);
    }
  }

  // Inside it, as SDM says of TDPBF16PS: denormals are zero on the way in and
  // out, round to nearest even, no exceptions, whatever MXCSR holds.
  void MultiplyBf16(int c, int a, int b) {
    if (!Fits(c, a, b)) return;
    constexpr uint32_t kMasked = 0x1f80, kDaz = 1u << 6, kFtz = 1u << 15;
    const uint32_t saved = _mm_getcsr();
    _mm_setcsr(kMasked | kDaz | kFtz);
    for (int m = 0; m < config_.rows[c]; ++m) AddRowBf16(c, a, b, m);
    _mm_setcsr(saved);
  }

  void MultiplyInt8(int c, int a, int b) {
    if (!Fits(c, a, b)) return;
    for (int m = 0; m < config_.rows[c]; ++m) AddRowInt8(c, a, b, m);
  }

  TileFault fault() const { return fault_; }
  bool configured() const { return configured_; }

 private:
  void Fail(TileFault fault) {
    if (fault_ == TileFault::kNone) fault_ = fault;
  }

  static bool AllZero(const void* p, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      if (static_cast<const uint8_t*>(p)[i] != 0) return false;
    }
    return true;
  }

  static bool Acceptable(const TileConfig& config) {
    if (config.palette != 1) return false;
    bool good = AllZero(config.reserved, sizeof(config.reserved)) &&
                AllZero(config.row_bytes + kTiles, 2 * kTiles) &&
                AllZero(config.rows + kTiles, kTiles);
    for (int t = 0; t < kTiles; ++t) {
      good = good && config.rows[t] <= kTileRows &&
             config.row_bytes[t] <= kTileRowBytes &&
             (config.rows[t] == 0) == (config.row_bytes[t] == 0);
    }
    return good;
  }

  bool Usable(int t) {
    if (!configured_) {
      Fail(TileFault::kNotConfigured);
    } else if (config_.rows[t] == 0) {
      Fail(TileFault::kInvalidTile);
    }
    return fault_ == TileFault::kNone;
  }

  bool Fits(int c, int a, int b) {
    if (!Usable(c) || !Usable(a) || !Usable(b)) return false;
    const TileConfig& s = config_;
    if (c == a || c == b || a == b) {
      Fail(TileFault::kSameTile);
    } else if (s.start_row != 0 || s.row_bytes[c] % 4 != 0 ||
               s.row_bytes[a] % 4 != 0 || s.row_bytes[b] % 4 != 0 ||
               s.row_bytes[c] != s.row_bytes[b] || s.rows[c] != s.rows[a] ||
               s.row_bytes[a] / 4 != s.rows[b]) {
      Fail(TileFault::kShape);
    }
    return fault_ == TileFault::kNone;
  }

  __mmask16 Columns(int t) const {
    return static_cast<__mmask16>((1u << (config_.row_bytes[t] / 4)) - 1u);
  }

  int32_t Four(int t, int row, int k) const {
    int32_t value;
    memcpy(&value, data_[t][row] + 4 * k, sizeof(value));
    return value;
  }

  // Columns of even and of odd number are summed apart, from zero, and meet
  // before they are added to C. Not inlined: MXCSR is set around it.
  __attribute__((noinline)) void AddRowBf16(int c, int a, int b, int m) {
    __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
    const __m512i high = _mm512_set1_epi32(static_cast<int32_t>(0xffff0000u));
    for (int k = 0; k < config_.row_bytes[a] / 4; ++k) {
      const __m512i x = _mm512_set1_epi32(Four(a, m, k));
      const __m512i w = _mm512_loadu_si512(data_[b][k]);
      even =
          _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_slli_epi32(x, 16)),
                          _mm512_castsi512_ps(_mm512_slli_epi32(w, 16)), even);
      odd =
          _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_si512(x, high)),
                          _mm512_castsi512_ps(_mm512_and_si512(w, high)), odd);
    }
    const __m512 sum =
        _mm512_add_ps(_mm512_loadu_ps(data_[c][m]), _mm512_add_ps(even, odd));
    _mm512_storeu_ps(data_[c][m], _mm512_maskz_mov_ps(Columns(c), sum));
  }

  // Wraps beyond 32 bits.
  __attribute__((noinline)) void AddRowInt8(int c, int a, int b, int m) {
    uint32_t sum[16];
    memcpy(sum, data_[c][m], sizeof(sum));
    for (int k = 0; k < config_.row_bytes[a] / 4; ++k) {
      for (int n = 0; n < config_.row_bytes[c] / 4; ++n) {
        for (int i = 0; i < 4; ++i) {
          const int32_t x = static_cast<int8_t>(data_[a][m][4 * k + i]);
          const int32_t w = data_[b][k][4 * n + i];
          sum[n] += static_cast<uint32_t>(x * w);
        }
      }
    }
    memcpy(data_[c][m], sum, sizeof(sum));
  }

  alignas(64) uint8_t data_[kTiles][kTileRows][kTileRowBytes] = {};
  TileConfig config_ = {};
  bool configured_ = false;
  TileFault fault_ = TileFault::kNone;
};

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_AMX_MODEL_H_
