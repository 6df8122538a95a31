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

#include "kernels/cpu/ops.h"
#include "kernels/cpu/simd_exp.h"

namespace inlay::kernels::cpu {

// One query vector and the state of its softmax.
struct AttentionPair {
  const float* q;
  float* out;
  int32_t begin, end;  // keys it sees
  float* total;        // merged output, unscaled
  float m, l;          // of `total`
  float slope;         // of a score by its distance
  const float* bias;   // of a score by its distance's bucket
  int32_t position;    // that distances for it are counted from
};

// What will be read soon: one place for each key of a block of values, or for
// each dimension of a block of keys, `step` bytes apart.
struct AttentionAhead {
  const uint8_t* at;  // null: nothing
  int64_t step;
};

namespace {

// Asks for a line in the second cache: it takes more such requests at once than
// the first, which few rows of a long context would wait for.
inline __attribute__((always_inline)) void AskFor(const uint8_t* at) {
  __builtin_prefetch(at, 0, 2);
}

}  // namespace

// scores = factor * (q . k) for Q pairs, a segment apart, and G vectors of
// keys.
template <typename V, typename T, int Q, int G, bool kAhead>
inline void ScoreBlock(const AttentionPair* pairs, const T* const* keys,
                       int64_t stride, int32_t dims, float factor,
                       const int32_t* offsets, const AttentionAhead* ahead,
                       float* scores) {
  using F = typename V::F;
  F sum[Q][G];
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) sum[i][g] = V::Set(0.0f);
  }
  for (int32_t d = 0; d < dims; ++d) {
    F k[G];
    for (int g = 0; g < G; ++g) k[g] = V::Load(keys[g] + d * stride);
    if constexpr (kAhead) {
      for (int g = 0; g < G; ++g) AskFor(ahead[g].at + d * ahead[g].step);
    }
    for (int i = 0; i < Q; ++i) {
      const F q = V::Set(pairs[i].q[d]);
      for (int g = 0; g < G; ++g) sum[i][g] = V::Fma(q, k[g], sum[i][g]);
    }
  }
  const F f = V::Set(factor);
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) {
      V::Store(scores + i * kAttentionSegment + offsets[g],
               V::Mul(sum[i][g], f));
    }
  }
}

// partial += sum over keys [from, to) of weight * value, for Q pairs, a segment
// of weights and `width` of partial sums apart, and G vectors of dimensions
// from `dim`; kFresh: from 0 instead of what `partial` holds.
template <typename V, int Q, int G, bool kFresh, bool kAhead, typename Values>
inline void ValueBlock(const Values& values, const float* weights, int32_t from,
                       int32_t to, int64_t dim, float* partial, int64_t width) {
  using F = typename V::F;
  F sum[Q][G];
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) {
      sum[i][g] = kFresh ? V::Set(0.0f)
                         : V::Load(partial + i * width + dim + g * V::kWidth);
    }
  }
  for (int32_t at = from; at < to; ++at) {
    const auto* row = values.At(at) + dim;
    F v[G];
    for (int g = 0; g < G; ++g) v[g] = V::Load(row + g * V::kWidth);
    if constexpr (kAhead) {
      constexpr int64_t kBytes = int64_t{G} * V::kWidth * sizeof(*row);
      const uint8_t* ahead = values.Ahead(at, dim);
      for (int64_t b = 0; b < kBytes; b += 64) AskFor(ahead + b);
    }
    for (int i = 0; i < Q; ++i) {
      const F weight = V::Set(weights[i * kAttentionSegment + at]);
      for (int g = 0; g < G; ++g) sum[i][g] = V::Fma(weight, v[g], sum[i][g]);
    }
  }
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) {
      V::Store(partial + i * width + dim + g * V::kWidth, sum[i][g]);
    }
  }
}

