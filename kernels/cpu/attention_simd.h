// Paged attention on vectors, for a tile of (row, head) pairs at once.
#ifndef INLAY_KERNELS_CPU_ATTENTION_SIMD_H_
#define INLAY_KERNELS_CPU_ATTENTION_SIMD_H_

#include <stdint.h>

#include "kernels/cpu/attention_blocks.h"
#include "kernels/cpu/attention_cache.h"
#include "kernels/cpu/attention_load.h"
#include "kernels/cpu/kv_layout.h"
#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu {

template <typename V, typename T>
class AttentionRun {
 public:
  explicit AttentionRun(const AttentionArgs& args)
      : args_(args),
        kv_(args.kv),
        cache_(args),
        width_((args.kv.value_dim + kW - 1) / kW * kW),
        totals_(args.scratch + int64_t{kAttentionBlock} * kAttentionSegment),
        partials_(totals_ + int64_t{kAttentionTile} * width_),
        key_steps_(partials_ + int64_t{kAttentionBlock} * width_),
        value_steps_(key_steps_ + kAttentionSegment),
        key_panel_(value_steps_ + kAttentionSegment),
        value_panel_(key_panel_ + int64_t{kAttentionSegment} * args.kv.key_dim),
        factor_(args.scale * CacheUnit<V, T>(args.kv.key_scales, args.kv_head)),
        value_factor_(CacheUnit<V, T>(args.kv.value_scales, args.kv_head)) {}

  void Run() {
    for (int32_t h = 0; h < args_.q_heads; h += kAttentionTile) {
      const int32_t left = args_.q_heads - h;
      const int32_t heads = left < kAttentionTile ? left : kAttentionTile;
      const int32_t step = kAttentionTile / heads;
      for (int32_t r = 0; r < args_.rows; r += step) {
        AddTile(r, args_.rows - r < step ? args_.rows - r : step, h, heads);
        RunSegments(0, INT32_MAX);
        for (int32_t i = 0; i < count_; ++i) Finish(pairs_[i]);
      }
    }
  }

  void RunStates(const AttentionStates& states) {
    AddTile(0, args_.rows, 0, args_.q_heads);
    states_ = &states;
    RunSegments(states.begin, states.end);
  }

  void MergeStates(const AttentionStates& states) {
    AddTile(0, args_.rows, 0, args_.q_heads);
    states_ = &states;
    for (int32_t i = 0; i < count_; ++i) {
      AttentionPair& pair = pairs_[i];
      for (int32_t s = states.begin; s < states.end; ++s) {
        if (s < pair.begin / kAttentionSegment) continue;
        if (s > (pair.end - 1) / kAttentionSegment) break;
        const float* state = State(s, i);
        MergeTotals<V, 1>(&pair, state + kAttentionStateHead, state, state + 1,
                          width_);
      }
      Finish(pair);
    }
  }

 private:
  static constexpr int32_t kW = V::kWidth;
  static constexpr int kG = V::kTileVectors;

  void AddTile(int32_t row, int32_t rows, int32_t head, int32_t heads) {
    count_ = 0;
    for (int32_t r = row; r < row + rows; ++r) {
      for (int32_t h = head; h < head + heads; ++h) AddPair(r, h);
    }
  }

  void AddPair(int32_t row, int32_t head) {
    AttentionPair& pair = pairs_[count_];
    const int32_t position = args_.position + (args_.same_position ? 0 : row);
    pair.q = args_.q + row * args_.q_stride + int64_t{head} * kv_.key_dim;
    pair.out =
        args_.out + row * args_.out_stride + int64_t{head} * kv_.value_dim;
    pair.begin = args_.window > 0 && position >= args_.window
                     ? position - args_.window + 1
                     : 0;
    const int32_t after = args_.keys - 1 - position;
    pair.end = position + 1 + (args_.ahead < after ? args_.ahead : after);
    pair.total = totals_ + int64_t{count_} * width_;
    // A sink is a score whose value is zeros, merged before all others.
    const bool sink = args_.sinks != nullptr;
    pair.m = sink ? args_.sinks[head] : -__builtin_inff();
    pair.l = sink ? 1.0f : 0.0f;
    pair.slope = args_.slopes != nullptr ? args_.slopes[head] : 0.0f;
    pair.bias = args_.bias != nullptr ? args_.bias + head : nullptr;
    pair.position = args_.row_position + row;
    for (int32_t i = 0; i < width_; i += kW) {
      V::Store(pair.total + i, V::Set(0.0f));
    }
    ++count_;
  }

