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
        width_((args.kv.value_dim + 15) / 16 * 16),
        outputs_(args.scratch + int64_t{kAttentionTile} * kAttentionSegment),
        key_steps_(outputs_ + int64_t{kAttentionTile} * 2 * width_),
        value_steps_(key_steps_ + kAttentionSegment),
        chunk_(value_steps_ + kAttentionSegment),
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
        MergeState<V>(pair, state + kAttentionStateHead, state[0], state[1],
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
    const int32_t position = args_.position + row;
    pair.q = args_.q + row * args_.q_stride + int64_t{head} * kv_.key_dim;
    pair.out =
        args_.out + row * args_.out_stride + int64_t{head} * kv_.value_dim;
    pair.begin = args_.window > 0 && position >= args_.window
                     ? position - args_.window + 1
                     : 0;
    pair.end = position + 1;
    pair.scores = args_.scratch + int64_t{count_} * kAttentionSegment;
    pair.partial = outputs_ + int64_t{count_} * 2 * width_;
    pair.total = pair.partial + width_;
    pair.m = -__builtin_inff();
    pair.l = 0.0f;
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
    Scores();
    float m[kAttentionTile];
    float l[kAttentionTile];
    Weights(m, l);
    Values();
    for (int32_t i = 0; i < active_count_; ++i) {
      if (states_ == nullptr) {
        MergeState<V>(active_[i], active_[i].partial, m[i], l[i], width_);
      } else {
        Save(active_[i], State(segment_ / kAttentionSegment, first + i), m[i],
             l[i]);
      }
    }
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

  // Many pairs share the work of expanding keys and values to floats; few read
  // them where they are.
  bool Direct() const { return active_count_ <= kDirectPairs; }

  // Whole vectors are computed; what lies outside a pair's keys is dropped
  // later.
  void Scores() {
    const int32_t end = Last();
    if (Direct() && kv_.page_tokens % kW == 0) {
      ScoreVectors<T, true>(
          First() / kW * kW, end, kv_.page_tokens,
          [this](int32_t at) { return cache_.Key(segment_ + at); });
      return;
    }
    for (int32_t at = First() / kAttentionChunk * kAttentionChunk; at < end;
         at += kAttentionChunk) {
      const int32_t begin = First() > at ? First() : at;
      const int32_t stop =
          end - at < kAttentionChunk ? end : at + kAttentionChunk;
      cache_.ExpandKeys(segment_ + begin, stop - begin, chunk_ + begin - at);
      if (stop < end) {
        cache_.PrefetchKeys(segment_ + stop, Chunk(end - stop));
      } else {
        cache_.PrefetchValues(segment_ + First(), Chunk(end - First()));
      }
      ScoreVectors<float, false>(
          begin / kW * kW, stop, kAttentionChunk,
          [this, at](int32_t key) { return chunk_ + key - at; });
    }
  }

  // Scores of keys [at, end); `key(i)` is where the first dimension of a
  // vector of keys from i is.
  template <typename E, bool kAhead, typename Key>
  void ScoreVectors(int32_t at, int32_t end, int32_t stride, const Key& key) {
    const E* keys[kG];
    int32_t offsets[kG];
    AttentionAhead ahead[kG] = {};
    int held = 0;
    for (; at < end; at += kW) {
      keys[held] = key(at);
      offsets[held] = at;
      if (kAhead) ahead[held] = AfterKeys(at, end);
      if (++held == kG) {
        ScoreRows<E, kG, kAhead>(keys, offsets, stride, ahead);
        held = 0;
      }
    }
    for (int i = 0; i < held; ++i) {
      ScoreRows<E, 1, kAhead>(keys + i, offsets + i, stride, ahead + i);
    }
  }

  // What follows a vector of keys by kAttentionChunk tokens, in steps of one
  // dimension: other keys of the segment, or else its values.
  AttentionAhead AfterKeys(int32_t at, int32_t end) const {
    const int64_t step = int64_t{sizeof(T)} * kv_.page_tokens;
    at += kAttentionChunk;
    if (at < end) return {Bytes(cache_.Key(segment_ + at)), step};
    at += First() - end;
    if (at >= end) at = end - 1;
    return {Bytes(cache_.Value(segment_ + at)), int64_t{sizeof(T)} * kW};
  }

  // What follows the values from `at`, in steps of one token: other values of
  // the segment, or else keys of the next, as far as any pair sees them.
  AttentionAhead AfterValues(int32_t at, int32_t end) const {
    const int64_t step = int64_t{sizeof(T)} * kv_.value_dim;
    const int32_t last = pairs_[count_ - 1].end - segment_;
    at += kAttentionChunk;
    if (at < end) return {Bytes(cache_.Value(segment_ + at)), step};
    if (at >= last) at = last - 1;
    return {Bytes(cache_.Key(segment_ + at / kW * kW)), step};
  }

  static const uint8_t* Bytes(const T* p) {
    return reinterpret_cast<const uint8_t*>(p);
  }

  // The first pairs ask for what is ahead; the others find it asked for.
  template <typename E, int G, bool kAhead>
  void ScoreRows(const E* const* keys, const int32_t* offsets, int32_t stride,
                 const AttentionAhead* ahead) {
    const auto block = [&]<int Q>(int32_t i) {
      if (kAhead && i == 0) {
        ScoreBlock<V, E, Q, G, kAhead>(active_, keys, stride, kv_.key_dim,
                                       factor_, offsets, ahead);
      } else {
        ScoreBlock<V, E, Q, G, false>(active_ + i, keys, stride, kv_.key_dim,
                                      factor_, offsets, ahead);
      }
    };
    ForPairs(block);
  }

  // Runs body<Q>(first) over all active pairs in blocks of up to 6.
  template <typename Body>
  void ForPairs(const Body& body) const {
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

  void Weights(float* m, float* l) {
    const bool steps = sizeof(T) == 1 && kv_.format == KvFormat::kInt8;
    if (steps) {
      cache_.CopySteps(segment_, First(), Last(), key_steps_, value_steps_);
    }
    for (int32_t i = 0; i < active_count_; ++i) {
      AttentionPair& pair = active_[i];
      m[i] = MaskedMaximum<V>(pair.scores, First(pair), Last(pair),
                              steps ? key_steps_ : nullptr);
    }
    for (int32_t i = 0; i < active_count_; ++i) {
      AttentionPair& pair = active_[i];
      l[i] = Exponentials<V>(pair.scores, First(pair), Last(pair), m[i],
                             steps ? value_steps_ : nullptr);
      for (int32_t d = 0; d < width_; d += kW) {
        V::Store(pair.partial + d, V::Set(0.0f));
      }
    }
  }

  void Values() {
    const int32_t end = Last();
    const bool direct = Direct() && kv_.value_dim % kW == 0;
    for (int32_t at = First(); at < end;) {
      // A run of keys: what is left of a page, or of a chunk.
      const int32_t left = direct ? cache_.TokensLeft(segment_ + at)
                                  : kAttentionChunk - at % kAttentionChunk;
      const int32_t stop = left < end - at ? at + left : end;
      if (direct) {
        ValueRun<true>(cache_.Value(segment_ + at), kv_.value_dim, at, stop,
                       AfterValues(at, end));
      } else {
        cache_.ExpandValues(segment_ + at, stop - at, width_, chunk_);
        if (stop < end) {
          cache_.PrefetchValues(segment_ + stop, Chunk(end - stop));
        } else {
          // Keys of the next segment, as far as any pair sees them.
          const int32_t last = pairs_[count_ - 1].end - segment_;
          cache_.PrefetchKeys(segment_ + end, Chunk(last - end));
        }
        ValueRun<false>(static_cast<const float*>(chunk_), width_, at, stop,
                        {});
      }
      at = stop;
    }
  }

  template <bool kAhead, typename E>
  void ValueRun(const E* values, int32_t stride, int32_t at, int32_t stop,
                const AttentionAhead& ahead) {
    const auto block = [&]<int Q>(int32_t i) {
      if (kAhead && i == 0) {
        ValueRows<E, Q, kAhead>(active_, values, stride, at, stop, ahead);
      } else {
        ValueRows<E, Q, false>(active_ + i, values, stride, at, stop, ahead);
      }
    };
    ForPairs(block);
  }

  static int32_t Chunk(int32_t keys) {
    return keys < kAttentionChunk ? keys : kAttentionChunk;
  }
  static int32_t Clamp(int32_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : x;
  }

  // Keys of [at, stop) that all Q pairs see are shared; the others are added
  // pair by pair.
  template <typename E, int Q, bool kAhead>
  void ValueRows(AttentionPair* pairs, const E* values, int32_t stride,
                 int32_t at, int32_t stop, const AttentionAhead& ahead) {
    const int32_t low = Clamp(First(pairs[Q - 1]), at, stop);
    int32_t high = Clamp(Last(pairs[0]), at, stop);
    if (low == at && high == stop) {
      ValueRange<E, Q, kAhead>(pairs, values, stride, at, at, stop, ahead);
      return;
    }
    if (high < low) high = low;
    if (Q > 1) {
      for (int i = 0; i < Q; ++i) {
        const int32_t from = Clamp(First(pairs[i]), at, low);
        const int32_t to = Clamp(Last(pairs[i]), from, low);
        ValueRange<E, 1, false>(pairs + i, values, stride, at, from, to, ahead);
      }
    }
    ValueRange<E, Q, false>(pairs, values, stride, at, low, high, ahead);
    if (Q > 1) {
      for (int i = 0; i < Q; ++i) {
        ValueRange<E, 1, false>(pairs + i, values, stride, at, high,
                                Clamp(Last(pairs[i]), high, stop), ahead);
      }
    }
  }

  // Keys [from, to); `values` is that of key `at`.
  template <typename E, int Q, bool kAhead>
  void ValueRange(AttentionPair* pairs, const E* values, int32_t stride,
                  int32_t at, int32_t from, int32_t to,
                  const AttentionAhead& ahead) {
    if (from >= to) return;
    values += int64_t{from - at} * stride;
    // `partial` and expanded values are whole vectors.
    int64_t d = 0;
    for (; d + kG * kW <= stride; d += kG * kW) {
      ValueBlock<V, E, Q, kG, kAhead>(pairs, values, stride, to - from, from, d,
                                      ahead);
    }
    for (; d < stride; d += kW) {
      ValueBlock<V, E, Q, 1, kAhead>(pairs, values, stride, to - from, from, d,
                                     ahead);
    }
  }

  float* State(int32_t segment, int32_t pair) const {
    const int64_t index =
        int64_t{segment - states_->first_segment} * count_ + pair;
    return states_->states + index * (kAttentionStateHead + width_);
  }

  void Save(const AttentionPair& pair, float* state, float m, float l) const {
    state[0] = m;
    state[1] = l;
    state += kAttentionStateHead;
    for (int32_t i = 0; i < width_; i += kW) {
      V::Store(state + i, V::Load(pair.partial + i));
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

  const AttentionArgs& args_;
  const KvLayer& kv_;
  const AttentionCache<V, T> cache_;
  const int32_t width_;  // value_dim in whole vectors
  float* const outputs_;
  float* const key_steps_;  // of a segment
  float* const value_steps_;
  float* const chunk_;  // expanded keys or values
  const float factor_;  // of a score
  const float value_factor_;
  const AttentionStates* states_ = nullptr;
  AttentionPair pairs_[kAttentionTile];
  int32_t count_ = 0;
  // The segment, and the pairs that see it.
  int32_t segment_ = 0;
  AttentionPair* active_ = nullptr;
  int32_t active_count_ = 0;
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
