// Where things are inside a page of the cache, and inside a saved state.
// Everything here has internal linkage (see ops_isa.h).
#ifndef INLAY_KERNELS_CPU_KV_LAYOUT_H_
#define INLAY_KERNELS_CPU_KV_LAYOUT_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/cpu/ops.h"

namespace inlay::kernels::cpu {
namespace {

// Keys whose expanded dimensions stand together: kAttentionChunk of the first,
// as many of the second, and so on.
constexpr int32_t kAttentionChunk = 64;
// Pairs of row and head that are computed at once, at most.
constexpr int32_t kAttentionBlock = 6;
// Floats of a state in front of its output: the maximum, the sum, padding.
constexpr int32_t kAttentionStateHead = 16;

// Offsets in a page: in elements for keys and values, in bytes for steps.
class KvPage {
 public:
  explicit KvPage(const KvLayer& layer) : layer_(layer) {}

  size_t Keys(int32_t head) const {
    return Size(head) * Size(layer_.key_dim) * Size(layer_.page_tokens);
  }
  size_t Values(int32_t head) const {
    return Keys(layer_.kv_heads) +
           Size(head) * Size(layer_.page_tokens) * Size(layer_.value_dim);
  }
  size_t KeySteps(int32_t head) const {
    const size_t elements = Values(layer_.kv_heads);
    return (elements + 3) / 4 * 4 + Size(head) * Size(layer_.page_tokens) * 4;
  }
  size_t ValueSteps(int32_t head) const {
    return KeySteps(layer_.kv_heads + head);
  }
  size_t Bytes() const {
    switch (layer_.format) {
      case KvFormat::kF32:
        return Values(layer_.kv_heads) * 4;
      case KvFormat::kF16:
      case KvFormat::kBf16:
        return Values(layer_.kv_heads) * 2;
      case KvFormat::kInt8:
        return ValueSteps(layer_.kv_heads);
      case KvFormat::kFp8:
        break;
    }
    return Values(layer_.kv_heads);
  }

 private:
  static size_t Size(int32_t n) { return static_cast<size_t>(n); }
  const KvLayer& layer_;
};

}  // namespace
}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_KV_LAYOUT_H_