// The softmax of keys [first, last) of a segment, in two steps, each for a
// block of pairs in turn, so that no pair waits for its own maximum. Lanes are
// counted from the segment's start, so that the order of the sum depends on
// positions alone.
//
// First: lanes outside become -infinity; returns the maximum.
template <typename V>
inline float MaskedMaximum(float* scores, int32_t first, int32_t last,
                           const float* key_steps) {
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
  return V::MaxOf(most);
}

// Before both, if scores are to be bent: softcap (0: none) and the pair's slope
// times the distance from the row, `nearest` keys after the segment's start.
template <typename V>
inline void BendScores(float* scores, int32_t first, int32_t last,
                       const float* key_steps, float softcap, float slope,
                       int32_t nearest) {
  using F = typename V::F;
  constexpr int32_t kW = V::kWidth;
  float lanes[kW];
  for (int32_t i = 0; i < kW; ++i) lanes[i] = static_cast<float>(i);
  const F lane = V::Load(lanes);
  const F cap = V::Set(softcap);
  for (int32_t i = first - first % kW; i < last; i += kW) {
    F score = V::Load(scores + i);
    if (key_steps != nullptr) score = V::Mul(score, V::Load(key_steps + i));
    if (softcap > 0) score = V::Mul(cap, Tanh<V>(V::Div(score, cap)));
    // Distances are whole numbers below 2^24.
    const F distance = V::Add(lane, V::Set(static_cast<float>(i - nearest)));
    V::Store(scores + i, V::Fma(V::Set(slope), distance, score));
  }
}

// Second: scores become exponentials, times the values' steps if there are any;
// returns the sum of the exponentials.
template <typename V>
inline float Exponentials(float* scores, int32_t first, int32_t last, float m,
                          const float* value_steps) {
  using F = typename V::F;
  constexpr int32_t kW = V::kWidth;
  const int32_t end = (last + kW - 1) / kW * kW;
  const F shift = V::Set(m);
  F sum = V::Set(0.0f);
  for (int32_t i = first - first % kW; i < end; i += kW) {
    const F e = ExpNotAbove0<V>(V::Sub(V::Load(scores + i), shift));
    V::Store(scores + i,
             value_steps == nullptr ? e : V::Mul(e, V::Load(value_steps + i)));
    sum = V::Add(sum, e);
  }
  return V::Sum(sum);
}

// Takes a segment's states into the totals of Q pairs; partial outputs are
// `width` apart.
template <typename V, int Q>
inline void MergeTotals(AttentionPair* pairs, const float* partials,
                        const float* m, const float* l, int64_t width) {
  using F = typename V::F;
  // Exponentials of all pairs at once: of the total's, then the segment's.
  constexpr int kLanes = (2 * Q + V::kWidth - 1) / V::kWidth * V::kWidth;
  float parts[kLanes] = {};
  for (int i = 0; i < Q; ++i) {
    const float most = m[i] > pairs[i].m ? m[i] : pairs[i].m;
    parts[2 * i] = pairs[i].m - most;
    parts[2 * i + 1] = m[i] - most;
    pairs[i].m = most;
  }
  for (int i = 0; i < kLanes; i += V::kWidth) {
    V::Store(parts + i, ExpNotAbove0<V>(V::Load(parts + i)));
  }
  for (int i = 0; i < Q; ++i) {
    AttentionPair& pair = pairs[i];
    const F a = V::Set(parts[2 * i]);
    const F b = V::Set(parts[2 * i + 1]);
    float scaled[V::kWidth];
    V::Store(scaled, V::Fma(V::Set(pair.l), a, V::Mul(V::Set(l[i]), b)));
    pair.l = scaled[0];
    const float* partial = partials + i * width;
    for (int64_t d = 0; d < width; d += V::kWidth) {
      const F part = V::Mul(V::Load(partial + d), b);
      V::Store(pair.total + d, V::Fma(V::Load(pair.total + d), a, part));
    }
  }
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ATTENTION_BLOCKS_H_
