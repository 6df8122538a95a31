// Paged attention, one row and head at a time.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/common/fp8.h"
#include "kernels/common/half.h"
#include "kernels/cpu/kv_layout.h"
#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu::reference {
namespace {

// Reads keys and values of one kv head through the block table.
class Reader {
 public:
  explicit Reader(const AttentionArgs& args)
      : kv_(args.kv),
        blocks_(args.block_table),
        head_(args.kv_head),
        at_(args.kv) {}

  float Key(int32_t position, int32_t dim) const {
    const int32_t token = position % kv_.page_tokens;
    return Load(Page(position),
                at_.Keys(head_) + Offset(dim, kv_.page_tokens, token)) *
           Step(position, kv_.key_scales, at_.KeySteps(head_));
  }
  float Value(int32_t position, int32_t dim) const {
    const int32_t token = position % kv_.page_tokens;
    return Load(Page(position),
                at_.Values(head_) + Offset(token, kv_.value_dim, dim)) *
           Step(position, kv_.value_scales, at_.ValueSteps(head_));
  }

 private:
  static size_t Offset(int32_t row, int32_t width, int32_t column) {
    return static_cast<size_t>(int64_t{row} * width + column);
  }
  const uint8_t* Page(int32_t position) const {
    const int32_t page = blocks_[position / kv_.page_tokens];
    return kv_.base + static_cast<size_t>(page) * kv_.page_stride;
  }
  float Load(const uint8_t* page, size_t element) const {
    const auto* halves = reinterpret_cast<const uint16_t*>(page);
    switch (kv_.format) {
      case KvFormat::kF32:
        break;
      case KvFormat::kF16:
        return HalfToFloat(halves[element]);
      case KvFormat::kBf16:
        return Bfloat16ToFloat(halves[element]);
      case KvFormat::kInt8:
        return static_cast<float>(static_cast<int8_t>(page[element]));
      case KvFormat::kFp8:
        return Fp8E4m3ToFloat(page[element]);
    }
    return reinterpret_cast<const float*>(page)[element];
  }
  float Step(int32_t position, const float* scales, size_t steps) const {
    if (kv_.format == KvFormat::kFp8) return scales[head_];
    if (kv_.format != KvFormat::kInt8) return 1.0f;
    return reinterpret_cast<const float*>(Page(position) +
                                          steps)[position % kv_.page_tokens];
  }

  const KvLayer& kv_;
  const int32_t* blocks_;
  const int32_t head_;
  const KvPage at_;
};

// Running maximum, sum of exponentials, and weighted sum of values.
struct State {
  float m = -std::numeric_limits<float>::infinity();
  float l = 0.0f;
  float* o;
};

// One row and head.
class Pair {
 public:
  Pair(const AttentionArgs& args, int32_t row, int32_t head)
      : args_(args),
        reader_(args),
        q_(args.q + row * args.q_stride + int64_t{head} * args.kv.key_dim),
        out_(args.out + row * args.out_stride +
             int64_t{head} * args.kv.value_dim),
        head_(head),
        position_(args.position + (args.same_position ? 0 : row)),
        row_position_(args.row_position + row),
        begin_(args.window > 0 && position_ >= args.window
                   ? position_ - args.window + 1
                   : 0),
        last_(position_ + std::min(args.ahead, args.keys - 1 - position_)) {}

  int32_t first_segment() const { return begin_ / kAttentionSegment; }
  int32_t last_segment() const { return last_ / kAttentionSegment; }
  bool Sees(int32_t segment) const {
    return segment >= first_segment() && segment <= last_segment();
  }

  void Run(int32_t segment, State* state) const {
    const int32_t first = segment * kAttentionSegment;
    const int32_t begin = first > begin_ ? first : begin_;
    const int32_t end = last_ - first < kAttentionSegment
                            ? last_ + 1
                            : first + kAttentionSegment;
    float* scores = args_.scratch;
    for (int32_t p = begin; p < end; ++p) {
      float dot = 0.0f;
      for (int32_t d = 0; d < args_.kv.key_dim; ++d) {
        dot += q_[d] * reader_.Key(p, d);
      }
      scores[p - begin] = Bend(dot * args_.scale, p);
      if (scores[p - begin] > state->m) state->m = scores[p - begin];
    }
    for (int32_t d = 0; d < args_.kv.value_dim; ++d) state->o[d] = 0.0f;
    for (int32_t p = begin; p < end; ++p) {
      const float weight = std::exp(scores[p - begin] - state->m);
      state->l += weight;
      for (int32_t d = 0; d < args_.kv.value_dim; ++d) {
        state->o[d] += weight * reader_.Value(p, d);
      }
    }
  }

