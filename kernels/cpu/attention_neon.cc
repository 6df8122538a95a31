#if defined(__ARM_FEATURE_DOTPROD)
#include <string.h>

#include "kernels/cpu/attention_load.h"
#include "kernels/cpu/attention_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_neon.h"

namespace inlay::kernels::cpu {
namespace {

struct CacheNeon : Neon {
  using Neon::Load;

  static F Load(const Half* p) {
    return Load(reinterpret_cast<const uint16_t*>(p));
  }
  static F Load(const Bfloat16* p) {
    const uint16x4_t bits = vld1_u16(reinterpret_cast<const uint16_t*>(p));
    return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
  }
  static F Load(const Int8* p) { return vcvtq_f32_s32(vmovl_s16(Widen(p))); }
  static F Load(const Fp8* p) {
    const uint16x4_t half = vand_u16(
        vreinterpret_u16_s16(vshl_n_s16(Widen(p), 7)), vdup_n_u16(0xbfff));
    // All digits set is NaN: only then does one more reach the exponent's top.
    const uint16x4_t nan =
        vand_u16(vadd_u16(half, vdup_n_u16(0x0080)), vdup_n_u16(0x4000));
    return vcvt_f32_f16(vreinterpret_f16_u16(vorr_u16(half, nan)));
  }
  template <typename T>
  static F Load(const T* p, int64_t n) {
    T lanes[kWidth] = {};
    for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
    return Load(lanes);
  }

 private:
  // Four bytes.
  template <typename T>
  static int16x4_t Widen(const T* p) {
    uint32_t four;
    memcpy(&four, p, sizeof(four));
    return vget_low_s16(vmovl_s8(vcreate_s8(four)));
  }
};

}  // namespace

namespace neon {

void Attention(const AttentionArgs& args) { AttentionSimd<CacheNeon>(args); }

void AttentionSegments(const AttentionArgs& args,
                       const AttentionStates& states) {
  AttentionSegmentsSimd<CacheNeon>(args, states);
}

void AttentionMerge(const AttentionArgs& args, const AttentionStates& states) {
  AttentionMergeSimd<CacheNeon>(args, states);
}

}  // namespace neon
}  // namespace inlay::kernels::cpu

#endif  // __ARM_FEATURE_DOTPROD