  void RunSegments(int32_t begin, int32_t end) {
    const int32_t first = pairs_[0].begin / kAttentionSegment;
    const int32_t last = (pairs_[count_ - 1].end - 1) / kAttentionSegment + 1;
    if (begin < first) begin = first;
    if (end > last) end = last;
    for (int32_t s = begin; s < end; ++s) RunSegment(s * kAttentionSegment);
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
    active_ = pairs_ + first;
    active_count_ = last - first;
    Open();
    ForBlocks([this]<int Q>(int32_t i) {
      // The first pairs ask for what is ahead; others find it asked for.
      if (i == 0) {
        RunBlock<Q, true>(i);
      } else {
        RunBlock<Q, false>(i);
      }
      if (panels_) AskForNext(i, Q);
    });
  }

  // The pair's keys of this segment, relative to its start.
  int32_t First(const AttentionPair& pair) const {
    return pair.begin > segment_ ? pair.begin - segment_ : 0;
  }
  int32_t Last(const AttentionPair& pair) const {
    return pair.end - segment_ < kAttentionSegment ? pair.end - segment_
                                                   : kAttentionSegment;
  }
  // Those that any active pair sees.
  int32_t First() const { return First(active_[0]); }
  int32_t Last() const { return Last(active_[active_count_ - 1]); }

  // Prepares what all active pairs use. Many share the work of expanding keys
  // and values to floats; few read them where they are.
  void Open() {
    const int32_t first = First();
    const int32_t last = Last();
    panels_ = active_count_ > kDirectPairs;
    key_panels_ = panels_ || kv_.page_tokens % kW != 0;
    value_panels_ = panels_ || kv_.value_dim % kW != 0;
    for (int32_t at = first; key_panels_ && at < last;) {
      const int32_t chunk = at / kAttentionChunk * kAttentionChunk;
      const int32_t stop =
          last - chunk < kAttentionChunk ? last : chunk + kAttentionChunk;
      cache_.ExpandKeys(segment_ + at, stop - at, KeyPanel(at));
      at = stop;
    }
    if (value_panels_) {
      cache_.ExpandValues(segment_ + first, last - first, width_,
                          value_panel_ + int64_t{first} * width_);
    } else {
      FindValues(first, last);
    }
    if (kSteps && kv_.format == KvFormat::kInt8) {
      cache_.CopySteps(segment_, first, last, key_steps_, value_steps_);
    }
  }

  // The first dimension of a key of this segment; others are kAttentionChunk
  // apart.
  float* KeyPanel(int32_t key) const {
    const int32_t in_chunk = key % kAttentionChunk;
    return key_panel_ + int64_t{key - in_chunk} * kv_.key_dim + in_chunk;
  }

  // Asks for the part of the next segment that falls to `count` pairs, so that
  // it is near when it is expanded.
  void AskForNext(int32_t first, int32_t count) const {
    const int32_t next = segment_ + kAttentionSegment;
    const int32_t left = pairs_[count_ - 1].end - next;
    if (left <= 0) return;
    const int32_t keys = left < kAttentionSegment ? left : kAttentionSegment;
    const int32_t begin = keys * first / active_count_;
    const int32_t end = keys * (first + count) / active_count_;
    cache_.PrefetchKeys(next + begin, end - begin);
    cache_.PrefetchValues(next + begin, end - begin);
  }

  // Runs body<Q>(first) over all active pairs in blocks of up to 6.
  template <typename Body>
  void ForBlocks(const Body& body) const {
    int32_t i = 0;
    for (; i + 6 <= active_count_; i += 6) body.template operator()<6>(i);
    switch (active_count_ - i) {
      case 5:
        body.template operator()<3>(i);
        i += 3;
        [[fallthrough]];
      case 2:
        return body.template operator()<2>(i);
      case 4:
        return body.template operator()<4>(i);
      case 3:
        return body.template operator()<3>(i);
      case 1:
        return body.template operator()<1>(i);
      default:
        return;
    }
  }

