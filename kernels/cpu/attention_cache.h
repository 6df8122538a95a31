// One kv head's keys and values, read through the block table.
#ifndef INLAY_KERNELS_CPU_ATTENTION_CACHE_H_
#define INLAY_KERNELS_CPU_ATTENTION_CACHE_H_

#include <stdint.h>

#include "kernels/cpu/attention_blocks.h"
#include "kernels/cpu/attention_load.h"
#include "kernels/cpu/kv_layout.h"
#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu {

// What loads of T leave out for a head whose step is in `scales`.
template <typename V, typename T>
inline float CacheUnit(const float* scales, int32_t head) {
  if constexpr (__is_same(T, Fp8)) return kFp8Unit * scales[head];
  return 1.0f;
}

template <typename V, typename T>
class AttentionCache {
 public:
  explicit AttentionCache(const AttentionArgs& args)
      : args_(args),
        kv_(args.kv),
        keys_(KvPage(args.kv).Keys(args.kv_head)),
        values_(KvPage(args.kv).Values(args.kv_head)) {}

  // Tokens of the page that holds `position`, from there on.
  int32_t TokensLeft(int32_t position) const {
    return kv_.page_tokens - position % kv_.page_tokens;
  }
  // The first dimension; others are page_tokens apart.
  const T* Key(int32_t position) const {
    return Elements(position) + keys_ + position % kv_.page_tokens;
  }
  const T* Value(int32_t position) const {
    return Elements(position) + values_ +
           int64_t{position % kv_.page_tokens} * kv_.value_dim;
  }

  // to[d * kAttentionChunk + i] = dimension d of key position + i.
  void ExpandKeys(int32_t position, int32_t count, float* to) const {
    const int64_t stride = kv_.page_tokens;
    for (int32_t i = 0; i < count;) {
      const int32_t lanes = Least(kW, TokensLeft(position + i), count - i);
      const T* key = Key(position + i);
      float* out = to + i;
      if (lanes == kW) {
        for (int32_t d = 0; d < kv_.key_dim; ++d) {
          V::Store(out + d * int64_t{kAttentionChunk},
                   V::Load(key + d * stride));
        }
      } else {
        for (int32_t d = 0; d < kv_.key_dim; ++d) {
          V::Store(out + d * int64_t{kAttentionChunk},
                   V::Load(key + d * stride, lanes), lanes);
        }
      }
      i += lanes;
    }
  }

  // to[i * width + d] = dimension d of value position + i, and zeros after the
  // last dimension.
  void ExpandValues(int32_t position, int32_t count, int32_t width,
                    float* to) const {
    for (int32_t i = 0; i < count; ++i, to += width) {
      const T* value = Value(position + i);
      int32_t d = 0;
      for (; d + kW <= kv_.value_dim; d += kW) {
        V::Store(to + d, V::Load(value + d));
      }
      if (d < kv_.value_dim) {
        V::Store(to + d, V::Load(value + d, kv_.value_dim - d));
        d += kW;
      }
      for (; d < width; d += kW) V::Store(to + d, V::Set(0.0f));
    }
  }

  // Asks for the keys, or the values, of the pages that begin among `count`
  // tokens, so that they arrive while something else is computed.
  void PrefetchKeys(int32_t position, int32_t count) const {
    Prefetch(position, count, keys_, kv_.key_dim);
  }
  void PrefetchValues(int32_t position, int32_t count) const {
    Prefetch(position, count, values_, kv_.value_dim);
  }

  // kInt8: the steps of keys [first, last) of a segment, from its start.
  void CopySteps(int32_t segment, int32_t first, int32_t last, float* keys,
                 float* values) const {
    const KvPage at(kv_);
    const size_t key_steps = at.KeySteps(args_.kv_head);
    const size_t value_steps = at.ValueSteps(args_.kv_head);
    for (int32_t i = first; i < last;) {
      const int32_t count = Least(kW, TokensLeft(segment + i), last - i);
      const uint8_t* page = Page(segment + i);
      const int32_t token = (segment + i) % kv_.page_tokens;
      Copy(reinterpret_cast<const float*>(page + key_steps) + token, count,
           keys + i);
      Copy(reinterpret_cast<const float*>(page + value_steps) + token, count,
           values + i);
      i += count;
    }
  }

 private:
  static constexpr int32_t kW = V::kWidth;

  static int32_t Least(int32_t a, int32_t b, int32_t c) {
    const int32_t least = a < b ? a : b;
    return least < c ? least : c;
  }
  // At most a vector.
  static void Copy(const float* from, int32_t count, float* to) {
    if (count == kW) {
      V::Store(to, V::Load(from));
    } else {
      V::Store(to, V::Load(from, count), count);
    }
  }
  void Prefetch(int32_t position, int32_t count, size_t offset,
                int32_t dims) const {
    // The processor follows longer pages by itself.
    if (kv_.page_tokens > kAttentionChunk) return;
    const int64_t bytes = int64_t{dims} * kv_.page_tokens * sizeof(T);
    const int32_t begun = position % kv_.page_tokens;
    for (int32_t i = begun == 0 ? 0 : kv_.page_tokens - begun; i < count;
         i += kv_.page_tokens) {
      const auto* at =
          reinterpret_cast<const uint8_t*>(Elements(position + i) + offset);
      for (int64_t b = 0; b < bytes; b += 64) AskFor(at + b);
    }
  }
  const uint8_t* Page(int32_t position) const {
    const int32_t page = args_.block_table[position / kv_.page_tokens];
    return kv_.base + static_cast<size_t>(page) * kv_.page_stride;
  }
  const T* Elements(int32_t position) const {
    return reinterpret_cast<const T*>(Page(position));
  }

  const AttentionArgs& args_;
  const KvLayer& kv_;
  const size_t keys_;  // this head's, inside a page
  const size_t values_;
};

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ATTENTION_CACHE_H_
