// The inner products of attention on vectors, for several (row, head) pairs.
//
// Scores: a vector holds one dimension of many keys, so each score is one
// chain of products over the dimensions. Output: a vector holds dimensions of
// one value, so each element is one chain over the keys in ascending order.
// Neither chain depends on how many pairs share the loads, nor on whether keys
// and values come from a page or were expanded to floats before.
#ifndef INLAY_KERNELS_CPU_ATTENTION_BLOCKS_H_
#define INLAY_KERNELS_CPU_ATTENTION_BLOCKS_H_

#include <stdint.h>

#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_exp.h"

namespace inlay::kernels::cpu {

// One query vector and the state of its softmax.
struct AttentionPair {
  const float* q;
  float* out;
  int32_t begin, end;  // keys it sees
  float* scores;       // kAttentionSegment
  float* partial;      // output of the segment, unscaled
  float* total;        // merged output, unscaled
  float m, l;          // of `total`
};

// scores = factor * (q . k) for Q pairs and G vectors of keys.
template <typename V, typename T, int Q, int G>
inline void ScoreBlock(const AttentionPair* pairs, const T* const* keys,
                       int64_t stride, int32_t dims, float factor,
                       const int32_t* offsets) {
  using F = typename V::F;
  F sum[Q][G];
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) sum[i][g] = V::Set(0.0f);
  }
  for (int32_t d = 0; d < dims; ++d) {
    F k[G];
    for (int g = 0; g < G; ++g) k[g] = V::Load(keys[g] + d * stride);
    for (int i = 0; i < Q; ++i) {
      const F q = V::Set(pairs[i].q[d]);
      for (int g = 0; g < G; ++g) sum[i][g] = V::Fma(q, k[g], sum[i][g]);
    }
  }
  const F f = V::Set(factor);
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) {
      V::Store(pairs[i].scores + offsets[g], V::Mul(sum[i][g], f));
    }
  }
}

// partial += sum over `count` keys of weight * value, for Q pairs and G
// vectors of dimensions.
template <typename V, typename T, int Q, int G>
inline void ValueBlock(const AttentionPair* pairs, const T* values,
                       int64_t stride, int32_t count, int32_t offset,
                       int64_t dim) {
  using F = typename V::F;
  F sum[Q][G];
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) {
      sum[i][g] = V::Load(pairs[i].partial + dim + g * V::kWidth);
    }
  }
  for (int32_t t = 0; t < count; ++t) {
    const T* row = values + t * stride + dim;
    F v[G];
    for (int g = 0; g < G; ++g) v[g] = V::Load(row + g * V::kWidth);
    for (int i = 0; i < Q; ++i) {
      const F weight = V::Set(pairs[i].scores[offset + t]);
      for (int g = 0; g < G; ++g) sum[i][g] = V::Fma(weight, v[g], sum[i][g]);
    }
  }
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) {
      V::Store(pairs[i].partial + dim + g * V::kWidth, sum[i][g]);
    }
  }
}

// Scores of keys [first, last) of a segment become exponentials, times the
// values' steps if there are any; *m and *l are their maximum and sum. Lanes
// are counted from the segment's start, so that the order of the sum depends on
// positions alone.
template <typename V>
inline void Softmax(float* scores, int32_t first, int32_t last,
                    const float* key_steps, const float* value_steps, float* m,
                    float* l) {
  using F = typename V::F;
  constexpr int32_t kW = V::kWidth;
  const int32_t begin = first - first % kW;
  const int32_t end = (last + kW - 1) / kW * kW;
  const float none = -__builtin_inff();
  if (key_steps != nullptr) {
    for (int32_t i = begin; i < end; i += kW) {
      V::Store(scores + i, V::Mul(V::Load(scores + i), V::Load(key_steps + i)));
    }
  }
  for (int32_t i = begin; i < first; ++i) scores[i] = none;
  for (int32_t i = last; i < end; ++i) scores[i] = none;
  F most = V::Set(none);
  for (int32_t i = begin; i < end; i += kW) {
    most = V::Max(most, V::Load(scores + i));
  }
  *m = V::MaxOf(most);
  const F shift = V::Set(*m);
  F sum = V::Set(0.0f);
  for (int32_t i = begin; i < end; i += kW) {
    const F e = Exp<V>(V::Sub(V::Load(scores + i), shift));
    V::Store(scores + i,
             value_steps == nullptr ? e : V::Mul(e, V::Load(value_steps + i)));
    sum = V::Add(sum, e);
  }
  *l = V::Sum(sum);
}

// Takes a segment's state into the pair's total.
template <typename V>
inline void MergeState(AttentionPair& pair, const float* partial, float m,
                       float l, int32_t width) {
  using F = typename V::F;
  const float most = m > pair.m ? m : pair.m;
  const F a = Exp<V>(V::Set(pair.m - most));
  const F b = Exp<V>(V::Set(m - most));
  float scaled[V::kWidth];
  V::Store(scaled, V::Fma(V::Set(pair.l), a, V::Mul(V::Set(l), b)));
  pair.l = scaled[0];
  pair.m = most;
  for (int32_t i = 0; i < width; i += V::kWidth) {
    const F part = V::Mul(V::Load(partial + i), b);
    V::Store(pair.total + i, V::Fma(V::Load(pair.total + i), a, part));
  }
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ATTENTION_BLOCKS_H_
