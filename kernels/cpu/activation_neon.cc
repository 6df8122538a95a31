// Activations to int8 in blocks of 32, NEON. Same operations as the reference,
// so the bytes are the same.
#if defined(__ARM_FEATURE_DOTPROD)
#include <arm_neon.h>
#include <stdint.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

constexpr int kVectors = 8;  // of a block

struct Range {
  float low, high;
  bool finite;
};

inline Range FindRange(const float32x4_t* v) {
  float32x4_t low = v[0], high = v[0];
  uint32x4_t finite = vdupq_n_u32(~0u);
  for (int i = 0; i < kVectors; ++i) {
    low = vminq_f32(low, v[i]);
    high = vmaxq_f32(high, v[i]);
    // x - x is zero for finite values only.
    finite = vandq_u32(finite, vceqzq_f32(vsubq_f32(v[i], v[i])));
  }
  return {vminvq_f32(low), vmaxvq_f32(high), vminvq_u32(finite) != 0};
}

// Returns the sum of the integers.
inline int32_t Quantize(const float32x4_t* v, float c, float inverse,
                        int8_t* a) {
  int32x4_t q[kVectors];
  int32x4_t sum = vdupq_n_s32(0);
  for (int i = 0; i < kVectors; ++i) {
    // To nearest, ties to even.
    q[i] =
        vcvtnq_s32_f32(vmulq_n_f32(vsubq_f32(v[i], vdupq_n_f32(c)), inverse));
    sum = vaddq_s32(sum, q[i]);
  }
  for (int i = 0; i < kVectors; i += 4) {
    const int16x8_t first = vcombine_s16(vmovn_s32(q[i]), vmovn_s32(q[i + 1]));
    const int16x8_t second =
        vcombine_s16(vmovn_s32(q[i + 2]), vmovn_s32(q[i + 3]));
    vst1q_s8(a + 4 * i, vcombine_s8(vmovn_s16(first), vmovn_s16(second)));
  }
  return vaddvq_s32(sum);
}

inline BlockInfo PrepareBlock(const float* x, int8_t* a) {
  float32x4_t v[kVectors];
  for (int i = 0; i < kVectors; ++i) v[i] = vld1q_f32(x + 4 * i);
  const auto [low, high, finite] = FindRange(v);
  const float magnitude = high > -low ? high : -low;
  const float half = 0.5f * high - 0.5f * low;
  const bool centred = half < kCentreBelow * magnitude;
  const float c = centred ? 0.5f * high + 0.5f * low : 0.0f;
  const float above = high - c;
  const float below = c - low;
  const float reach = above > below ? above : below;
  if (__builtin_expect(!finite || !(reach >= kTiny), 0)) {
    vst1q_s8(a, vdupq_n_s8(0));
    vst1q_s8(a + 16, vdupq_n_s8(0));
    if (!finite) return {__builtin_nanf(""), 0, 0, __builtin_nanf("")};
    return {0, c, 0, 32.0f * c};
  }
  const float s = reach / 127.0f;
  const int32_t sum = Quantize(v, c, 127.0f / reach, a);
  return {s, c, -8 * sum, s * static_cast<float>(sum) + 32.0f * c};
}

}  // namespace

void PrepareInt8Neon(const float* x, int64_t columns, uint8_t* dst) {
  const Int8Row row = ViewInt8Row(dst, columns);
  int8_t* const a = const_cast<int8_t*>(row.a);
  BlockInfo* const info = const_cast<BlockInfo*>(row.info);
  for (int64_t b = 0; b < BlockCount(columns); ++b) {
    info[b] = PrepareBlock(x + b * kBlock, a + b * kBlock);
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __ARM_FEATURE_DOTPROD
