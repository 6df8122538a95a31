#include "kernels/common/half.h"
#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu::reference {
namespace {

void Store(uint16_t* to, float value) { *to = FloatToHalf(value); }
void Store(float* to, float value) { *to = value; }

template <typename T>
void Append(const KvLayer& layer, T* page, int32_t token, int32_t kv_head,
            const float* k, const float* v) {
  const int64_t tokens = layer.page_tokens;
  const int64_t head = kv_head;
  T* keys = page + head * layer.key_dim * tokens + token;
  for (int64_t i = 0; i < layer.key_dim; ++i) Store(keys + i * tokens, k[i]);
  T* values = page + int64_t{layer.kv_heads} * layer.key_dim * tokens +
              (head * tokens + token) * layer.value_dim;
  for (int64_t i = 0; i < layer.value_dim; ++i) Store(values + i, v[i]);
}

}  // namespace

void KvAppend(const KvLayer& layer, int32_t page, int32_t token,
              int32_t kv_head, const float* k, const float* v) {
  uint8_t* base = layer.base + static_cast<size_t>(page) * layer.page_stride;
  if (layer.format == KvFormat::kF16) {
    Append(layer, reinterpret_cast<uint16_t*>(base), token, kv_head, k, v);
  } else {
    Append(layer, reinterpret_cast<float*>(base), token, kv_head, k, v);
  }
}

}  // namespace inlay::kernels::cpu::reference