  // Pairs of one block, one after another in each step, so that their scores
  // and weights stay near.
  template <int Q, bool kFirst>
  void RunBlock(int32_t first) {
    AttentionPair* pairs = active_ + first;
    if (key_panels_) {
      BlockScores<float, Q, false>(pairs, kAttentionChunk, [this](int32_t key) {
        return static_cast<const float*>(KeyPanel(key));
      });
    } else {
      BlockScores<T, Q, kFirst>(pairs, kv_.page_tokens, [this](int32_t key) {
        return cache_.Key(segment_ + key);
      });
    }
    float m[Q];
    float l[Q];
    BlockWeights<Q>(pairs, m, l);
    if (value_panels_) {
      BlockValues<Q, false>(pairs, Expanded{value_panel_, width_});
    } else {
      BlockValues<Q, kFirst>(pairs, Paged{rows_});
    }
    if (states_ == nullptr) {
      MergeTotals<V, Q>(pairs, partials_, m, l, width_);
      return;
    }
    for (int32_t i = 0; i < Q; ++i) {
      const int32_t pair = static_cast<int32_t>(pairs - pairs_) + i;
      Save(partials_ + int64_t{i} * width_,
           State(segment_ / kAttentionSegment, pair), m[i], l[i]);
    }
  }

  // Whole vectors are computed; what lies outside a pair's keys is dropped
  // later. `key(i)` is where the first dimension of a vector of keys from i is.
  template <typename E, int Q, bool kAhead, typename Key>
  void BlockScores(const AttentionPair* pairs, int32_t stride, const Key& key) {
    const int32_t end = Last(pairs[Q - 1]);
    const E* keys[kG];
    int32_t offsets[kG];
    AttentionAhead ahead[kG] = {};
    int held = 0;
    for (int32_t at = First(pairs[0]) / kW * kW; at < end; at += kW) {
      keys[held] = key(at);
      offsets[held] = at;
      if (kAhead) ahead[held] = AfterKeys(at);
      if (++held == kG) {
        ScoreBlock<V, E, Q, kG, kAhead>(pairs, keys, stride, kv_.key_dim,
                                        factor_, offsets, ahead, args_.scratch);
        held = 0;
      }
    }
    for (int i = 0; i < held; ++i) {
      ScoreBlock<V, E, Q, 1, kAhead>(pairs, keys + i, stride, kv_.key_dim,
                                     factor_, offsets + i, ahead + i,
                                     args_.scratch);
    }
  }

  template <int Q>
  void BlockWeights(const AttentionPair* pairs, float* m, float* l) {
    const bool steps = kSteps && kv_.format == KvFormat::kInt8;
    const bool bends =
        args_.softcap > 0 || args_.slopes != nullptr || args_.bias != nullptr;
    float* scores = args_.scratch;
    if (bends) Bend<Q>(pairs, steps ? key_steps_ : nullptr);
    for (int i = 0; i < Q; ++i, scores += kAttentionSegment) {
      m[i] = MaskedMaximum<V>(scores, First(pairs[i]), Last(pairs[i]),
                              steps && !bends ? key_steps_ : nullptr);
    }
    scores = args_.scratch;
    for (int i = 0; i < Q; ++i, scores += kAttentionSegment) {
      l[i] = Exponentials<V>(scores, First(pairs[i]), Last(pairs[i]), m[i],
                             steps ? value_steps_ : nullptr);
    }
  }

  // Apart from the plain path, which it must not slow down.
  template <int Q>
  __attribute__((noinline)) void Bend(const AttentionPair* pairs,
                                      const float* key_steps) {
    float* scores = args_.scratch;
    for (int i = 0; i < Q; ++i, scores += kAttentionSegment) {
      BendScores<V>(scores, First(pairs[i]), Last(pairs[i]), key_steps,
                    args_.softcap, pairs[i].slope, pairs[i].end - 1 - segment_);
      if (args_.bias != nullptr) AddBias(pairs[i], scores);
    }
  }