  State Start() const {
    for (int32_t d = 0; d < args_.kv.value_dim; ++d) out_[d] = 0.0f;
    if (args_.sinks == nullptr) return {.o = out_};
    return {.m = args_.sinks[head_], .l = 1.0f, .o = out_};
  }
  void Merge(const State& segment, State* total) const {
    const float m = segment.m > total->m ? segment.m : total->m;
    const float a = std::exp(total->m - m);
    const float b = std::exp(segment.m - m);
    total->m = m;
    total->l = total->l * a + segment.l * b;
    for (int32_t d = 0; d < args_.kv.value_dim; ++d) {
      total->o[d] = total->o[d] * a + segment.o[d] * b;
    }
  }
  void Finish(const State& total) const {
    for (int32_t d = 0; d < args_.kv.value_dim; ++d) out_[d] /= total.l;
  }

 private:
  float Bend(float score, int32_t key) const {
    if (args_.softcap > 0) {
      score = args_.softcap * std::tanh(score / args_.softcap);
    }
    if (args_.slopes != nullptr) {
      score += args_.slopes[head_] * static_cast<float>(key - position_);
    }
    if (args_.bias == nullptr) return score;
    const int32_t distance =
        std::clamp(key - row_position_, -args_.bias_span, args_.bias_span);
    return score + args_.bias[args_.buckets[distance + args_.bias_span] *
                                  args_.bias_stride +
                              head_];
  }

  const AttentionArgs& args_;
  const Reader reader_;
  const float* q_;
  float* out_;
  const int32_t head_;
  const int32_t position_;
  const int32_t row_position_;
  const int32_t begin_;
  const int32_t last_;
};

template <typename Body>
void ForEachPair(const AttentionArgs& args, const Body& body) {
  for (int32_t r = 0; r < args.rows; ++r) {
    for (int32_t h = 0; h < args.q_heads; ++h) body(Pair(args, r, h));
  }
}

// The state of one pair and segment.
float* StateAt(const AttentionArgs& args, const AttentionStates& states,
               int32_t segment, int32_t pair) {
  const int64_t pairs = int64_t{args.rows} * args.q_heads;
  return states.states +
         ((segment - states.first_segment) * pairs + pair) *
             static_cast<int64_t>(AttentionStateFloats(args.kv.value_dim));
}

}  // namespace

void Attention(const AttentionArgs& args) {
  ForEachPair(args, [&args](const Pair& pair) {
    State total = pair.Start();
    for (int32_t s = pair.first_segment(); s <= pair.last_segment(); ++s) {
      State state{.o = args.scratch + kAttentionSegment};
      pair.Run(s, &state);
      pair.Merge(state, &total);
    }
    pair.Finish(total);
  });
}

void AttentionSegments(const AttentionArgs& args,
                       const AttentionStates& states) {
  int32_t index = 0;
  ForEachPair(args, [&](const Pair& pair) {
    for (int32_t s = states.begin; s < states.end; ++s) {
      if (!pair.Sees(s)) continue;
      float* at = StateAt(args, states, s, index);
      State state{.o = at + kAttentionStateHead};
      pair.Run(s, &state);
      at[0] = state.m;
      at[1] = state.l;
    }
    ++index;
  });
}

void AttentionMerge(const AttentionArgs& args, const AttentionStates& states) {
  int32_t index = 0;
  ForEachPair(args, [&](const Pair& pair) {
    State total = pair.Start();
    for (int32_t s = states.begin; s < states.end; ++s) {
      if (!pair.Sees(s)) continue;
      float* at = StateAt(args, states, s, index);
      pair.Merge({.m = at[0], .l = at[1], .o = at + kAttentionStateHead},
                 &total);
    }
    pair.Finish(total);
    ++index;
  });
}

}  // namespace inlay::kernels::cpu::reference
