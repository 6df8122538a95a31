// Paged attention on vectors, for a tile of (row, head) pairs at once.
//
// Scores: a vector holds one dimension of many keys, so each score is one
// chain of products over the dimensions. Output: a vector holds dimensions of
// one value, so each element is one chain over the keys in ascending order.
// Neither chain depends on how many pairs share the loads.
#ifndef INLAY_KERNELS_CPU_ATTENTION_SIMD_H_
#define INLAY_KERNELS_CPU_ATTENTION_SIMD_H_

#include <stdint.h>

#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_exp.h"

namespace inlay::kernels::cpu {

inline constexpr int32_t kPairsPerTile = kAttentionTile;

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

// scores = scale * (q . k) for Q pairs and G vectors of keys.
template <typename V, typename T, int Q, int G>
inline void ScoreBlock(const AttentionPair* pairs, const T* const* keys,
                       int64_t lanes, int64_t stride, int32_t dims, float scale,
                       const int32_t* offsets) {
  using F = typename V::F;
  F sum[Q][G];
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) sum[i][g] = V::Set(0.0f);
  }
  for (int32_t d = 0; d < dims; ++d) {
    F k[G];
    for (int g = 0; g < G; ++g) {
      k[g] = lanes == V::kWidth ? V::Load(keys[g] + d * stride)
                                : V::Load(keys[g] + d * stride, lanes);
    }
    for (int i = 0; i < Q; ++i) {
      const F q = V::Set(pairs[i].q[d]);
      for (int g = 0; g < G; ++g) sum[i][g] = V::Fma(q, k[g], sum[i][g]);
    }
  }
  const F factor = V::Set(scale);
  for (int i = 0; i < Q; ++i) {
    for (int g = 0; g < G; ++g) {
      const F value = V::Mul(sum[i][g], factor);
      if (lanes == V::kWidth) {
        V::Store(pairs[i].scores + offsets[g], value);
      } else {
        V::Store(pairs[i].scores + offsets[g], value, lanes);
      }
    }
  }
}

