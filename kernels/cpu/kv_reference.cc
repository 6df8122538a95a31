// Writes keys and values into pages.
#include <bit>

#include "kernels/common/fp8.h"
#include "kernels/common/half.h"
#include "kernels/cpu/kv_layout.h"
#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu::reference {
namespace {

// Stores a key or a value with `encode`, `stride` elements between dimensions.
template <typename T, typename Encode>
void StoreVector(const float* x, int64_t count, int64_t stride, T* to,
                 const Encode& encode) {
  for (int64_t i = 0; i < count; ++i) to[i * stride] = encode(x[i]);
}

template <typename T, typename Encode>
void Append(const KvLayer& layer, uint8_t* page, int32_t token, int32_t head,
            const float* k, const float* v, const Encode& encode) {
  const KvPage at(layer);
  T* elements = reinterpret_cast<T*>(page);
  StoreVector(k, layer.key_dim, layer.page_tokens,
              elements + at.Keys(head) + token, encode);
  StoreVector(v, layer.value_dim, 1,
              elements + at.Values(head) + int64_t{token} * layer.value_dim,
              encode);
}

// Returns the step.
float StoreInt8(const float* x, int64_t count, int64_t stride, int8_t* to) {
  uint32_t most = 0;  // as integers, floats order by magnitude, then NaN
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t magnitude = std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu;
    if (magnitude > most) most = magnitude;
  }
  const float largest = std::bit_cast<float>(most);
  const bool finite = most < 0x7f800000u;
  const bool zero = largest < 0x1p-100f;
  const float inverse = finite && !zero ? 127.0f / largest : 0.0f;
  StoreVector(x, count, stride, to, [inverse, finite](float value) {
    // Adding 1.5 * 2^23 rounds to a whole number in the low mantissa bits.
    const float shifted = (finite ? value : 0.0f) * inverse + 12582912.0f;
    return static_cast<int8_t>(std::bit_cast<uint32_t>(shifted) & 0xffu);
  });
  if (!finite) return std::bit_cast<float>(0x7fc00000u);
  return zero ? 0.0f : largest / 127.0f;
}

void AppendInt8(const KvLayer& layer, uint8_t* page, int32_t token,
                int32_t head, const float* k, const float* v) {
  const KvPage at(layer);
  int8_t* elements = reinterpret_cast<int8_t*>(page);
  reinterpret_cast<float*>(page + at.KeySteps(head))[token] = StoreInt8(
      k, layer.key_dim, layer.page_tokens, elements + at.Keys(head) + token);
  reinterpret_cast<float*>(page + at.ValueSteps(head))[token] =
      StoreInt8(v, layer.value_dim, 1,
                elements + at.Values(head) + int64_t{token} * layer.value_dim);
}

void AppendFp8(const KvLayer& layer, uint8_t* page, int32_t token, int32_t head,
               const float* k, const float* v) {
  const KvPage at(layer);
  const auto encode = [](float step) {
    return [step](float value) { return FloatToFp8E4m3(value / step); };
  };
  StoreVector(k, layer.key_dim, layer.page_tokens, page + at.Keys(head) + token,
              encode(layer.key_scales[head]));
  StoreVector(v, layer.value_dim, 1,
              page + at.Values(head) + int64_t{token} * layer.value_dim,
              encode(layer.value_scales[head]));
}

}  // namespace

void KvAppend(const KvLayer& layer, int32_t page, int32_t token,
              int32_t kv_head, const float* k, const float* v) {
  uint8_t* base = layer.base + static_cast<size_t>(page) * layer.page_stride;
  switch (layer.format) {
    case KvFormat::kF32:
      return Append<float>(layer, base, token, kv_head, k, v,
                           [](float value) { return value; });
    case KvFormat::kF16:
      return Append<uint16_t>(layer, base, token, kv_head, k, v, FloatToHalf);
    case KvFormat::kBf16:
      return Append<uint16_t>(layer, base, token, kv_head, k, v,
                              FloatToBfloat16);
    case KvFormat::kInt8:
      return AppendInt8(layer, base, token, kv_head, k, v);
    case KvFormat::kFp8:
      return AppendFp8(layer, base, token, kv_head, k, v);
  }
}

}  // namespace inlay::kernels::cpu::reference