  void AddBias(const AttentionPair& pair, float* scores) const {
    const int32_t span = args_.bias_span;
    const int32_t last = Last(pair);
    for (int32_t i = First(pair); i < last; ++i) {
      int32_t distance = segment_ + i - pair.position;
      distance = distance < -span ? -span : distance > span ? span : distance;
      scores[i] +=
          pair.bias[args_.buckets[distance + span] * args_.bias_stride];
    }
  }

  // What follows a vector of keys by kAttentionChunk tokens, in steps of one
  // dimension: other keys of the segment, or else its values.
  AttentionAhead AfterKeys(int32_t at) const {
    const int32_t end = Last();
    const int64_t step = int64_t{sizeof(T)} * kv_.page_tokens;
    at += kAttentionChunk;
    if (at < end) return {Bytes(cache_.Key(segment_ + at)), step};
    at += First() - end;
    if (at >= end) at = end - 1;
    return {Bytes(cache_.Value(segment_ + at)), int64_t{sizeof(T)} * kW};
  }

  // Where the values of this segment are, and kAttentionChunk places to ask for
  // after them: keys of the next segment, as far as any pair sees them.
  void FindValues(int32_t first, int32_t end) {
    for (int32_t at = first; at < end;) {
      const T* value = cache_.Value(segment_ + at);
      const int32_t left = cache_.TokensLeft(segment_ + at);
      const int32_t stop = left < end - at ? at + left : end;
      for (; at < stop; ++at, value += kv_.value_dim) rows_[at] = value;
    }
    const int32_t last = pairs_[count_ - 1].end - segment_ - 1;
    for (int32_t at = end; at < end + kAttentionChunk;) {
      const int32_t near = at < last ? at : last;
      const T* key = cache_.Key(segment_ + near / kW * kW);
      const int32_t stop = at + kW - at % kW;
      for (; at < stop; ++at, key += kv_.value_dim) rows_[at] = key;
    }
  }

  static const uint8_t* Bytes(const T* p) {
    return reinterpret_cast<const uint8_t*>(p);
  }

  // Values of the segment: expanded, or where they are.
  struct Expanded {
    const float* values;
    int64_t width;

    const float* At(int32_t key) const { return values + key * width; }
    const uint8_t* Ahead(int32_t, int64_t) const { return nullptr; }
  };
  struct Paged {
    const T* const* rows;

    const T* At(int32_t key) const { return rows[key]; }
    const uint8_t* Ahead(int32_t key, int64_t dim) const {
      return Bytes(rows[key + kAttentionChunk] + dim);
    }
  };

  // Keys that all Q pairs see are shared; the others are added pair by pair.
  template <int Q, bool kAhead, typename Source>
  void BlockValues(const AttentionPair* pairs, const Source& values) {
    const int32_t begin = First(pairs[0]);
    const int32_t end = Last(pairs[Q - 1]);
    const int32_t low = First(pairs[Q - 1]);
    int32_t high = Last(pairs[0]);
    if (low == begin && high == end) {
      ValueRange<Q, true, kAhead>(values, 0, begin, end);
      return;
    }
    if (high < low) high = low;
    for (int i = 0; i < Q; ++i) {
      const int32_t last = Last(pairs[i]);
      ValueRange<1, true, false>(values, i, First(pairs[i]),
                                 last < low ? last : low);
    }
    ValueRange<Q, false, kAhead>(values, 0, low, high);
    for (int i = 0; i < Q; ++i) {
      ValueRange<1, false, false>(values, i, high, Last(pairs[i]));
    }
  }