// partial += sum over `count` keys of weight * value, for Q pairs and G
// vectors of dimensions (the last `lanes` < width lanes only, if partial).
template <typename V, typename T, int Q, int G>
inline void ValueBlock(const AttentionPair* pairs, const T* values,
                       int64_t stride, int32_t count, int32_t offset,
                       int64_t dim, int64_t lanes) {
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
    for (int g = 0; g < G; ++g) {
      v[g] = lanes == V::kWidth ? V::Load(row + g * V::kWidth)
                                : V::Load(row + g * V::kWidth, lanes);
    }
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

template <typename V, typename T>
class AttentionRun {
 public:
  explicit AttentionRun(const AttentionArgs& args)
      : args_(args),
        kv_(args.kv),
        width_((args.kv.value_dim + 15) / 16 * 16),
        keys_(int64_t{args.kv_head} * args.kv.key_dim * args.kv.page_tokens),
        values_((int64_t{args.kv.kv_heads} * args.kv.key_dim +
                 int64_t{args.kv_head} * args.kv.value_dim) *
                args.kv.page_tokens) {}

  void Run() {
    for (int32_t h = 0; h < args_.q_heads; h += kPairsPerTile) {
      const int32_t heads =
          args_.q_heads - h < kPairsPerTile ? args_.q_heads - h : kPairsPerTile;
      const int32_t step = kPairsPerTile / heads;
      for (int32_t r = 0; r < args_.rows; r += step) {
        RunTile(r, args_.rows - r < step ? args_.rows - r : step, h, heads);
      }
    }
  }

 private:
  static constexpr int32_t kW = V::kWidth;
  static constexpr int kG = V::kTileVectors;

  void RunTile(int32_t row, int32_t rows, int32_t head, int32_t heads) {
    count_ = 0;
    for (int32_t r = row; r < row + rows; ++r) {
      for (int32_t h = head; h < head + heads; ++h) AddPair(r, h);
    }
    const int32_t last = pairs_[count_ - 1].end;
    for (int32_t segment =
             pairs_[0].begin / kAttentionSegment * kAttentionSegment;
         segment < last; segment += kAttentionSegment) {
      RunSegment(segment);
      // The next start may not be representable.
      if (last - segment <= kAttentionSegment) break;
    }
    for (int32_t i = 0; i < count_; ++i) Finish(pairs_[i]);
  }

  void AddPair(int32_t row, int32_t head) {
    AttentionPair& pair = pairs_[count_];
    const int32_t position = args_.position + row;
    pair.q = args_.q + row * args_.q_stride + int64_t{head} * kv_.key_dim;
    pair.out =
        args_.out + row * args_.out_stride + int64_t{head} * kv_.value_dim;
    pair.begin = args_.window > 0 && position >= args_.window
                     ? position - args_.window + 1
                     : 0;
    pair.end = position + 1;
    pair.scores = args_.scratch + int64_t{count_} * kAttentionSegment;
    float* outputs = args_.scratch + int64_t{kPairsPerTile} * kAttentionSegment;
    pair.partial = outputs + int64_t{count_} * 2 * width_;
    pair.total = pair.partial + width_;
    pair.m = -__builtin_inff();
    pair.l = 0.0f;
    for (int32_t i = 0; i < width_; i += kW) {
      V::Store(pair.total + i, V::Set(0.0f));
    }
    ++count_;
  }

  static int32_t Clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : x;
  }

  void RunSegment(int32_t segment) {
    segment_ = segment;
    // Pairs are in order of rows, so those that see this segment are
    // neighbours.
    int32_t first = 0;
    while (first < count_ && pairs_[first].end <= segment) ++first;
    int32_t last = count_;
    while (last > first &&
           pairs_[last - 1].begin - segment >= kAttentionSegment) {
      --last;
    }
    if (first == last) return;
    AttentionPair* active = pairs_ + first;
    const int32_t count = last - first;
    Scores(active, count, First(active[0]), Last(active[count - 1]));
    float m[kPairsPerTile];
    float l[kPairsPerTile];
    for (int32_t i = 0; i < count; ++i) Softmax(active[i], &m[i], &l[i]);
    Values(active, count);
    for (int32_t i = 0; i < count; ++i) Merge(active[i], m[i], l[i]);
  }

  // The pair's keys of this segment, relative to its start.
  int32_t First(const AttentionPair& pair) const {
    return pair.begin > segment_ ? pair.begin - segment_ : 0;
  }
  int32_t Last(const AttentionPair& pair) const {
    return pair.end - segment_ < kAttentionSegment ? pair.end - segment_
                                                   : kAttentionSegment;
  }

  const T* Page(int32_t position) const {
    const int32_t page = args_.block_table[position / kv_.page_tokens];
    return reinterpret_cast<const T*>(kv_.base + static_cast<size_t>(page) *
                                                     kv_.page_stride);
  }

  // Scores of keys [first, last) of the segment. Whole vectors are computed
  // where pages hold them; what lies outside a pair's keys is dropped later.
  void Scores(AttentionPair* active, int32_t count, int32_t first,
              int32_t last) {
    const bool whole = kv_.page_tokens % kW == 0;
    if (whole) first -= first % kW;
    const T* keys[kG];
    int32_t offsets[kG];
    int32_t held = 0;
    for (int32_t at = first; at < last;) {
      const int32_t token = (segment_ + at) % kv_.page_tokens;
      const int32_t left = kv_.page_tokens - token;
      const int32_t lanes =
          whole ? kW : Clamp(left < last - at ? left : last - at, 1, kW);
      keys[held] = Page(segment_ + at) + keys_ + token;
      offsets[held] = at;
      at += lanes;
      if (lanes < kW) {
        Flush(active, count, keys, offsets, held);
        ScoreRows<1>(active, count, keys + held, offsets + held, lanes);
        held = 0;
      } else if (++held == kG) {
        ScoreRows<kG>(active, count, keys, offsets, kW);
        held = 0;
      }
    }
    Flush(active, count, keys, offsets, held);
  }

  void Flush(AttentionPair* active, int32_t count, const T* const* keys,
             const int32_t* offsets, int32_t held) {
    for (int32_t i = 0; i < held; ++i) {
      ScoreRows<1>(active, count, keys + i, offsets + i, kW);
    }
  }

  template <int G>
  void ScoreRows(AttentionPair* active, int32_t count, const T* const* keys,
                 const int32_t* offsets, int64_t lanes) {
    int32_t i = 0;
    for (; i + 6 <= count; i += 6) {
      ScoreBlock<V, T, 6, G>(active + i, keys, lanes, kv_.page_tokens,
                             kv_.key_dim, args_.scale, offsets);
    }
    for (; i + 3 <= count; i += 3) {
      ScoreBlock<V, T, 3, G>(active + i, keys, lanes, kv_.page_tokens,
                             kv_.key_dim, args_.scale, offsets);
    }
    for (; i < count; ++i) {
      ScoreBlock<V, T, 1, G>(active + i, keys, lanes, kv_.page_tokens,
                             kv_.key_dim, args_.scale, offsets);
    }
  }

  // Scores become exponentials. Lanes are counted from the segment's start, so
  // that the order of the sum depends on positions alone.
  void Softmax(AttentionPair& pair, float* m, float* l) const {
    using F = typename V::F;
    const int32_t first = First(pair);
    const int32_t last = Last(pair);
    const int32_t begin = first - first % kW;
    const int32_t end = (last + kW - 1) / kW * kW;
    const float none = -__builtin_inff();
    for (int32_t i = begin; i < first; ++i) pair.scores[i] = none;
    for (int32_t i = last; i < end; ++i) pair.scores[i] = none;
    F most = V::Set(none);
    for (int32_t i = begin; i < end; i += kW) {
      most = V::Max(most, V::Load(pair.scores + i));
    }
    *m = V::MaxOf(most);
    const F shift = V::Set(*m);
    F sum = V::Set(0.0f);
    for (int32_t i = begin; i < end; i += kW) {
      const F e = Exp<V>(V::Sub(V::Load(pair.scores + i), shift));
      V::Store(pair.scores + i, e);
      sum = V::Add(sum, e);
    }
    *l = V::Sum(sum);
    for (int32_t i = 0; i < width_; i += kW) {
      V::Store(pair.partial + i, V::Set(0.0f));
    }
  }

  void Values(AttentionPair* active, int32_t count) {
    int32_t i = 0;
    for (; i + 6 <= count; i += 6) ValueRows<6>(active + i);
    for (; i + 3 <= count; i += 3) ValueRows<3>(active + i);
    for (; i < count; ++i) ValueRows<1>(active + i);
  }

  // Keys that all Q pairs see are shared; the others are added pair by pair.
  template <int Q>
  void ValueRows(AttentionPair* pairs) {
    const int32_t low = First(pairs[Q - 1]);
    const int32_t high = Last(pairs[0]);
    if (Q == 1 || low >= high) {
      for (int i = 0; i < Q; ++i) {
        ValueRange<1>(pairs + i, First(pairs[i]), Last(pairs[i]));
      }
      return;
    }
    for (int i = 0; i < Q; ++i) ValueRange<1>(pairs + i, First(pairs[i]), low);
    ValueRange<Q>(pairs, low, high);
    for (int i = 0; i < Q; ++i) ValueRange<1>(pairs + i, high, Last(pairs[i]));
  }

  template <int Q>
  void ValueRange(AttentionPair* pairs, int32_t first, int32_t last) {
    for (int32_t at = first; at < last;) {
      const int32_t token = (segment_ + at) % kv_.page_tokens;
      const int32_t left = kv_.page_tokens - token;
      const int32_t count = left < last - at ? left : last - at;
      const T* values =
          Page(segment_ + at) + values_ + int64_t{token} * kv_.value_dim;
      const int64_t dims = kv_.value_dim;
      int64_t d = 0;
      for (; d + kG * kW <= dims; d += kG * kW) {
        ValueBlock<V, T, Q, kG>(pairs, values, dims, count, at, d, kW);
      }
      for (; d + kW <= dims; d += kW) {
        ValueBlock<V, T, Q, 1>(pairs, values, dims, count, at, d, kW);
      }
      if (d < dims) {
        ValueBlock<V, T, Q, 1>(pairs, values, dims, count, at, d, dims - d);
      }
      at += count;
    }
  }

  void Merge(AttentionPair& pair, float m, float l) const {
    using F = typename V::F;
    const float most = m > pair.m ? m : pair.m;
    const F a = Exp<V>(V::Set(pair.m - most));
    const F b = Exp<V>(V::Set(m - most));
    float scaled[kW];
    V::Store(scaled, V::Fma(V::Set(pair.l), a, V::Mul(V::Set(l), b)));
    pair.l = scaled[0];
    pair.m = most;
    for (int32_t i = 0; i < width_; i += kW) {
      const F part = V::Mul(V::Load(pair.partial + i), b);
      V::Store(pair.total + i, V::Fma(V::Load(pair.total + i), a, part));
    }
  }

  void Finish(const AttentionPair& pair) const {
    const auto l = V::Set(pair.l);
    int32_t i = 0;
    for (; i + kW <= kv_.value_dim; i += kW) {
      V::Store(pair.out + i, V::Div(V::Load(pair.total + i), l));
    }
    if (i < kv_.value_dim) {
      V::Store(pair.out + i, V::Div(V::Load(pair.total + i), l),
               kv_.value_dim - i);
    }
  }

  const AttentionArgs& args_;
  const KvLayer& kv_;
  const int32_t width_;  // value_dim in whole vectors
  const int64_t keys_;   // this head's keys and values inside a page
  const int64_t values_;
  AttentionPair pairs_[kPairsPerTile];
  int32_t count_ = 0;
  int32_t segment_ = 0;
};

template <typename V>
void AttentionSimd(const AttentionArgs& args) {
  if (args.kv.format == KvFormat::kF16) {
    AttentionRun<V, uint16_t>(args).Run();
  } else {
    AttentionRun<V, float>(args).Run();
  }
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ATTENTION_SIMD_H_
