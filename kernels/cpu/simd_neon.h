// Vectors of 4 floats for the files built with NEON. Everything here has
// internal linkage (see ops_isa.h).
#ifndef INLAY_KERNELS_CPU_SIMD_NEON_H_
#define INLAY_KERNELS_CPU_SIMD_NEON_H_

#include <arm_neon.h>
#include <stdint.h>

namespace inlay::kernels::cpu {
namespace {

struct Neon {
  using F = float32x4_t;
  static constexpr int kWidth = 4;
  // Six pairs by four vectors of an outer-product tile leave 8 of the 32
  // registers for what is loaded.
  static constexpr int kTileVectors = 4;

  static F Set(float x) { return vdupq_n_f32(x); }
  static F Load(const float* p) { return vld1q_f32(p); }
  // The first n < kWidth lanes; the others are 0.
  static F Load(const float* p, int64_t n) {
    float lanes[kWidth] = {};
    for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
    return Load(lanes);
  }
  static F Load(const uint16_t* p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
  }
  static F Load(const uint16_t* p, int64_t n) {
    uint16_t lanes[kWidth] = {};
    for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
    return Load(lanes);
  }
  static void Store(float* p, F x) { vst1q_f32(p, x); }
  static void Store(float* p, F x, int64_t n) {
    float lanes[kWidth];
    Store(lanes, x);
    for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  static void StoreHalf(uint16_t* p, F x, int64_t n) {
    uint16_t lanes[kWidth];
    vst1_u16(lanes, vreinterpret_u16_f16(vcvt_f16_f32(x)));
    for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  static F Keep(F x, int64_t n) {
    constexpr int32_t kLanes[kWidth] = {0, 1, 2, 3};
    const uint32x4_t first =
        vcltq_s32(vld1q_s32(kLanes), vdupq_n_s32(static_cast<int32_t>(n)));
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), first));
  }
  static F Add(F a, F b) { return vaddq_f32(a, b); }
  static F Sub(F a, F b) { return vsubq_f32(a, b); }
  static F Mul(F a, F b) { return vmulq_f32(a, b); }
  static F Div(F a, F b) { return vdivq_f32(a, b); }
  // b if either is NaN, which FMAX would not say.
  static F Max(F a, F b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static F Min(F a, F b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
  static F Fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
  static F NegFma(F a, F b, F c) { return vfmsq_f32(c, a, b); }
  static F Round(F x) { return vrndnq_f32(x); }
  // x * 2^n for a whole n in [-252, 254]; in two steps, because the result may
  // be subnormal while 2^n is no number.
  static F Scale(F x, F n) {
    const int32x4_t whole = vcvtnq_s32_f32(n);
    const int32x4_t half = vshrq_n_s32(whole, 1);
    const F once = vmulq_f32(x, PowerOfTwo(half));
    return vmulq_f32(once, PowerOfTwo(vsubq_s32(whole, half)));
  }
  static float Sum(F x) { return vaddvq_f32(x); }
  static float MaxOf(F x) { return vmaxvq_f32(x); }

 private:
  static F PowerOfTwo(int32x4_t n) {
    return vreinterpretq_f32_s32(
        vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
  }
};

}  // namespace
}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_SIMD_NEON_H_