  // Keys [from, to) for the Q pairs of the block from `pair`.
  template <int Q, bool kFresh, bool kAhead, typename Source>
  void ValueRange(const Source& values, int32_t pair, int32_t from,
                  int32_t to) {
    if (!kFresh && from >= to) return;
    const float* weights = args_.scratch + pair * kAttentionSegment;
    float* partial = partials_ + int64_t{pair} * width_;
    // `partial` and the values are whole vectors.
    int64_t d = 0;
    for (; d + kG * kW <= width_; d += kG * kW) {
      ValueBlock<V, Q, kG, kFresh, kAhead>(values, weights, from, to, d,
                                           partial, width_);
    }
    for (; d < width_; d += kW) {
      ValueBlock<V, Q, 1, kFresh, kAhead>(values, weights, from, to, d, partial,
                                          width_);
    }
  }

  float* State(int32_t segment, int32_t pair) const {
    const int64_t index =
        int64_t{segment - states_->first_segment} * count_ + pair;
    return states_->states + index * (kAttentionStateHead + width_);
  }

  void Save(const float* partial, float* state, float m, float l) const {
    state[0] = m;
    state[1] = l;
    state += kAttentionStateHead;
    for (int32_t i = 0; i < width_; i += kW) {
      V::Store(state + i, V::Load(partial + i));
    }
  }

  void Finish(const AttentionPair& pair) const {
    const auto l = V::Set(pair.l);
    const auto factor = V::Set(value_factor_);
    int32_t i = 0;
    for (; i + kW <= kv_.value_dim; i += kW) {
      V::Store(pair.out + i,
               V::Mul(V::Div(V::Load(pair.total + i), l), factor));
    }
    if (i < kv_.value_dim) {
      V::Store(pair.out + i, V::Mul(V::Div(V::Load(pair.total + i), l), factor),
               kv_.value_dim - i);
    }
  }

  // Bytes take more to expand, so fewer pairs make it worth doing once.
  static constexpr int32_t kDirectPairs = sizeof(T) == 1 ? 6 : 24;
  // Whether the cache may hold a step for each key and value.
  static constexpr bool kSteps = sizeof(T) == 1;

  const AttentionArgs& args_;
  const KvLayer& kv_;
  const AttentionCache<V, T> cache_;
  const int32_t width_;     // value_dim in whole vectors
  float* const totals_;     // merged outputs of all pairs
  float* const partials_;   // of a block, outputs of the segment
  float* const key_steps_;  // of a segment
  float* const value_steps_;
  float* const key_panel_;  // expanded
  float* const value_panel_;
  const float factor_;  // of a score
  const float value_factor_;
  const AttentionStates* states_ = nullptr;
  AttentionPair pairs_[kAttentionTile];
  int32_t count_ = 0;
  // The segment, and the pairs that see it.
  int32_t segment_ = 0;
  AttentionPair* active_ = nullptr;
  int32_t active_count_ = 0;
  // What is expanded for them, and where values are that are not.
  const T* rows_[kAttentionSegment + kAttentionChunk + kW];
  bool panels_ = false, key_panels_ = false, value_panels_ = false;
};

// Calls body(element) with a null pointer of the cache's element type.
template <typename Body>
void WithElement(KvFormat format, const Body& body) {
  switch (format) {
    case KvFormat::kF32:
      return body(static_cast<const float*>(nullptr));
    case KvFormat::kF16:
      return body(static_cast<const Half*>(nullptr));
    case KvFormat::kBf16:
      return body(static_cast<const Bfloat16*>(nullptr));
    case KvFormat::kInt8:
      return body(static_cast<const Int8*>(nullptr));
    case KvFormat::kFp8:
      return body(static_cast<const Fp8*>(nullptr));
  }
}

template <typename V>
void AttentionSimd(const AttentionArgs& args) {
  WithElement(args.kv.format, [&args]<typename T>(const T*) {
    AttentionRun<V, T>(args).Run();
  });
}

template <typename V>
void AttentionSegmentsSimd(const AttentionArgs& args,
                           const AttentionStates& states) {
  WithElement(args.kv.format, [&]<typename T>(const T*) {
    AttentionRun<V, T>(args).RunStates(states);
  });
}

template <typename V>
void AttentionMergeSimd(const AttentionArgs& args,
                        const AttentionStates& states) {
  WithElement(args.kv.format, [&]<typename T>(const T*) {
    AttentionRun<V, T>(args).MergeStates(states);
  });
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ATTENTION_SIMD_H_
