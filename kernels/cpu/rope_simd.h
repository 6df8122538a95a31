// Rotations and cache writes on vectors.
#ifndef INLAY_KERNELS_CPU_ROPE_SIMD_H_
#define INLAY_KERNELS_CPU_ROPE_SIMD_H_

#include <stdint.h>

#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu {

template <typename V>
void RopeSimd(float* x, int32_t heads, int32_t head_dim, int32_t dims,
              bool interleaved, const float* cos, const float* sin) {
  using F = typename V::F;
  const int64_t half = dims / 2;
  // Neighbouring pairs, and heads that fill no vectors, are rare.
  if (interleaved || half % V::kWidth != 0) {
    return reference::Rope(x, heads, head_dim, dims, interleaved, cos, sin);
  }
  for (int32_t h = 0; h < heads; ++h, x += head_dim) {
    for (int64_t i = 0; i < half; i += V::kWidth) {
      const F a = V::Load(x + i);
      const F b = V::Load(x + i + half);
      const F c = V::Load(cos + i);
      const F s = V::Load(sin + i);
      V::Store(x + i, V::Sub(V::Mul(a, c), V::Mul(b, s)));
      V::Store(x + i + half, V::Add(V::Mul(a, s), V::Mul(b, c)));
    }
  }
}

template <typename V>
void KvAppendSimd(const KvLayer& layer, int32_t page, int32_t token,
                  int32_t kv_head, const float* k, const float* v) {
  if (layer.format != KvFormat::kF16) {
    return reference::KvAppend(layer, page, token, kv_head, k, v);
  }
  uint16_t* base = reinterpret_cast<uint16_t*>(
      layer.base + static_cast<size_t>(page) * layer.page_stride);
  const int64_t tokens = layer.page_tokens;
  const int64_t head = kv_head;
  uint16_t* keys = base + head * layer.key_dim * tokens + token;
  for (int64_t i = 0; i < layer.key_dim; i += V::kWidth) {
    uint16_t lanes[V::kWidth];
    const int64_t n =
        layer.key_dim - i < V::kWidth ? layer.key_dim - i : V::kWidth;
    V::StoreHalf(lanes, n < V::kWidth ? V::Load(k + i, n) : V::Load(k + i), n);
    for (int64_t j = 0; j < n; ++j) keys[(i + j) * tokens] = lanes[j];
  }
  uint16_t* values = base + int64_t{layer.kv_heads} * layer.key_dim * tokens +
                     (head * tokens + token) * layer.value_dim;
  for (int64_t i = 0; i < layer.value_dim; i += V::kWidth) {
    const int64_t n =
        layer.value_dim - i < V::kWidth ? layer.value_dim - i : V::kWidth;
    V::StoreHalf(values + i, n < V::kWidth ? V::Load(v + i, n) : V::Load(v + i),
                 n);
  }
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ROPE_SIMD_H_
